"""The temperature: found where there is much to find it by, and hardly moved by little."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from captchascope.records import FloatArray
from captchascope.train.calibrate import (
    TEMPERATURES,
    class_temperature,
    few_temperature,
    text_temperature,
)


def read(
    count: int, sureness: float, right: float, seed: int = 0
) -> tuple[list[FloatArray], list[NDArray[np.int64]]]:
    """Return logits that spell one of two characters, and texts that they agree with so often."""
    rng = np.random.default_rng(seed)
    logits, targets = [], []
    for _ in range(count):
        said = int(rng.integers(1, 3))
        one = np.zeros((3, 3), np.float32)
        one[:, 0] = 30
        one[1] = -30
        one[1, said] = sureness
        one[1, 3 - said] = 0
        logits.append(one)
        targets.append(np.array([said if rng.random() < right else 3 - said]))
    return logits, targets


def test_a_network_too_sure_of_itself_is_made_less_sure() -> None:
    """Logits of 6 promise 99.8 %, and 88 % are right, as 2 would promise."""
    assert 2.5 < text_temperature(*read(3000, 6.0, 0.88)) < 3.6


def test_one_that_promises_what_it_keeps_is_left_alone() -> None:
    """Logits of 2 promise 88 %."""
    assert 0.9 < text_temperature(*read(3000, 2.0, 0.88)) < 1.12


def test_a_few_right_texts_do_not_make_it_surer() -> None:
    """Ten of ten are no evidence for more."""
    assert text_temperature(*read(10, 3.0, 1.0)) > 0.85


def test_without_texts_it_is_one() -> None:
    """There is nothing to learn from."""
    assert text_temperature([], []) == 1.0


def test_texts_of_several_widths_count_alike() -> None:
    """Images of other widths have other numbers of timesteps."""
    logits, targets = read(500, 6.0, 0.88)
    wider = [np.concatenate([one, one[2:]]) for one in logits]
    assert (
        abs(text_temperature(logits + wider, targets * 2) - text_temperature(logits, targets)) < 0.3
    )


def graded(sharpness: float, count: int = 2000) -> tuple[Tensor, Tensor]:
    """Return logits that claim too much by a factor, and targets drawn from the honest ones."""
    generator = torch.Generator().manual_seed(0)
    honest = 2 * torch.randn(count, 10, generator=generator)
    targets = torch.multinomial(honest.softmax(1), 1, generator=generator)[:, 0]
    return honest * sharpness, targets


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_is_claimed_too_much(sharpness: float) -> None:
    """Logits that are so many times too large are divided by that."""
    assert class_temperature(*graded(sharpness)) == pytest.approx(sharpness, rel=0.1)


def test_the_temperature_stays_within_its_grid() -> None:
    """A few perfect samples must not make a model infinitely sure."""
    assert class_temperature(*graded(100.0)) == 4
    perfect = 10 * torch.eye(10)
    assert class_temperature(perfect, torch.arange(10)) == 0.25


def test_without_validation_nothing_is_calibrated() -> None:
    """As for the tutorial's recipe."""
    assert class_temperature(torch.zeros(0, 10), torch.zeros(0, dtype=torch.long)) == 1.0


def test_the_temperature_undoes_too_much_confidence() -> None:
    """A network that is right in four of five cases but says so of all is cooled."""
    rng = np.random.default_rng(0)
    logits, targets = [], []
    for _ in range(300):
        said, true = int(rng.integers(1, 5)), int(rng.integers(1, 5))
        sure = np.zeros((3, 5), np.float32)
        sure[[0, 2], 0] = sure[1, said] = 12
        logits.append(sure)
        targets.append(np.array([said if rng.random() < 0.8 else true]))
    assert text_temperature(logits, targets) > 2
    assert text_temperature([0.1 * given for given in logits], targets) < 1
    assert text_temperature([], []) == 1


ANY = 0.81


def readings(
    right: int, wrong: int, sureness: float = 4.0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return confidences of logits of so much at each temperature, and which are right."""
    one = 1 / (1 + np.exp(-sureness / TEMPERATURES))
    return np.tile(one[:, None], right + wrong), np.arange(right + wrong) < right


def test_without_readings_it_is_the_sources() -> None:
    """Nothing is known besides."""
    assert few_temperature(*readings(0, 0), ANY) == ANY
    assert text_temperature([], [], ANY) == ANY


@settings(max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(1, 8), st.floats(0.5, 1.5))
def test_a_wrong_text_makes_it_no_surer_and_a_right_one_no_less_sure(
    right: int, wrong: int, sureness: float, source: float
) -> None:
    """Whatever has been read before."""
    before = few_temperature(*readings(right + 1, wrong + 1, sureness), source)
    assert few_temperature(*readings(right + 1, wrong + 2, sureness), source) >= before
    assert few_temperature(*readings(right + 2, wrong + 1, sureness), source) <= before


@settings(max_examples=30)
@given(st.floats(1, 3), st.floats(0.6, 1.4))
def test_the_more_texts_the_nearer_the_truth(true: float, source: float) -> None:
    """From the careful side: it is hardly ever below what the texts show, and comes down to it."""
    sureness = 2 * true  # what is right as often as 2 promises
    share = 1 / (1 + np.exp(-2))
    found = []
    for count in (40, 400, 4_000):
        hits = round(share * count)
        found.append(few_temperature(*readings(hits, count - hits, sureness), source))
    assert abs(found[2] - true) < 0.15 * true
    assert found[1] > 0.9 * true
    off = [abs(np.log(one / true)) for one in found]
    assert off[2] <= off[0] + 0.04  # the grid's step


@settings(max_examples=50)
@given(st.integers(1, 30))
def test_right_texts_alone_make_no_network_much_surer(count: int) -> None:
    """As many as few labels are: the next one may be wrong."""
    assert few_temperature(*readings(count, 0), ANY) > 0.9 * ANY


def test_the_same_texts_again_move_it_further_from_the_source() -> None:
    """From 0.81 to what half of the texts wrong show."""
    found = [few_temperature(*readings(n, n), ANY) for n in (1, 4, 16, 64)]
    assert found == sorted(found)
    assert found[0] < 2 < found[-1]

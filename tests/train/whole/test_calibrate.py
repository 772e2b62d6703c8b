"""The temperature: found where there is much to find it by, and hardly moved by little."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.decode import log_confidences
from captchascope.records import FloatArray
from captchascope.train.whole.calibrate import calibrate

TWO = Charset("ab")
ONE_LONG = (1, 1)


def read(
    count: int, sureness: float, right: float, nothing: float = -30.0
) -> tuple[list[FloatArray], list[NDArray[np.int64]]]:
    """Return logits that spell one of two characters, and texts that they agree with so often.

    ``nothing`` is the logit of there being no character.
    """
    rng = np.random.default_rng(0)
    logits, targets = [], []
    for _ in range(count):
        said = int(rng.integers(1, 3))
        one = np.zeros((3, 3), np.float32)
        one[:, 0] = 30
        one[1] = nothing
        one[1, said] = sureness
        one[1, 3 - said] = 0
        logits.append(one)
        targets.append(np.array([said if rng.random() < right else 3 - said]))
    return logits, targets


def test_a_network_too_sure_of_itself_is_made_less_sure() -> None:
    """Logits of 6 promise 99.8 %, and 88 % are right, as 2 would promise."""
    assert 2.5 < calibrate(*read(3000, 6.0, 0.88), TWO, ONE_LONG) < 3.6


def test_one_that_promises_what_it_keeps_is_left_alone() -> None:
    """Logits of 2 promise 88 %."""
    assert 0.9 < calibrate(*read(3000, 2.0, 0.88), TWO, ONE_LONG) < 1.12


def test_a_few_right_texts_do_not_make_it_surer() -> None:
    """Ten of ten are no evidence for more."""
    assert calibrate(*read(10, 3.0, 1.0), TWO, ONE_LONG) > 0.85


def test_without_texts_it_is_one() -> None:
    """There is nothing to learn from."""
    assert calibrate([], [], TWO, ONE_LONG) == 1.0


def test_texts_of_several_widths_count_alike() -> None:
    """Images of other widths have other numbers of timesteps."""
    logits, targets = read(500, 6.0, 0.88)
    wider = [np.concatenate([one, one[2:]]) for one in logits]
    both = calibrate(logits + wider, targets * 2, TWO, ONE_LONG)
    assert abs(both - calibrate(logits, targets, TWO, ONE_LONG)) < 0.3


def test_doubts_about_the_length_do_not_count_where_it_is_known() -> None:
    """Which of the two it is, the network promises with the right 88 %."""
    doubtful = read(3000, 2.0, 0.88, nothing=4.0)
    assert 0.9 < calibrate(*doubtful, TWO, ONE_LONG) < 1.12
    assert calibrate(*doubtful, TWO, (0, 3)) > 1.5


def test_the_temperature_is_that_of_the_highest_likelihood() -> None:
    """Of the whole grid, though few places of it are looked at."""
    for sureness in (0.6, 1.0, 2.5, 5.0, 7.0):
        logits, targets = read(400, sureness, 0.88)
        grid = np.geomspace(0.25, 4, 81)
        stacked = np.stack(logits)
        likely = [
            log_confidences(stacked, targets, TWO, ONE_LONG, t).sum() - (np.log(t) / 0.2) ** 2 / 2
            for t in grid
        ]
        best = grid[int(np.argmax(likely))]
        assert calibrate(logits, targets, TWO, ONE_LONG) == pytest.approx(best, abs=1e-4)


def test_of_many_images_some_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third or so of them tells the same."""
    monkeypatch.setattr("captchascope.train.whole.calibrate._MOST_CELLS", 30_000)
    assert 2.5 < calibrate(*read(3000, 6.0, 0.88), TWO, ONE_LONG) < 3.6


def test_a_text_too_long_for_its_image_is_no_error() -> None:
    """It tells nothing."""
    logits, targets = read(300, 6.0, 0.88)
    longer = [*targets[:-1], np.array([1, 1, 1])]
    temperature = calibrate(logits, targets, TWO, (1, 3))
    assert calibrate(logits, longer, TWO, (1, 3)) == pytest.approx(temperature, rel=0.1)

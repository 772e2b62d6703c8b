"""The temperature: found where there is much to find it by, and hardly moved by little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchascope.records import FloatArray
from captchascope.train.ctc.calibrate import calibrate


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
    assert 2.5 < calibrate(*read(3000, 6.0, 0.88)) < 3.6


def test_one_that_promises_what_it_keeps_is_left_alone() -> None:
    """Logits of 2 promise 88 %."""
    assert 0.9 < calibrate(*read(3000, 2.0, 0.88)) < 1.12


def test_a_few_right_texts_do_not_make_it_surer() -> None:
    """Ten of ten are no evidence for more."""
    assert calibrate(*read(10, 3.0, 1.0)) > 0.85


def test_without_texts_it_is_one() -> None:
    """There is nothing to learn from."""
    assert calibrate([], []) == 1.0


def test_texts_of_several_widths_count_alike() -> None:
    """Images of other widths have other numbers of timesteps."""
    logits, targets = read(500, 6.0, 0.88)
    wider = [np.concatenate([one, one[2:]]) for one in logits]
    assert abs(calibrate(logits + wider, targets * 2) - calibrate(logits, targets)) < 0.3

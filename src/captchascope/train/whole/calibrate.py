"""How sure a network may be: one temperature for all its logits (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from captchascope.records import FloatArray
from captchascope.train.whole.measure import ctc_loss

__all__ = ["calibrate"]

_GRID = np.geomspace(0.25, 4, 81)


def calibrate(logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]]) -> float:
    """Return the temperature that makes the right texts most probable.

    Args:
        logits: Of each image, shape (T, K).
        targets: The ids of its text.

    Returns:
        One of a grid from 0.25 to 4; 1 where there is nothing to calibrate on.
    """
    if not logits:
        return 1.0
    losses = [_loss(logits, targets, float(temperature)) for temperature in _GRID]
    return round(float(_GRID[int(np.argmin(losses))]), 4)


def _loss(
    logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]], temperature: float
) -> float:
    total = 0.0
    for given, target in zip(logits, targets, strict=True):
        chances = torch.from_numpy(given)[None] / temperature
        length = torch.tensor([len(target)])
        total += float(ctc_loss(chances, torch.from_numpy(target), length)) * len(target)
    return total

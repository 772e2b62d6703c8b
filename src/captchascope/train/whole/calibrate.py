"""How sure a network may be: one temperature for all its logits (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import Charset
from captchascope.decode import log_confidences
from captchascope.records import FloatArray

__all__ = ["calibrate"]

_GRID = np.geomspace(0.25, 4, 81)
_SPREAD = 0.2  # of the logarithm of temperatures, as they are before anything is validated
_STRIDES, _REACH = (10, 2, 1), 4  # of the search: so many places of the grid on either side
_MOST_CELLS = 1 << 25  # of the sums over all texts: about a second in all for each 1 << 24
_WORST = -100.0  # of a text too long for its image, which no temperature helps


def calibrate(
    logits: Sequence[FloatArray],
    targets: Sequence[NDArray[np.int64]],
    charset: Charset,
    lengths: tuple[int, int],
) -> float:
    """Return the most probable temperature, given the right texts.

    What is made probable is what a reader reports: the texts among all that are as long as one may
    be. A network that leaves it open how many characters there are is not unsure which they are.

    Before the texts are seen the temperature is log-normal around 1: ten texts that are all right
    are no evidence that the eleventh will be, and without this they would make the network as sure
    as can be.

    Args:
        logits: Of each image, shape (T, K); where they are many, some of them are looked at.
        targets: The ids of its text.
        charset: The network's, of K - 1 characters.
        lengths: The fewest and most characters of a text.

    Returns:
        One of a grid from 0.25 to 4; 1 where there is nothing to calibrate on.
    """
    if not logits:
        return 1.0
    every = -(-sum(given.size for given in logits) * (lengths[1] + 2) // _MOST_CELLS)
    groups = list(_groups(logits[::every], targets[::every]))

    def loss(place: int) -> float:
        temperature = float(_GRID[place])
        found = [log_confidences(*group, charset, lengths, temperature) for group in groups]
        doubt = -sum(float(np.maximum(logs, _WORST).sum()) for logs in found)
        return doubt + float(np.log(temperature) / _SPREAD) ** 2 / 2

    return round(float(_GRID[_lowest(loss)]), 4)


def _groups(
    logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[FloatArray, list[NDArray[np.int64]]]]:
    """Yield images of the same number of timesteps together: logits, targets."""
    alike: dict[int, list[int]] = {}
    for index, given in enumerate(logits):
        alike.setdefault(len(given), []).append(index)
    for group in alike.values():
        yield np.stack([logits[index] for index in group]), [targets[index] for index in group]


def _lowest(loss: Callable[[int], float]) -> int:
    """Return the place of the grid where the loss is lowest, which has one valley."""
    losses: dict[int, float] = {}
    best = len(_GRID) // 2
    for stride in _STRIDES:
        reach = range(best - _REACH * stride, best + _REACH * stride + 1, stride)
        for place in reach:
            if place not in losses and 0 <= place < len(_GRID):
                losses[place] = loss(place)
        best = min(losses, key=lambda place: losses[place])
    return best

"""How many different images there are to be drawn, by how many of those drawn were different."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TAIL = 0.025
_TURNS = 40  # of Newton's way, which halves what is left at least


@dataclass(frozen=True, slots=True)
class Pool:
    """The size of a pool that is drawn from with replacement, each as often.

    Attributes:
        size: The likeliest one; None where nothing was drawn twice.
        low: Of its 95 % interval.
        high: Likewise; None where nothing was drawn twice.
    """

    size: int | None
    low: int
    high: int | None


def pool_of(drawn: int, distinct: int) -> Pool:
    """Estimate a pool of which so many were drawn, so many different ones among them.

    How many were different is all that tells of the size, if each is drawn as often. The interval
    is all sizes of which neither so few nor so many would be unusual (Finkelstein, Tucker and Veeh
    1998, "Confidence intervals for the number of unseen types"). Where some are drawn more often
    than others, there are more.

    Raises:
        ValueError: If there are more different ones than were drawn, or none.
    """
    if not 1 <= distinct <= drawn:
        raise ValueError(f"{distinct} different ones of {drawn}")
    partitions = _log_partitions(drawn)
    sizes = range(distinct, 50 * drawn**2 + 2)  # of more, a single repeat would be unusual

    def at_most(size: int, most: int) -> float:
        chances = _chances(partitions, size)
        return float(chances[:most].sum() / chances.sum())

    low = bisect_left(sizes, _TAIL, key=lambda size: 1 - at_most(size, distinct - 1))
    if drawn == distinct:
        return Pool(None, sizes[low], None)
    high = bisect_left(sizes, -_TAIL, key=lambda size: -at_most(size, distinct))
    best = bisect_left(sizes, True, key=lambda size: _is_past_best(size, drawn, distinct))
    return Pool(sizes[best], sizes[low], sizes[max(high - 1, 0)])


def _is_past_best(size: int, drawn: int, distinct: int) -> bool:
    """Tell whether one more would not be likelier."""
    return bool(drawn * np.log1p(1 / size) + np.log1p(-distinct / (size + 1)) >= 0)


def _chances(partitions: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return how probable 1, 2, ... different ones are, but for a factor, shape (drawn,)."""
    drawn = len(partitions)
    before = np.arange(drawn)
    left = np.log1p(-np.minimum(before, size - 1) / size)  # the share that is not drawn yet
    left[before >= size] = -np.inf
    logs = partitions + np.cumsum(left) - (drawn - 1 - before) * np.log(size)
    return np.asarray(np.exp(logs - logs.max()), np.float64)


def _log_partitions(n: int) -> NDArray[np.float64]:
    """Return the logarithm of the ways to part n things into 1, 2, ... n groups.

    These are the Stirling numbers of the second kind, to a relative error below 1 / 15n (Temme
    1993, "Asymptotic estimates of Stirling numbers").
    """
    m = np.arange(1, n, dtype=np.float64)
    v = n / m
    g = np.zeros_like(v)  # becomes the other solution of g exp(-g) = v exp(-v)
    for _ in range(_TURNS):
        reached = v * np.exp(g - v)
        g -= (g - reached) / (1 - reached)
    steps = np.cumsum(np.log((n - m + 1) / m))  # of n over m
    logs = 0.5 * np.log((v - 1) / (v * (1 - g))) + (n - m) * np.log((v - 1) / (v - g))
    return np.append(logs + n * np.log(m) - m * np.log(n) + m * (1 - g) + steps, 0.0)

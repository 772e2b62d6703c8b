"""How probable all the texts are together that the constraints allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchascope.decode.automaton import START, Allowed

__all__ = ["probability_allowed"]

_CELLS = 1 << 18  # of the sums that are held at once, 2 MB


def probability_allowed(probabilities: NDArray[np.float64], left: Allowed) -> NDArray[np.float64]:
    """Return the sum of the probabilities of all allowed texts, by all their alignments.

    The forward algorithm of a single text (Graves et al. 2006, section 4.1) lays its characters
    over the timesteps; here the states of the automaton take their place.

    Args:
        probabilities: Shape (K, B, T): each timestep of each image sums to 1; class 0 is the blank.
        left: The K classes, and what is allowed.
    Returns:
        Shape (B,); right to about 1e-13, so next to nothing is known of smaller ones.
    """
    classes, batch, _ = probabilities.shape
    at_once = max(1, _CELLS // (classes * len(left.step)))
    found = np.empty(batch)
    for first in range(0, batch, at_once):
        some = slice(first, first + at_once)
        rows = probabilities[:, some].transpose(2, 0, 1)
        found[some] = _summed(np.ascontiguousarray(rows)[:, :, None], left)
    return found


def _summed(rows: NDArray[np.float64], left: Allowed) -> NDArray[np.float64]:
    """Return it for ``rows``, shape (T, K, 1, B), from the last timestep to the first.

    ``ends[k, s]`` is the probability that the timesteps to come make an allowed text, from a state
    s of the automaton and after a timestep of class k. A timestep of the same class changes
    nothing, one of another class leads on, and after a blank any class does.
    """
    timesteps, classes, _, batch = rows.shape
    states = len(left.step)
    onward = (left.step.T + np.arange(classes)[:, None] * states).reshape(-1)
    ends = np.zeros((classes, states, batch))
    ends[:, left.accepting] = 1.0
    same, other = np.empty_like(ends), np.empty_like(ends)
    of_same, of_other = (held.reshape(-1, batch) for held in (same, other))
    every = np.ones((states, batch))
    for t in range(timesteps - 1, -1, -1):
        np.multiply(ends, rows[t], same)
        of_same.take(onward, axis=0, out=of_other, mode="clip")  # a mode that needs no copy
        np.add.reduce(other, axis=0, out=every)
        np.subtract(same, other, ends)
        np.add(ends, every, ends)
    return np.array(every[START])

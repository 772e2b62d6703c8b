"""How probable all the texts are together that the constraints allow."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK
from captchascope.decode.automaton import START, Allowed

__all__ = ["probability_allowed"]

Floats: TypeAlias = NDArray[np.float64]

_CELLS = 1 << 18  # of the sums that are held at once, 2 MB


def probability_allowed(probabilities: Floats, left: Allowed) -> Floats:
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
    summed = _from_both_ends if left.counting else _from_the_end
    found = np.empty(batch)
    for first in range(0, batch, at_once):
        some = slice(first, first + at_once)
        found[some] = summed(probabilities[:, some].transpose(2, 0, 1), left)
    return found


def _from_the_end(rows: Floats, left: Allowed) -> Floats:
    """Return it for ``rows``, shape (T, K, B)."""
    ends = np.zeros((rows.shape[1], len(left.step), rows.shape[2]))
    ends[:, left.accepting] = 1.0
    _go_back(ends, rows, left)
    return np.array(ends[BLANK, START])


def _from_both_ends(rows: Floats, left: Allowed) -> Floats:
    """Return it for ``rows``, shape (T, K, B), where the automaton counts: in half the steps.

    Backwards a text is as long as forwards. So the timesteps before the middle one are gone through
    towards it, beside those after it, with the number of characters that they leave for the rest.
    """
    timesteps, classes, batch = rows.shape
    before = (timesteps - 1) // 2
    after = timesteps - 1 - before  # as many, or one more; that one is a blank in the other half
    halves = np.zeros((after, classes, 2 * batch))
    halves[:, :, :batch] = rows[before + 1 :]
    halves[before:, BLANK, batch:] = 1.0
    halves[:before, :, batch:] = rows[:before][::-1]
    ends = np.zeros((classes, len(left.step), 2 * batch))
    ends[:, left.accepting, :batch] = 1.0
    ends[:, -1, batch:] = 1.0
    _go_back(ends, halves, left)
    # For each class in the middle: so many characters before it, itself one more, and the rest.
    rest, earlier, middle = ends[..., :batch], ends[:, ::-1, batch:], rows[before]
    found = middle[BLANK] * (rest[BLANK, START:] * earlier[BLANK, :-START]).sum(axis=0)
    met = (rest[1:, START + 1 :] * earlier[1:, : -START - 1]).sum(axis=1)
    return np.asarray(found + (middle[1:] * met).sum(axis=0))


def _go_back(ends: Floats, rows: Floats, left: Allowed) -> None:
    """Go back through timesteps, ``rows`` of shape (T, K, B), from their end to their beginning.

    ``ends[k, s]``, shape (K, S, B), is the probability that what comes is as it must be, from a
    state s of the automaton and after a timestep of class k. A timestep of the same class changes
    nothing, one of another class leads on, and after a blank any class does.
    """
    classes, states, batch = ends.shape
    onward = (left.step.T + np.arange(classes)[:, None] * states).reshape(-1)
    same, other = np.empty_like(ends), np.empty_like(ends)
    of_same, of_other = (held.reshape(-1, batch) for held in (same, other))
    every = np.empty((states, batch))
    for row in np.ascontiguousarray(rows[::-1])[:, :, None]:
        np.multiply(ends, row, same)
        of_same.take(onward, 0, of_other, "clip")  # the mode spares a copy; none is outside
        np.add.reduce(other, axis=0, out=every)
        np.subtract(same, other, ends)
        np.add(ends, every, ends)

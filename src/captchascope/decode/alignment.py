"""Texts laid over timesteps: how probable CTC makes a text, and where its characters lie.

Both work on weights: the probabilities of a timestep divided by their highest. So the best path
weighs 1, and a sum over paths stays within the floating-point numbers without logarithms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchascope.decode.automaton import BoolArray, IntArray
from captchascope.records import FloatArray

__all__ = ["best_alignment", "log_weights"]

_GAP = 2  # columns of zeros before each text, which part it from the one before
_BETWEEN = 256  # timesteps between two rescalings; a sum at most triples in each
_LEAST = 1e-300


def log_weights(
    weights: FloatArray, labels: IntArray, lengths: IntArray, images: IntArray
) -> NDArray[np.float64]:
    """Return the logarithm of the weight of all alignments of texts (the forward algorithm).

    Source: Graves et al. 2006, section 4.1.

    Args:
        weights: Shape (K, B, T), the highest of each timestep 1; class 0 is the blank.
        labels: Shape (N, L): the classes of N texts, filled up with zeros.
        lengths: Shape (N,): how many of them are the text's.
        images: Shape (N,): which of the B images each text is for.
    Returns:
        Shape (N,); minus infinity where there are too few timesteps.
    """
    laid = _laid_out(weights, labels, images)
    timesteps, count, width = laid.shape
    skips = _skips(labels).ravel()[_GAP:]
    sums = np.zeros((count, width))
    sums[:, _GAP] = 1.0  # as if a blank had come before the first timestep
    flat, moved, logs = sums.reshape(-1), np.empty(count * width - _GAP), np.zeros(count)
    here, one_back, two_back = flat[2:], flat[1:-1], flat[:-2]
    add, multiply = np.add, np.multiply
    for number, row in enumerate(laid.reshape(timesteps, -1)[:, _GAP:], 1):
        multiply(two_back, skips, moved)
        add(moved, one_back, moved)
        add(moved, here, moved)
        multiply(moved, row, here)
        if number % _BETWEEN == 0:
            most = np.maximum(sums.max(axis=1), _LEAST)
            sums /= most[:, None]
            logs += np.log(most)
    every, last = np.arange(count), _GAP + 2 * lengths
    ends = sums[every, last] + sums[every, last - 1]
    return np.where(ends > 0, logs + np.log(np.maximum(ends, _LEAST)), -np.inf)


def best_alignment(
    weights: FloatArray, labels: IntArray, lengths: IntArray, images: IntArray
) -> BoolArray:
    """Return which timesteps are which character's in the best alignment (Viterbi), (N, L, T).

    The arguments are those of ``log_weights``.
    """
    laid = np.log(np.maximum(_laid_out(weights, labels, images), _LEAST))
    laid[:, :, :_GAP] = -np.inf
    timesteps, count, width = laid.shape
    skips = np.where(_skips(labels) > 0, 0.0, -np.inf)
    came = np.full((3, count, width), -np.inf)  # from this place, one back, two back
    score = np.full((count, width), -np.inf)
    score[:, _GAP] = 0.0
    back = np.empty((timesteps, count, width), np.int64)
    for t in range(timesteps):
        came[0] = score
        came[1, :, 1:] = score[:, :-1]
        came[2, :, 2:] = score[:, :-2] + skips[:, 2:]
        back[t] = came.argmax(axis=0)
        score = came.max(axis=0) + laid[t]
    every, place = np.arange(count), _GAP + 2 * lengths
    place = place - (score[every, place - 1] > score[every, place])
    places = np.empty((count, timesteps), np.int64)
    for t in reversed(range(timesteps)):
        places[:, t] = place
        place = place - back[t, every, place]
    return np.equal(places[:, None], _GAP + 1 + 2 * np.arange(labels.shape[1])[:, None])


def _laid_out(weights: FloatArray, labels: IntArray, images: IntArray) -> NDArray[np.float64]:
    """Return the weights of the labels with blanks around them, shape (T, N, gap + 2 L + 1)."""
    classes, batch, timesteps = weights.shape
    places = np.zeros((len(labels), _GAP + 2 * labels.shape[1] + 1), np.int64)
    places[:, _GAP + 1 :: 2] = labels
    places = places * batch + images[:, None]
    rows = weights.reshape(classes * batch, timesteps).take(places.reshape(-1), axis=0)
    laid = np.empty((timesteps, *places.shape))
    laid.reshape(timesteps, -1)[...] = rows.T
    laid[:, :, :_GAP] = 0.0
    return laid


def _skips(labels: IntArray) -> NDArray[np.float64]:
    """Return 1 for each label before which the blank may be left out, laid out as the weights.

    That is every one that differs from the label before it.
    """
    skips = np.zeros((len(labels), _GAP + 2 * labels.shape[1] + 1))
    skips[:, _GAP + 3 :: 2] = labels[:, 1:] != labels[:, :-1]
    return skips

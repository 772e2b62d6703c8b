"""How many shapes each character has: glyphs compared with each other, however they are turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.audit.measure.glyphs import SIDE, Glyph, squared
from captchascope.records import FloatArray

_TURNS = range(-30, 31, 6)  # degrees
_BLUR = 1.0  # pixels: edges need not fit to the pixel
_CLEAR = 0.88  # alike at least are the nearest glyphs of one shape, or noise is all that differs
_LOOSER = 0.15  # less alike than the nearest are glyphs of one shape at most
_MOST = 0.75  # of the glyphs have the shapes that count: some were cut wrongly


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of characters.

    Attributes:
        likeness: The mean normalised correlation of two glyphs of one character, -1 to 1.
        nearest: That of a glyph and the one most like it, in the median: what noise leaves of 1.
        count: How many shapes most glyphs of a character have; None where noise hides it.
    """

    likeness: float
    nearest: float
    count: int | None


def shapes_of(groups: Sequence[Sequence[Glyph]]) -> Shapes:
    """Compare glyphs, a group for each character, two at least in each."""
    compared = [_alike(group) for group in groups]
    pairs = [alike[np.triu_indices(len(alike), 1)] for alike in compared]
    others = [alike - 3 * np.eye(len(alike)) for alike in compared]
    nearest = float(np.median(np.concatenate([alike.max(axis=1) for alike in others])))
    count = None
    if nearest >= _CLEAR:
        counts = [_count(alike, nearest - _LOOSER) for alike in compared]
        count = round(float(np.mean(counts)))
    return Shapes(float(np.mean([pair.mean() for pair in pairs])), nearest, count)


def _alike(glyphs: Sequence[Glyph]) -> NDArray[np.float64]:
    """Return the normalised correlation of each two, turned as it fits best, shape (N, N)."""
    upright = _normalised([_turned(glyph, 0) for glyph in glyphs])
    best = np.full((len(glyphs), len(glyphs)), -1.0)
    for turn in _TURNS:
        turned = upright if turn == 0 else _normalised([_turned(glyph, turn) for glyph in glyphs])
        best = np.maximum(best, turned @ upright.T)
    return np.asarray(np.maximum(best, best.T), np.float64)


def _turned(glyph: Glyph, degrees: float) -> FloatArray:
    """Return a glyph, turned, in its square, shape (SIDE, SIDE)."""
    square = glyph.shape
    if degrees:
        wide = np.pad(glyph.mask.astype(np.float32), max(glyph.mask.shape) // 2 + 1)
        height, width = wide.shape
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
        turned = cv2.warpAffine(wide, matrix, (width, height)) > 0.5
        if not turned.any():
            return np.zeros((SIDE, SIDE), np.float32)
        rows, columns = np.flatnonzero(turned.any(axis=1)), np.flatnonzero(turned.any(axis=0))
        square = squared(turned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return np.asarray(cv2.GaussianBlur(square, (0, 0), _BLUR), np.float32)


def _normalised(squares: Sequence[FloatArray]) -> NDArray[np.float64]:
    flat = np.stack(squares).reshape(len(squares), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


def _count(alike: NDArray[np.float64], least: float) -> int:
    """Return how many shapes most glyphs have, by average linkage down to ``least``.

    Those two groups are joined again and again whose members are most alike on average (Sokal and
    Michener 1958).
    """
    sums, sizes = alike.copy(), np.ones(len(alike))
    np.fill_diagonal(sums, -np.inf)
    while len(sizes) > 1:
        means = sums / np.outer(sizes, sizes)
        one, other = np.unravel_index(int(means.argmax()), means.shape)
        if means[one, other] < least:
            break
        sums[one] += sums[other]
        sums[:, one] = sums[one]
        sums[one, one] = -np.inf
        sizes[one] += sizes[other]
        sums, sizes = np.delete(np.delete(sums, other, 0), other, 1), np.delete(sizes, other)
    reached = np.cumsum(np.sort(sizes)[::-1]) / len(alike)
    return int(np.argmax(reached >= _MOST)) + 1

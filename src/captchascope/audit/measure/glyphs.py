"""Characters cut out where the general reader sees them: lines and touching do not matter much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.audit.measure.ink import Ink
from captchascope.glyphs.segmentation import Box
from captchascope.records import FloatArray

SIDE = 24
"""Pixels of a glyph's sides."""

_NEAREST, _FARTHEST = 0.3, 1.0  # of a step from its centre does a character end
_ASIDE = 0.3  # of a step is a cut moved to where there is less ink
_CRUMB = 0.1  # of the largest piece's area is no part of the character


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """A character that was cut out.

    Attributes:
        char: What it is.
        box: Where its ink lies, in pixels of the image.
        mask: Its ink, shape (bottom - top, right - left).
        shape: The same in the middle of a square that its longer side fills, 0 to 1, shape
            (SIDE, SIDE).
    """

    char: str
    box: Box
    mask: NDArray[np.bool_]
    shape: FloatArray


def glyphs_of(ink: Ink, text: str, centres: Sequence[float]) -> list[Glyph]:
    """Cut out the characters of a text; those without ink are left out.

    Args:
        ink: The image.
        text: What it says.
        centres: About where each character stands, from left to right, as shares of the width.
    """
    edges = _edges(ink.mask, [centre * ink.mask.shape[1] for centre in centres])
    cut = (_glyph(ink, char, *span) for char, span in zip(text, pairwise(edges), strict=True))
    return [glyph for glyph in cut if glyph is not None]


def _edges(mask: NDArray[np.bool_], centres: Sequence[float]) -> list[int]:
    """Return the columns at which characters begin and end: where there is least ink nearby."""
    columns = np.append(mask.sum(axis=0), 0)

    def emptiest(aim: float, low: float, high: float) -> int:
        within = np.arange(max(0, round(low)), min(len(columns) - 1, max(0, round(high))) + 1)
        if not len(within):
            return min(max(0, round(aim)), len(columns) - 1)
        order = np.lexsort((np.abs(within - aim), columns[within]))
        return int(within[order[0]])

    steps = [b - a for a, b in pairwise(centres)] or [len(mask) * 0.7]
    start, end = centres[0], centres[-1]
    near, far = _NEAREST * steps[0], _FARTHEST * steps[0]
    edges = [emptiest(start - near, start - far, start - near)]
    for (a, b), step in zip(pairwise(centres), steps, strict=False):
        edges.append(
            emptiest((a + b) / 2, (a + b) / 2 - _ASIDE * step, (a + b) / 2 + _ASIDE * step)
        )
    near, far = _NEAREST * steps[-1], _FARTHEST * steps[-1]
    return [*edges, emptiest(end + near, end + near, end + far)]


def _glyph(ink: Ink, char: str, left: int, right: int) -> Glyph | None:
    """Return the character between two columns, without crumbs of its neighbours."""
    part = ink.mask[:, left:right].astype(np.uint8)
    if not part.any():
        return None
    _, names, facts, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    areas = facts[:, cv2.CC_STAT_AREA]
    large = areas >= _CRUMB * areas[1:].max()
    large[0] = False
    kept = large[names]
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    first, last = int(columns[0]), int(columns[-1]) + 1
    mask = kept[top:bottom, first:last]
    return Glyph(char, (left + first, top, left + last, bottom), mask, squared(mask))


def squared(mask: NDArray[np.bool_]) -> FloatArray:
    """Return ink in the middle of a square of ``SIDE`` that its longer side fills, 0 to 1."""
    height, width = mask.shape
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(mask.astype(np.float32), size, interpolation=way)
    square = np.zeros((SIDE, SIDE), np.float32)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square

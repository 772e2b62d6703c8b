"""Glyphs as signed distance fields, from which strokes of any weight, and outlines, are cut.

A field can be scaled, turned and bent, and only then be cut: its edges stay sharp, and the same
field gives a hairline, a heavy letter, its outline and its halo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from captchascope.generate.typefaces import Mask, ink_box, stamp

CAP = 64
"""The height of a capital in a field, pixels."""

SLOPE = 8
"""Levels of a field for each of its pixels."""

EDGE = 128
"""The level at the edge of a stroke; higher inside."""

_FINE = 2  # times as large is what the distances are measured in
_MARGIN = 14  # pixels around the ink
_HAIR = 0.035  # half the width of a stroke along a skeleton, as a share of a capital's height


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One glyph.

    Attributes:
        levels: ``EDGE`` plus ``SLOPE`` times the distance from the edge in pixels, shape (H, W),
            cut off at 0 and 255.
        middle: The row halfway up a capital.
        box: Left, top, right and bottom of the ink.
        half: Half the width of its widest stroke, as a share of a capital's height.
    """

    levels: Mask
    middle: float
    box: tuple[int, int, int, int]
    half: float


@lru_cache(maxsize=16384)
def field(font: str, char: str) -> Field:
    """Return a character of a bundled font."""
    inked, middle = _inked(font, char)
    inside = cv2.distanceTransform(inked, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(cv2.bitwise_not(inked), cv2.DIST_L2, 5)
    height, width = inked.shape
    size = width // _FINE, height // _FINE
    signed = inside - outside - inked / np.float32(255) + np.float32(0.5)  # from the edge itself
    distance = cv2.resize(signed, size, interpolation=cv2.INTER_AREA)
    return _field(distance / _FINE, middle, inked)


@lru_cache(maxsize=16384)
def skeleton_field(font: str, char: str) -> Field:
    """Return a character drawn with a pen of one width along the middle of its strokes."""
    inked, middle = _inked(font, char)
    height, width = inked.shape
    small = cv2.resize(inked, (width // _FINE, height // _FINE), interpolation=cv2.INTER_AREA)
    bones = cv2.bitwise_not(thinned(np.asarray(cv2.threshold(small, 127, 255, 0)[1], np.uint8)))
    away = cv2.GaussianBlur(cv2.distanceTransform(bones, cv2.DIST_L2, 5), (0, 0), 0.8)
    return _field(_HAIR * CAP - away, middle, inked)


def _inked(font: str, char: str) -> tuple[Mask, float]:
    """Return where a glyph is, as 0 and 255, ``_FINE`` times as large, and its middle row."""
    source, margin = stamp(font, char, CAP * _FINE), _MARGIN * _FINE
    height, width = source.mask.shape
    canvas = np.zeros((height + height % 2 + 2 * margin, width + width % 2 + 2 * margin), np.uint8)
    canvas[margin : margin + height, margin : margin + width] = source.mask
    return np.asarray(cv2.threshold(canvas, 127, 255, cv2.THRESH_BINARY)[1], np.uint8), (
        source.middle + margin
    )


def _field(distance: cv2.typing.MatLike, middle: float, inked: Mask) -> Field:
    levels = np.clip(np.round(EDGE + distance * SLOPE), 0, 255).astype(np.uint8)
    levels.setflags(write=False)
    left, top, right, bottom = (side // _FINE for side in ink_box(inked))
    return Field(levels, middle / _FINE, (left, top, right, bottom), float(distance.max()) / CAP)


_NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


def _deletable(second: bool) -> Mask:
    """Return which of the 256 neighbourhoods lose their pixel in one half of a round."""
    table = np.zeros(256, np.uint8)
    for code in range(256):
        ring = [code >> bit & 1 for bit in range(8)]  # clockwise, from the one above
        rises = sum(one < other for one, other in zip(ring, ring[1:] + ring[:1], strict=True))
        up, right, down, left = ring[::2]
        if second:
            open_ = not (up and right and left) and not (up and down and left)
        else:
            open_ = not (up and right and down) and not (right and down and left)
        table[code] = rises == 1 and 2 <= sum(ring) <= 6 and open_
    return table


_HALVES = _deletable(False), _deletable(True)


def thinned(inked: Mask) -> Mask:
    """Return the skeleton of what is inked (Zhang and Suen 1984), as 0 and 255.

    Args:
        inked: 0 and 255, shape (H, W), with nothing at its border.
    """
    left = (inked > 0).astype(np.uint8)
    while True:
        before = cv2.countNonZero(left)
        for half in _HALVES:
            codes = cv2.filter2D(left, cv2.CV_8U, _NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)
            left = np.asarray(
                cv2.bitwise_and(left, cv2.bitwise_not(cv2.LUT(codes, half))), np.uint8
            )
        if cv2.countNonZero(left) == before:
            return np.asarray(left * np.uint8(255), np.uint8)

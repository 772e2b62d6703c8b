"""Glyphs of the bundled fonts as masks, turned and slanted one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.generate.typefaces import face

__all__ = ["INKED", "Mask", "Stamp", "ink_box", "stamp", "turned"]

Mask: TypeAlias = NDArray[np.uint8]
"""Coverage, shape (H, W), 0 to 255."""

INKED = 40
"""Coverage above which a pixel belongs to a glyph."""

_SIZES = (16, 28, 48, 96)  # heights of capitals that are kept; all fonts take about 60 MB
_STEP = 32  # above these sizes


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One glyph, upright, cut to its ink.

    Attributes:
        mask: Its coverage.
        cap: The height of the font's capitals at this size, pixels.
        middle: The row of ``mask`` that is halfway up a capital; it may lie outside.
    """

    mask: Mask
    cap: float
    middle: float


@lru_cache(maxsize=256)
def _em(font: str) -> float:
    """Return the ems of a capital's height."""
    top = face(font, 200).getbbox("H", anchor="ls")[1]
    return 200 / max(-top, 1)


def stamp(font: str, char: str, cap: float) -> Stamp:
    """Return a glyph whose capitals are at least ``cap`` pixels tall, so that it stays sharp."""
    for size in _SIZES:
        if size >= cap:
            return _kept(font, char, size)
    return _drawn(font, char, _STEP * math.ceil(cap / _STEP))


def _drawn(font: str, char: str, cap: int) -> Stamp:
    drawn = face(font, round(_em(font) * cap))
    left, top, right, bottom = (round(side) for side in drawn.getbbox(char, anchor="ls"))
    canvas = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), char, fill=255, font=drawn, anchor="ls")
    mask = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(mask)
    mask = mask[y : y + height, x : x + width].copy()
    mask.setflags(write=False)
    return Stamp(mask, cap, 2 - top - cap / 2 - y)


_kept = lru_cache(maxsize=32768)(_drawn)


def ink_box(mask: Mask) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom of what is inked; all 0 where nothing is."""
    inked = cv2.threshold(mask, INKED, 255, cv2.THRESH_BINARY)[1]
    x, y, width, height = cv2.boundingRect(inked)
    return x, y, x + width, y + height


def turned(
    source: Stamp, scale: tuple[float, float], degrees: float, shear: float, margin: int
) -> tuple[Mask, float]:
    """Scale, slant and turn a glyph about the middle of its capital height.

    Args:
        source: The glyph.
        scale: Down and across.
        degrees: Clockwise.
        shear: To the left at the top, as a share of the height.
        margin: Empty pixels to leave around it.
    Returns:
        The mask, and the row of that middle in it.
    """
    height, width = source.mask.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b = scale[1] * cos, scale[0] * (cos * shear - sin)
    c, d = scale[1] * sin, scale[0] * (cos + sin * shear)
    wide = abs(a) * width + abs(b) * height + 2 * margin + 2
    tall = abs(c) * width + abs(d) * height + 2 * margin + 2
    half_x, half_y = (width - 1) / 2, (height - 1) / 2
    x, y = (wide - 1) / 2 - a * half_x - b * half_y, (tall - 1) / 2 - c * half_x - d * half_y
    size = math.ceil(wide), math.ceil(tall)
    mask = cv2.warpAffine(
        source.mask, np.array([[a, b, x], [c, d, y]]), size, flags=cv2.INTER_LINEAR
    )
    middle = c * half_x + d * source.middle + y
    return np.asarray(mask, np.uint8), middle

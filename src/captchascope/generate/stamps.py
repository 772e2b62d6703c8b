"""Glyphs of the bundled fonts as masks, turned and slanted one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.generate.typefaces import face

__all__ = ["CAP", "Stamp", "stamp", "turned"]

CAP = 48
"""The height of a capital in a stamp, pixels; what is drawn is smaller, so it stays sharp."""

_ABOVE, _BELOW = 88, 40  # pixels of a stamp above and below the baseline
_SIZES = (16, 28, CAP)


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One glyph.

    Attributes:
        mask: Coverage, shape (H, W), 0 to 255, cut to the ink's columns.
        baseline: The row on which the glyph stands.
    """

    mask: NDArray[np.uint8]
    baseline: float


@lru_cache(maxsize=256)
def _em(font: str) -> float:
    """Return the ems of a capital's height."""
    top = face(font, 200).getbbox("H", anchor="ls")[1]
    return 200 / max(-top, 1)


@lru_cache(maxsize=16384)
def stamp(font: str, char: str, cap: float) -> Stamp:
    """Return a glyph whose capitals are at least ``cap`` pixels tall, up to ``CAP``."""
    tall = next((size for size in _SIZES if size >= cap), CAP)
    above, below = math.ceil(_ABOVE * tall / CAP), math.ceil(_BELOW * tall / CAP)
    drawn = face(font, round(_em(font) * tall))
    left, _, right, _ = drawn.getbbox(char, anchor="ls")
    canvas = Image.new("L", (int(right - left) + 4, above + below))
    ImageDraw.Draw(canvas).text((2 - left, above), char, fill=255, font=drawn, anchor="ls")
    mask = np.asarray(canvas)
    columns = np.flatnonzero(mask.any(axis=0))
    mask = mask[:, columns[0] : columns[-1] + 1].copy() if columns.size else mask
    mask.setflags(write=False)
    return Stamp(mask, float(above))


def turned(
    source: Stamp, scale: tuple[float, float], degrees: float, shear: float
) -> tuple[NDArray[np.uint8], float]:
    """Scale, slant and turn a glyph about the middle of its capital height.

    Returns:
        The mask, and the row of that middle in it; a glyph's columns are its ink's.
    """
    height, width = source.mask.shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b = scale[1] * cos, scale[0] * (cos * shear + sin)
    c, d = -scale[1] * sin, scale[0] * (cos - sin * shear)
    middle = source.baseline * 0.72  # between the baseline and the cap line
    half_w = (abs(a) * width + abs(b) * height) / 2 + 2
    half_h = (abs(c) * width + abs(d) * height) / 2 + 2
    matrix = np.array(
        [
            [a, b, half_w - a * width / 2 - b * middle],
            [c, d, half_h - c * width / 2 - d * middle],
        ]
    )
    size = math.ceil(2 * half_w), math.ceil(2 * half_h)
    mask = cv2.warpAffine(source.mask, matrix, size, flags=cv2.INTER_LINEAR)
    columns = np.flatnonzero(mask.max(axis=0) > 40)
    if columns.size == 0:
        return mask[:, :1].astype(np.uint8), half_h
    return mask[:, columns[0] : columns[-1] + 1].astype(np.uint8), half_h

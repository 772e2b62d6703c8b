"""Glyphs of a bundled font as coverage maps, in whole numbers: every machine draws the same."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["FULL", "SUBPIXELS", "Coverage", "glyph", "paste"]

SUBPIXELS = 8
"""Samples per pixel and axis; offsets are given in these."""

FULL = SUBPIXELS * SUBPIXELS
"""The coverage of a pixel that lies wholly inside a stroke."""

Coverage: TypeAlias = NDArray[np.uint8]
"""How much of each pixel is inked, shape (H, W), 0 to FULL."""

_DIGIT_HEIGHT = 0.716  # of the em, in Arimo as in Arial


@lru_cache(maxsize=64)
def _face(font: str, size: float) -> ImageFont.FreeTypeFont:
    data = resources.files("captchascope.generate").joinpath("fonts", font).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1024)
def _fine_mask(font: str, char: str, eighths: int) -> NDArray[np.bool_]:
    """Draw ``char`` on the fine grid; the origin is the left end of the cap line."""
    height = eighths * SUBPIXELS // 8
    face = _face(font, height / _DIGIT_HEIGHT)
    margin = 2 * SUBPIXELS
    width = int(face.getlength(char)) + 2 * margin
    canvas = Image.new("L", (width, height + 2 * margin))
    ImageDraw.Draw(canvas).text((margin, margin + height), char, fill=255, font=face, anchor="ls")
    return np.asarray(canvas) > 127


@lru_cache(maxsize=16384)
def glyph(font: str, char: str, eighths: int, dx: int, dy: int) -> Coverage:
    """Return the coverage of one character, with a margin of two pixels on each side.

    Args:
        font: File name of a bundled font.
        char: The character.
        eighths: Digit height in eighths of a pixel.
        dx: Offset to the right, 0 to SUBPIXELS - 1, in 1 / SUBPIXELS of a pixel.
        dy: Offset downwards, likewise.
    Returns:
        Shape (H, W), read-only; pixel (2, 2) holds the end of the cap line at no offset.
    """
    fine = _fine_mask(font, char, eighths)
    height = -(-(fine.shape[0] + dy) // SUBPIXELS)
    width = -(-(fine.shape[1] + dx) // SUBPIXELS)
    grid = np.zeros((height * SUBPIXELS, width * SUBPIXELS), np.uint8)
    grid[dy : dy + fine.shape[0], dx : dx + fine.shape[1]] = fine
    blocks = grid.reshape(height, SUBPIXELS, width, SUBPIXELS)
    coverage: Coverage = blocks.sum(axis=(1, 3), dtype=np.uint8)
    coverage.setflags(write=False)
    return coverage


def paste(canvas: Coverage, char: Coverage, left: int, top: int) -> None:
    """Lay ``char`` onto ``canvas`` in place, the darker of both; what lies outside is cut."""
    y0, x0 = max(top, 0), max(left, 0)
    y1 = min(top + char.shape[0], canvas.shape[0])
    x1 = min(left + char.shape[1], canvas.shape[1])
    if y0 < y1 and x0 < x1:
        part = canvas[y0:y1, x0:x1]
        np.maximum(part, char[y0 - top : y1 - top, x0 - left : x1 - left], out=part)

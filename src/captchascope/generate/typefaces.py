"""Glyphs of a bundled font as coverage maps, in whole numbers: every machine draws the same."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from io import BytesIO
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from captchascope.errors import UsageError

SUBPIXELS = 8
"""Samples per pixel and axis; offsets are given in these."""

FULL = SUBPIXELS * SUBPIXELS
"""The coverage of a pixel that lies wholly inside a stroke."""

Coverage: TypeAlias = NDArray[np.uint8]
"""How much of each pixel is inked, shape (H, W), 0 to FULL."""

_DIGIT_HEIGHT = 0.716  # of the em, in Arimo as in Arial


_FOLDER = resources.files("captchascope.generate").joinpath("fonts")


@cache
def _bytes(font: str) -> bytes:
    return _FOLDER.joinpath(font).read_bytes()


@lru_cache(maxsize=512)
def _face(font: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(_bytes(font)), size, layout_engine=ImageFont.Layout.BASIC)


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


SIGNS = "+-×÷*/=?."
"""What is in sums besides digits."""

HAN = "零一二三四五六七八九十壹贰叁肆伍陆柒捌玖拾加减乘除以等于"
"""What Chinese sums are written in: numerals plain and formal, and words."""

CHARACTERS = frozenset(string.digits + string.ascii_letters + SIGNS + HAN)
"""What can be drawn in every font: what one lacks, it borrows from another."""

_DIGITS_ONLY = "captchascope-digits"
_LACKING = {
    ("display-12", "÷"): "display-16",
    ("script-04", "×"): "hand-01",
    ("script-09", "×"): "hand-01",
    ("script-09", "÷"): "hand-01",
}
"""What a font has not, and which other it is borrowed from."""

_USUAL = ("display", "hand", "mono", "sans", "serif")


@cache
def font_files() -> dict[str, str]:
    """Return the files of all fonts that have letters, by name."""
    files = sorted(path.name for path in _FOLDER.iterdir() if path.name.endswith(("ttf", "otf")))
    return {name: file for file in files if (name := file.partition(".")[0]) != _DIGITS_ONLY}


@cache
def han_names() -> tuple[str, ...]:
    """Return the fonts that have ``HAN`` as well, sorted, such as ``han-01``."""
    return tuple(name for name in font_files() if name.startswith("han-"))


@cache
def font_names() -> tuple[str, ...]:
    """Return the fonts that a style takes where it names none, sorted, such as ``sans-01``."""
    return tuple(name for name in font_files() if name.startswith(_USUAL))


@cache
def latin_names() -> tuple[str, ...]:
    """Return these and those of the kinds that came later: all but ``han_names()``, sorted."""
    return tuple(name for name in font_files() if name not in han_names())


def face(name: str, size: float) -> ImageFont.FreeTypeFont:
    """Return a font for Pillow, ``size`` pixels to the em; it is shared by all that ask for it.

    Raises:
        UsageError: If ``name`` is none of ``font_files()``.
    """
    if name not in font_files():
        raise UsageError(name, "is no bundled font", f"choose one of {', '.join(font_files())}")
    return _face(font_files()[name], size)


def _bringing(font: str, char: str) -> str:
    """Return the font that brings a character: this one, or the one that it borrows it from."""
    if char in HAN and font not in han_names():
        return han_names()[sum(font.encode()) % len(han_names())]
    return _LACKING.get((font, char), font)


Mask: TypeAlias = NDArray[np.uint8]
"""Coverage, shape (H, W), 0 to 255."""

INKED = 40
"""Coverage above which a pixel belongs to a glyph."""

_SIZES = (16, 28, 48, 96)  # heights of capitals that are kept; all fonts take about 120 MB
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


@cache
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
    font = _bringing(font, char)
    drawn = face(font, round(_em(font) * cap))
    left, top, right, bottom = (round(side) for side in drawn.getbbox(char, anchor="ls"))
    canvas = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), char, fill=255, font=drawn, anchor="ls")
    mask = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(mask)
    mask = mask[y : y + height, x : x + width].copy()
    mask.setflags(write=False)
    return Stamp(mask, cap, 2 - top - cap / 2 - y)


_kept = lru_cache(maxsize=65536)(_drawn)


def ink_box(mask: Mask) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom of what is inked; all 0 where nothing is."""
    inked = cv2.threshold(mask, INKED, 255, cv2.THRESH_BINARY)[1]
    x, y, width, height = cv2.boundingRect(inked)
    return x, y, x + width, y + height


def turned(
    source: Stamp,
    scale: tuple[float, float],
    degrees: float,
    shear: float,
    margin: int,
    pixels: int = cv2.INTER_LINEAR,
) -> tuple[Mask, float]:
    """Scale, slant and turn a glyph about the middle of its capital height.

    Args:
        source: The glyph.
        scale: Down and across.
        degrees: Clockwise.
        shear: To the left at the top, as a share of the height.
        margin: Empty pixels to leave around it.
        pixels: OpenCV's way to find what lies between two.
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
    mask = cv2.warpAffine(source.mask, np.array([[a, b, x], [c, d, y]]), size, flags=pixels)
    middle = c * half_x + d * source.middle + y
    return np.asarray(mask, np.uint8), middle

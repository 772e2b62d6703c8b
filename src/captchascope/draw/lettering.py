"""Text on images, in the font that comes with Pillow.

The font holds little more than ASCII: any other character is written as its code point. Text is
drawn four times as large and reduced, for hinted letters of 13 pixels stand too close.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import ceil
from typing import Literal, cast

from PIL import Image, ImageDraw, ImageFont

__all__ = ["fitting_size", "legible", "line_height", "put", "shorten", "text_width", "wrap"]

_FINE = 4
_PAD = 2  # pixels left and right of the letters, for what overhangs
_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size * _FINE))


@lru_cache(maxsize=4096)
def _known(char: str) -> bool:
    """Say whether the font has ``char``: what it lacks all looks like U+FFFF."""
    if char == " " or not char.isprintable():
        return char == " "
    font = _font(8)
    return bytes(font.getmask(char)) != bytes(font.getmask("\uffff"))


def legible(text: str) -> str:
    """Return ``text`` with the code point in place of every character that the font lacks."""
    return "".join(c if _known(c) else f"U+{ord(c):04X}" for c in text)


def line_height(size: int) -> int:
    """Return the height of a line in pixels; its baseline is ``size`` below its top."""
    return round(size * 1.35)


def text_width(text: str, size: int) -> int:
    """Return the width of ``text`` in pixels."""
    return ceil(_font(size).getlength(legible(text)) / _FINE)


@lru_cache(maxsize=512)
def _mask(text: str, size: int, bold: bool) -> Image.Image:
    width = text_width(text, size) + 2 * _PAD
    canvas = Image.new("L", (width * _FINE, line_height(size) * _FINE))
    stroke = round(size * _FINE / 50) if bold else 0
    place = (_PAD * _FINE, size * _FINE)
    pen = ImageDraw.Draw(canvas)
    pen.text(place, text, fill=255, font=_font(size), anchor="ls", stroke_width=stroke)
    return canvas.reduce(_FINE)


def put(
    image: Image.Image,
    place: tuple[int, int],
    text: str,
    size: int,
    color: tuple[int, int, int],
    *,
    align: Literal["left", "center", "right"] = "left",
    bold: bool = False,
) -> None:
    """Write one line on ``image``, in place.

    Args:
        image: An RGB image.
        place: The top of the line at its left end, middle or right end, as ``align`` says.
        text: What to write.
        size: Of the letters, in pixels.
        color: Of the letters.
        align: Which part of the line ``place`` is.
        bold: Whether to thicken the strokes.
    """
    left = place[0] - round(_SHIFT[align] * text_width(text, size))
    image.paste(color, (left - _PAD, place[1]), _mask(legible(text), size, bold))


def shorten(text: str, size: int, width: int) -> str:
    """Return ``text``, with dots in its middle where it is wider than ``width``."""
    text = legible(text)
    if text_width(text, size) <= width:
        return text
    kept = range(len(text))
    fits = bisect_right(kept, width, key=lambda keep: text_width(_without_middle(text, keep), size))
    return _without_middle(text, max(fits - 1, 0))


def _without_middle(text: str, keep: int) -> str:
    return f"{text[: keep - keep // 2]}...{text[len(text) - keep // 2 :]}"


def wrap(text: str, size: int, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` pixels: at spaces, or within long words."""
    lines = [""]
    for word in legible(text).split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(joined, size) <= width:
            lines[-1] = joined
            continue
        pieces = _pieces(word, size, width)
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, size: int, width: int) -> list[str]:
    pieces = [""]
    for char in word:
        if pieces[-1] and text_width(pieces[-1] + char, size) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def fitting_size(text: str, sizes: range, width: int) -> int:
    """Return the first of the falling ``sizes`` at which ``text`` fits, or the last one."""
    return next((size for size in sizes if text_width(text, size) <= width), sizes[-1])

"""The canvas: text, enlarged images to draw on, images put together, and files of them.

Text is in the font that comes with Pillow, which holds little more than ASCII: any other character
is written as its code point. It is drawn four times as large and reduced, for hinted letters of 13
pixels stand too close.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from math import ceil
from typing import Literal, cast

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captchascope.glyphs.segmentation import Box
from captchascope.records import GrayImage, RgbImage

WIDTH = 640
"""The widest that the image of a panel may be, in pixels."""

TITLE, BODY, SMALL = 21, 16, 14
"""Type sizes in pixels."""

GAP = 14
"""Between the pictures of one panel, in pixels."""

INK, MUTED = (38, 38, 38), (96, 96, 96)
PALE, RULE = (190, 190, 190), (222, 222, 222)
ACCENT = (213, 94, 0)

_START = "data:image/png;base64,"
_TALLEST = 400
_LARGEST = 8
_DASH = 6

_FINE = 4  # times as large as it is shown is text drawn
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
    """Write one line on an RGB image, in place, with letters of ``size`` pixels.

    ``place`` is the top of the line at its left end, middle or right end, as ``align`` says.
    """
    left = place[0] - round(_SHIFT[align] * text_width(text, size))
    image.paste(color, (left - _PAD, place[1]), _mask(legible(text), size, bold))


def shorten(text: str, size: int, width: int) -> str:
    """Return ``text``, with dots in its middle where it is wider than ``width``."""
    text = legible(text)
    if text_width(text, size) <= width:
        return text
    kept = range(len(text))

    def without_middle(keep: int) -> str:
        return f"{text[: keep - keep // 2]}...{text[len(text) - keep // 2 :]}"

    fits = bisect_right(kept, width, key=lambda keep: text_width(without_middle(keep), size))
    return without_middle(max(fits - 1, 0))


def wrap(text: str, size: int, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` pixels: at spaces, or within long words."""
    lines = [""]
    for word in legible(text).split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(joined, size) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and text_width(lines[-1] + char, size) > width:
                lines.append("")
            lines[-1] += char
    return lines


def put_lines(
    image: Image.Image, top: int, lines: Sequence[str], size: int, color: tuple[int, int, int]
) -> None:
    """Write lines on ``image`` from its left edge, one below the other, in place."""
    for i, line in enumerate(lines):
        put(image, (0, top + i * line_height(size)), line, size, color)


def fitting_size(text: str, sizes: range, width: int) -> int:
    """Return the first of the falling ``sizes`` at which ``text`` fits, or the last one."""
    return next((size for size in sizes if text_width(text, size) <= width), sizes[-1])


def blank(width: int, height: int) -> Image.Image:
    """Return a white RGB image."""
    return Image.new("RGB", (width, height), "white")


def scale_for(height: int, width: int, room: tuple[int, int] = (_TALLEST, WIDTH - 2)) -> float:
    """Return how much to enlarge an image: a whole number up to 8, or less than 1 to shrink it.

    ``room`` is the height and width that the image may have in the end.
    """
    scale = min(room[0] / height, room[1] / width)
    return min(int(scale), _LARGEST) if scale >= 1 else scale


class View:
    """An enlarged image in a thin frame, on which to draw in the image's own coordinates.

    Attributes:
        image: The RGB image so far, the frame included.
    """

    def __init__(self, pixels: GrayImage | RgbImage, scale: float) -> None:
        height, width = pixels.shape[:2]
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        method = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
        enlarged = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, method)
        self._scale = scale
        self.image = Image.new("RGB", (size[0] + 2, size[1] + 2), RULE)
        self.image.paste(enlarged, (1, 1))
        self._pen = ImageDraw.Draw(self.image)

    def _x(self, column: int) -> int:
        return 1 + round(column * self._scale)

    def outline(self, box: Box) -> None:
        """Draw a rectangle around the pixels of ``box``."""
        left, top, right, bottom = (self._x(edge) for edge in box)
        last = self.image.width - 1, self.image.height - 1
        corner = max(left - 3, 0), max(top - 3, 0)
        opposite = min(right + 2, last[0]), min(bottom + 2, last[1])
        self._pen.rectangle((corner, opposite), outline=ACCENT, width=3)

    def cut(self, column: int, thickness: int) -> None:
        """Draw a line through the whole height, left of ``column``."""
        left = self._x(column) - thickness // 2
        self._pen.rectangle((left, 0, left + thickness - 1, self.image.height - 1), fill=ACCENT)

    def mark(self, column: int) -> None:
        """Draw a dashed line left of ``column``."""
        for top in range(0, self.image.height, 2 * _DASH):
            x = self._x(column)
            self._pen.rectangle((x - 1, top, x, top + _DASH - 1), fill=ACCENT)


def stack(images: Sequence[Image.Image], gap: int = GAP) -> Image.Image:
    """Return the images one below the other, flush left."""
    height = sum(image.height for image in images) + gap * (len(images) - 1)
    canvas = blank(max(image.width for image in images), height)
    top = 0
    for image in images:
        canvas.paste(image, (0, top))
        top += image.height + gap
    return canvas


def beside(images: Sequence[Image.Image], gap: int = GAP) -> Image.Image:
    """Return the images one beside the other, flush with the top."""
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    canvas = blank(width, max(image.height for image in images))
    left = 0
    for image in images:
        canvas.paste(image, (left, 0))
        left += image.width + gap
    return canvas


def flow(images: Sequence[Image.Image], gap: int = GAP) -> Image.Image:
    """Return the images beside one another as far as ``WIDTH`` reaches, then in further rows."""
    rows: list[list[Image.Image]] = [[]]
    for image in images:
        used = sum(before.width + gap for before in rows[-1])
        if rows[-1] and used + image.width > WIDTH:
            rows.append([])
        rows[-1].append(image)
    return stack([beside(row, gap) for row in rows], gap)


def captioned(caption: str, image: Image.Image) -> Image.Image:
    """Return ``image`` with a small line of text above it."""
    height = line_height(SMALL) + 2
    canvas = blank(max(image.width, WIDTH // 3), height + image.height)
    put(canvas, (0, 0), caption, SMALL, MUTED)
    canvas.paste(image, (0, height))
    return canvas


def quantized(image: Image.Image) -> Image.Image:
    """Return an RGB image with a palette; of Pillow's ways this one is off by a level at most."""
    return image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def png(pixels: GrayImage | RgbImage) -> bytes:
    """Return an image, shape (H, W) or (H, W, 3), as the bytes of a PNG."""
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr)[1].tobytes()


def image_uri(pixels: GrayImage | RgbImage) -> str:
    """Return an image, shape (H, W) or (H, W, 3), as an address that holds it."""
    return _START + base64.b64encode(png(pixels)).decode()


def drawing_uri(drawing: Image.Image) -> str:
    """Return an RGB drawing as an address that holds it, in a third of the bytes of its pixels."""
    file = BytesIO()
    quantized(drawing).save(file, "PNG", compress_level=6)
    return _START + base64.b64encode(file.getvalue()).decode()

"""Colours, type sizes, and the pieces that panels are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.draw.lettering import line_height, put
from captchascope.glyphs.segment import Box
from captchascope.records import GrayImage

__all__ = [
    "ACCENT",
    "BODY",
    "GAP",
    "INK",
    "MUTED",
    "PALE",
    "RULE",
    "SMALL",
    "TITLE",
    "WIDTH",
    "RGBImage",
    "View",
    "beside",
    "blank",
    "flow",
    "labelled",
    "scale_for",
    "stack",
]

RGBImage: TypeAlias = NDArray[np.uint8]
"""Shape (H, W, 3)."""

WIDTH = 640
"""The widest that the image of a panel may be, in pixels."""

TITLE, BODY, SMALL = 21, 16, 14
"""Type sizes in pixels."""

GAP = 14
"""Between the pictures of one panel, in pixels."""

INK, MUTED = (38, 38, 38), (96, 96, 96)
PALE, RULE = (190, 190, 190), (222, 222, 222)
ACCENT = (213, 94, 0)

_TALLEST = 400
_LARGEST = 8
_DASH = 6


def blank(width: int, height: int) -> Image.Image:
    """Return a white RGB image."""
    return Image.new("RGB", (width, height), "white")


def scale_for(height: int, width: int, room: tuple[int, int] = (_TALLEST, WIDTH - 2)) -> float:
    """Return how much to enlarge an image: a whole number up to 8, or less than 1 to shrink it.

    Args:
        height: Of the image.
        width: Of the image.
        room: The height and width that it may have in the end.
    """
    scale = min(room[0] / height, room[1] / width)
    return min(int(scale), _LARGEST) if scale >= 1 else scale


class View:
    """An enlarged image in a thin frame, on which to draw in the image's own coordinates.

    Attributes:
        image: The RGB image so far, the frame included.
    """

    def __init__(self, pixels: GrayImage | RGBImage, scale: float) -> None:
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
        corners = (
            max(left - 3, 0),
            max(top - 3, 0),
            min(right + 2, last[0]),
            min(bottom + 2, last[1]),
        )
        self._pen.rectangle(corners, outline=ACCENT, width=3)

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


def labelled(label: str, image: Image.Image) -> Image.Image:
    """Return ``image`` with a small line of text above it."""
    height = line_height(SMALL) + 2
    canvas = blank(max(image.width, WIDTH // 3), height + image.height)
    put(canvas, (0, 0), label, SMALL, MUTED)
    canvas.paste(image, (0, height))
    return canvas

"""Faces of few pixels, as graphics libraries bring for want of a typeface."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from captchascope.generate.skeletons import forms_of
from captchascope.generate.strokes import cut
from captchascope.generate.typefaces import Mask, Stamp, face, turned

_SHRUNK = {
    "pixel-01": ("mono-09", 8),
    "pixel-02": ("mono-08", 16),
    "pixel-03": ("sans-01", 11),
    "pixel-04": ("sans-05", 12),
    "pixel-05": ("serif-09", 13),
    "pixel-06": ("mono-06", 11),
    "pixel-07": ("mono-02", 16),
}
"""Typefaces at so many pixels to the em, each of which is inked or not."""

_GRIDS = {"pixel-08": (5, 7), "pixel-09": (5, 8), "pixel-10": (6, 9), "pixel-11": (5, 9)}
"""Faces drawn with a pen of one pixel, and how wide and tall a capital is."""

PIXEL_NAMES = (*_SHRUNK, *_GRIDS)
"""What ``Style.fonts`` calls them."""

_ROOM = 8  # pixels around a character


@lru_cache(maxsize=2048)
def bitmap(name: str, char: str) -> Stamp:
    """Return a digit, a letter or a sign in one of ``PIXEL_NAMES``, a pixel of it to a pixel."""
    drawn = _from_grid(name, char) if name in _GRIDS else _from_typeface(name, char)
    x, y, width, height = cv2.boundingRect(drawn)
    mask = drawn[y : y + height, x : x + width].copy()
    mask.setflags(write=False)
    if char == "H":
        return Stamp(mask, height, height / 2)
    cap = bitmap(name, "H").cap
    return Stamp(mask, cap, _base(name) - cap / 2 - y)


def _base(name: str) -> int:
    """Return the row below the base line, before a character is cut out."""
    return _ROOM + (_GRIDS[name][1] if name in _GRIDS else _SHRUNK[name][1])


def _from_typeface(name: str, char: str) -> Mask:
    typeface, em = _SHRUNK[name]
    canvas = Image.new("L", (2 * em + 2 * _ROOM, 2 * em + 2 * _ROOM))
    ink = ImageDraw.Draw(canvas)
    ink.text((_ROOM, _base(name)), char, fill=255, font=face(typeface, em), anchor="ls")
    return np.asarray(cv2.threshold(np.asarray(canvas), 110, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _from_grid(name: str, char: str) -> Mask:
    width, height = _GRIDS[name]
    canvas = np.zeros((2 * height + 2 * _ROOM, width + 2 * _ROOM), np.uint8)
    for stroke in forms_of(char)[0]:
        line = [(x * 1.5 + 0.5, y + 0.5) for x, y, _ in cut(list(stroke), 1)]
        ends = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in line]
        cv2.polylines(canvas, [np.array(ends, np.int32) + _ROOM], False, 255)
    return canvas


def enlarged(
    name: str, char: str, scale: tuple[float, float], degrees: float, shear: float, margin: int
) -> tuple[Mask, float]:
    """Enlarge a bitmap a whole number of times; arguments and result otherwise as of ``turned``.

    Args:
        name: One of ``PIXEL_NAMES``.
        char: The character.
        scale: The height of a capital at most, pixels, down and across; smaller than the bitmap's
            shrinks it.
        degrees: Clockwise.
        shear: To the left at the top, as a share of the height.
        margin: Empty pixels to leave around it.
    """
    source = bitmap(name, char)
    down, across = (
        times if (times := side / source.cap) < 1 else math.floor(times) for side in scale
    )
    return turned(source, (down, across), degrees, shear, margin, cv2.INTER_NEAREST)


def _whole(times: float) -> float:
    return times if times < 1 else math.floor(times)

"""The histogram of stage 1: how many pixels there are of each gray value."""

from __future__ import annotations

from math import log10

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.draw.canvas import ACCENT, MUTED, PALE, RULE, SMALL, blank
from captchascope.draw.lettering import line_height, put, text_width

__all__ = ["draw_histogram"]

_BIN = 2  # pixels per gray value
_PLOT = 140  # the height of the highest bar
_LINE = line_height(SMALL)
_TOP = _LINE + 8
_BOTTOM = _TOP + _PLOT
_HEIGHT = _BOTTOM + 2 * _LINE + 8


def draw_histogram(counts: NDArray[np.int64], bounds: list[int]) -> Image.Image:
    """Draw the counts on a logarithmic scale, the one of pure black in colour.

    Args:
        counts: Shape (256,).
        bounds: Numbers of black pixels that tell the kinds apart, each drawn as a dashed line.
    Returns:
        An RGB image of a fixed height, as wide as its numbers need.
    """
    highest = max(int(counts.max()), 1)
    ticks = [10**power for power in range(len(str(highest)))]
    left = max(text_width(f"{tick:,}", SMALL) for tick in ticks) + 10
    canvas = blank(left + 256 * _BIN + 8, _HEIGHT)
    _draw_scale(canvas, left, ticks, highest)
    _draw_bars(canvas, left, counts, highest)
    for bound in bounds:
        if bound <= highest:
            _draw_bound(canvas, left, bound, highest)
    return canvas


def _y(count: int, highest: int) -> int:
    return _BOTTOM - round(_PLOT * log10(1 + count) / log10(1 + highest))


def _draw_scale(canvas: Image.Image, left: int, ticks: list[int], highest: int) -> None:
    pen = ImageDraw.Draw(canvas)
    for tick in ticks:
        y = _y(tick, highest)
        pen.line((left, y, left + 256 * _BIN, y), RULE)
        put(canvas, (left - 8, y - _LINE // 2), f"{tick:,}", SMALL, MUTED, align="right")
    for value in (0, 64, 128, 192, 255):
        x = left + value * _BIN
        pen.line((x, _BOTTOM, x, _BOTTOM + 4), MUTED)
        put(canvas, (x, _BOTTOM + 4), str(value), SMALL, MUTED, align="center")
    middle = left + 128 * _BIN, _BOTTOM + 4 + _LINE
    put(canvas, middle, "gray value", SMALL, MUTED, align="center")
    right = left + 256 * _BIN, 0
    put(canvas, right, "number of pixels, logarithmic", SMALL, MUTED, align="right")


def _draw_bars(
    canvas: Image.Image, left: int, counts: NDArray[np.int64], highest: int
) -> None:
    pen = ImageDraw.Draw(canvas)
    for value in np.flatnonzero(counts).tolist():
        x, y = left + value * _BIN, _y(int(counts[value]), highest)
        pen.rectangle((x, y, x + _BIN - 1, _BOTTOM - 1), fill=MUTED if value else ACCENT)
    if counts[0]:
        y = _y(int(counts[0]), highest)
        pen.rectangle((left - _BIN, y, left + _BIN - 1, _BOTTOM - 1), fill=ACCENT)
    pen.line((left - _BIN, _BOTTOM, left + 256 * _BIN, _BOTTOM), PALE)
    put(canvas, (left - _BIN, 0), f"pure black: {counts[0]:,}", SMALL, ACCENT, bold=True)


def _draw_bound(canvas: Image.Image, left: int, bound: int, highest: int) -> None:
    pen = ImageDraw.Draw(canvas)
    y = _y(bound, highest)
    for x in range(left, left + 256 * _BIN, 10):
        pen.line((x, y, x + 5, y), ACCENT)
    place = left + 160 * _BIN, y - _LINE - 1
    put(canvas, place, f"bound: {bound:,}", SMALL, ACCENT, align="center")

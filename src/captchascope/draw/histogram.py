"""The histogram of stage 1: how many pixels there are of each gray value."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.draw.canvas import ACCENT, MUTED, PALE, RULE, SMALL, blank
from captchascope.draw.lettering import line_height, put, text_width

__all__ = ["draw_histogram"]

_BIN = 2  # pixels per gray value
_PLOT = 140  # the height of the highest bar
_SPACE = 8  # between the plot and the numbers beside it
_LINE = line_height(SMALL)
_BOTTOM = _LINE + 8 + _PLOT
_HEIGHT = _BOTTOM + 2 * _LINE + 8
_BESIDE = text_width("888,888", SMALL) + _SPACE


def draw_histogram(counts: NDArray[np.int64], bounds: Sequence[int]) -> Image.Image:
    """Draw the counts on a logarithmic scale, the one of pure black in colour.

    Args:
        counts: Shape (256,).
        bounds: Numbers of black pixels that tell the kinds apart, each drawn as a dashed line.
    Returns:
        An RGB image of a fixed size.
    """
    plot = _Plot(max(int(counts.max()), 1))
    plot.scale()
    plot.bars(counts)
    drawn: list[int] = []
    for bound in bounds:
        if bound <= plot.highest and all(abs(plot.y(bound) - y) >= _LINE for y in drawn):
            plot.bound(bound)
            drawn.append(plot.y(bound))
    return plot.image


class _Plot:
    """The image while it is drawn.

    Attributes:
        image: The RGB image so far.
        highest: The number of pixels that the highest bar stands for.
    """

    def __init__(self, highest: int) -> None:
        self.highest = highest
        self._ticks = [10**power for power in range(len(str(highest)))]
        self._left = max(text_width(_short(tick), SMALL) for tick in self._ticks) + _SPACE
        self._right = self._left + 256 * _BIN
        self.image = blank(self._right + _BESIDE, _HEIGHT)
        self._pen = ImageDraw.Draw(self.image)

    def y(self, count: int) -> int:
        """Return the row at which a bar of ``count`` pixels begins."""
        return _BOTTOM - round(_PLOT * log10(1 + count) / log10(1 + self.highest))

    def scale(self) -> None:
        """Draw the numbers on both axes, and what they count."""
        for tick in self._ticks:
            y = self.y(tick)
            self._pen.line((self._left, y, self._right, y), RULE)
            place = self._left - _SPACE, y - _LINE // 2
            put(self.image, place, _short(tick), SMALL, MUTED, align="right")
        for value in (0, 64, 128, 192, 255):
            x = self._left + value * _BIN
            self._pen.line((x, _BOTTOM, x, _BOTTOM + 4), MUTED)
            put(self.image, (x, _BOTTOM + 4), str(value), SMALL, MUTED, align="center")
        middle = self._left + 128 * _BIN, _BOTTOM + 4 + _LINE
        put(self.image, middle, "gray value", SMALL, MUTED, align="center")
        label = "number of pixels, logarithmic"
        put(self.image, (self._right, 0), label, SMALL, MUTED, align="right")

    def bars(self, counts: NDArray[np.int64]) -> None:
        """Draw the bars; that of pure black is wider, as it tells the kind."""
        for value in np.flatnonzero(counts).tolist():
            x = self._left + value * _BIN
            wide = x - (0 if value else _BIN), self.y(int(counts[value])), x + _BIN - 1, _BOTTOM - 1
            self._pen.rectangle(wide, fill=MUTED if value else ACCENT)
        self._pen.line((self._left - _BIN, _BOTTOM, self._right, _BOTTOM), PALE)
        label = f"pure black: {counts[0]:,}"
        put(self.image, (self._left - _BIN, 0), label, SMALL, ACCENT, bold=True)

    def bound(self, count: int) -> None:
        """Draw a dashed line at ``count``, and the number right of it."""
        y = self.y(count)
        for x in range(self._left, self._right, 10):
            self._pen.line((x, y, x + 5, y), ACCENT)
        place = self._right + _SPACE, y - _LINE // 2
        put(self.image, place, _short(count), SMALL, ACCENT)


def _short(number: int) -> str:
    """Return a number in seven characters at most, such as ``10,000`` or ``1.25M``."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1_000_000:.3g}M"

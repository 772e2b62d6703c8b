"""The drawings of figures: the histogram, the glyphs before and after the repair, probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import captchascope.draw.canvas as draw
from captchascope.glyphs.segmentation import Glyphs
from captchascope.records import FloatArray, GrayImage, RgbImage

_BIN = 2  # pixels per gray value
_PLOT = 140  # the height of the highest bar
_SPACE = 8  # between the plot and the numbers beside it
_LINE = draw.line_height(draw.SMALL)
_BOTTOM = _LINE + 8 + _PLOT
_HEIGHT = _BOTTOM + 2 * _LINE + 8
_BESIDE = draw.text_width("888,888", draw.SMALL) + _SPACE


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
        self._left = max(draw.text_width(_short(tick), draw.SMALL) for tick in self._ticks) + _SPACE
        self._right = self._left + 256 * _BIN
        self.image = draw.blank(self._right + _BESIDE, _HEIGHT)
        self._pen = ImageDraw.Draw(self.image)

    def y(self, count: int) -> int:
        """Return the row at which a bar of ``count`` pixels begins."""
        return _BOTTOM - round(_PLOT * log10(1 + count) / log10(1 + self.highest))

    def scale(self) -> None:
        """Draw the numbers on both axes, and what they count."""
        for tick in self._ticks:
            y = self.y(tick)
            self._pen.line((self._left, y, self._right, y), draw.RULE)
            place = self._left - _SPACE, y - _LINE // 2
            draw.put(self.image, place, _short(tick), draw.SMALL, draw.MUTED, align="right")
        for value in (0, 64, 128, 192, 255):
            x = self._left + value * _BIN
            self._pen.line((x, _BOTTOM, x, _BOTTOM + 4), draw.MUTED)
            draw.put(
                self.image, (x, _BOTTOM + 4), str(value), draw.SMALL, draw.MUTED, align="center"
            )
        middle = self._left + 128 * _BIN, _BOTTOM + 4 + _LINE
        draw.put(self.image, middle, "gray value", draw.SMALL, draw.MUTED, align="center")
        label = "number of pixels, logarithmic"
        draw.put(self.image, (self._right, 0), label, draw.SMALL, draw.MUTED, align="right")

    def bars(self, counts: NDArray[np.int64]) -> None:
        """Draw the bars; that of pure black is wider, as it tells the kind."""
        for value in np.flatnonzero(counts).tolist():
            x = self._left + value * _BIN
            wide = x - (0 if value else _BIN), self.y(int(counts[value])), x + _BIN - 1, _BOTTOM - 1
            self._pen.rectangle(wide, fill=draw.MUTED if value else draw.ACCENT)
        self._pen.line((self._left - _BIN, _BOTTOM, self._right, _BOTTOM), draw.PALE)
        label = f"pure black: {counts[0]:,}"
        draw.put(self.image, (self._left - _BIN, 0), label, draw.SMALL, draw.ACCENT, bold=True)

    def bound(self, count: int) -> None:
        """Draw a dashed line at ``count``, and the number right of it."""
        y = self.y(count)
        for x in range(self._left, self._right, 10):
            self._pen.line((x, y, x + 5, y), draw.ACCENT)
        place = self._right + _SPACE, y - _LINE // 2
        draw.put(self.image, place, _short(count), draw.SMALL, draw.ACCENT)


def _short(number: int) -> str:
    """Return a number in seven characters at most, such as ``10,000`` or ``1.25M``."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1_000_000:.3g}M"


_GAP = 10
_TALLEST = 150
_SMALLEST = 3  # times; where not all glyphs fit at this scale, they go into several rows


def draw_repair(glyphs: Glyphs) -> Image.Image:
    """Draw the glyphs before and after the repair, with what was moved in colour.

    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    before = [np.repeat(255 - cut[:, :, None], 3, axis=2) for cut in glyphs.cuts]
    after = [np.repeat(255 - glyph[:, :, None], 3, axis=2) for glyph in glyphs.repaired]
    for move in glyphs.moves:
        before[move.glyph][move.part] = draw.ACCENT
        appended = after[move.glyph - 1][:, -move.width :]
        appended[move.part[:, : move.width]] = draw.ACCENT
    if not glyphs.moves:
        return _rows([("the glyphs", before)])
    return _rows([("before", before), ("after", after)])


def _rows(named: Sequence[tuple[str, list[RgbImage]]]) -> Image.Image:
    glyphs = [glyph for _, row in named for glyph in row]
    height, width = (max(glyph.shape[axis] for glyph in glyphs) for axis in (0, 1))
    per_row, scale = _fit(len(named[0][1]), height, width)
    lines = []
    for start in range(0, len(named[0][1]), per_row):
        for name, row in named:
            views = [draw.View(glyph, scale).image for glyph in row[start : start + per_row]]
            label = name if len(views) == len(row) else f"{name}, from glyph {start + 1} on"
            lines.append(draw.captioned(label, draw.beside(views, _GAP)))
    return draw.stack(lines)


def _fit(count: int, height: int, width: int) -> tuple[int, float]:
    """Return how many glyphs go into a row, and how much each is enlarged."""
    alone = draw.scale_for(height, width, (_TALLEST, draw.WIDTH - 2))
    for rows in range(1, count):
        per_row = -(-count // rows)
        room = _TALLEST, (draw.WIDTH - _GAP * (per_row - 1)) // per_row - 2
        if room[1] > 0 and draw.scale_for(height, width, room) >= min(alone, _SMALLEST):
            return per_row, draw.scale_for(height, width, room)
    return 1, alone


_MANY = 18  # glyphs; more are drawn smaller
_ALL, _FEW = 12, 5  # characters: a charset up to the first is shown whole, or else so few
_LABEL = 14  # pixels; cells grow where a character is wider
_BAR = 10  # the height of a bar
_NUMBER = draw.text_width("100", draw.SMALL)


def draw_network(seen: GrayImage, probabilities: FloatArray, charset: str) -> Image.Image:
    """Draw every glyph over its probabilities, the highest one in colour.

    Args:
        seen: What the network saw, shape (N, height, width), ink high.
        probabilities: Shape (N, C), for each character of ``charset``.
        charset: The C characters.
    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    label = max(draw.text_width(char, draw.SMALL) for char in charset)
    wider = max(label - _LABEL, 0)
    size = _CellSize(90 + wider, 20, 112, label, _ALL)
    if len(seen) > _MANY:
        size = _CellSize(66 + wider, 16, 56, label, _FEW)
    cells = [
        _cell(charset, 255 - glyph, row, size)
        for glyph, row in zip(seen, probabilities, strict=True)
    ]
    rows = -(-len(cells) // ((draw.WIDTH + size.gap) // (size.width + size.gap)))
    per_row = -(-len(cells) // rows)
    starts = range(0, len(cells), per_row)
    return draw.stack([draw.beside(cells[i : i + per_row], size.gap) for i in starts], size.gap)


def shown_classes(probabilities: FloatArray, most: int) -> list[int]:
    """Return which of a glyph's C classes are drawn, top to bottom, given their probabilities.

    All are in their order, or where they are more than ``most``, the five most probable ones.
    """
    if len(probabilities) <= most:
        return list(range(len(probabilities)))
    falling: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    return falling[:_FEW]


class _CellSize(NamedTuple):
    """The sizes that all cells share, in pixels."""

    width: int
    gap: int  # between cells
    room: int  # the height that the glyph may have
    label: int  # the width of the widest character
    most: int  # characters that a cell may list


def _cell(charset: str, glyph: GrayImage, row: FloatArray, size: _CellSize) -> Image.Image:
    classes = shown_classes(row, size.most)
    height, width = glyph.shape
    view = draw.View(glyph, draw.scale_for(height, width, (size.room, size.width - 2))).image
    canvas = draw.blank(size.width, size.room + 8 + _LINE * len(classes))
    canvas.paste(view, ((size.width - view.width) // 2, 0))
    left, full = size.label + 6, size.width - size.label - 6 - 4 - _NUMBER
    for i, char in enumerate(classes):
        top, probability, won = size.room + 8 + i * _LINE, float(row[char]), char == row.argmax()
        text, bars, number = (draw.ACCENT,) * 3 if won else (draw.INK, draw.PALE, draw.MUTED)
        place = size.label // 2, top
        draw.put(canvas, place, charset[char], draw.SMALL, text, align="center", bold=won)
        bar = left, top + 4, left + round(full * probability), top + 4 + _BAR - 1
        ImageDraw.Draw(canvas).rectangle(bar, fill=bars)
        if won or probability >= 0.005:  # else it rounds to 0
            place, percent = (canvas.width, top), f"{100 * probability:.0f}"
            draw.put(canvas, place, percent, draw.SMALL, number, align="right", bold=won)
    return canvas

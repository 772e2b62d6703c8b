"""The drawings of figures: the histogram, the glyphs before and after the repair, probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.draw.canvas import (
    ACCENT,
    INK,
    MUTED,
    PALE,
    RULE,
    SMALL,
    WIDTH,
    View,
    beside,
    blank,
    captioned,
    line_height,
    put,
    scale_for,
    stack,
    text_width,
)
from captchascope.glyphs.segmentation import Glyphs, Move
from captchascope.records import FloatArray, GrayImage, RgbImage

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


_GAP = 10
_TALLEST = 150
_SMALLEST = 3  # times; where not all glyphs fit at this scale, they go into several rows


def draw_repair(glyphs: Glyphs) -> Image.Image:
    """Draw the glyphs before and after the repair, with what was moved in colour.

    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    given = {move.glyph: move for move in glyphs.moves}
    before = [_losing(cut, given.get(i)) for i, cut in enumerate(glyphs.cuts)]
    if not glyphs.moves:
        return _rows([("the glyphs", before)])
    after = [_gaining(glyph, given.get(i + 1)) for i, glyph in enumerate(glyphs.repaired)]
    return _rows([("before", before), ("after", after)])


def _losing(glyph: GrayImage, move: Move | None) -> RgbImage:
    """Colour what ``move`` takes away from ``glyph``."""
    pixels = np.repeat(255 - glyph[:, :, None], 3, axis=2)
    if move is not None:
        pixels[move.part] = ACCENT
    return pixels


def _gaining(glyph: GrayImage, move: Move | None) -> RgbImage:
    """Colour what ``move`` appended to ``glyph``: its last columns."""
    pixels = np.repeat(255 - glyph[:, :, None], 3, axis=2)
    if move is not None:
        pixels[:, -move.width :][move.part[:, : move.width]] = ACCENT
    return pixels


def _rows(named: Sequence[tuple[str, list[RgbImage]]]) -> Image.Image:
    glyphs = [glyph for _, row in named for glyph in row]
    height, width = (max(glyph.shape[axis] for glyph in glyphs) for axis in (0, 1))
    per_row, scale = _fit(len(named[0][1]), height, width)
    lines = []
    for start in range(0, len(named[0][1]), per_row):
        for name, row in named:
            views = [View(glyph, scale).image for glyph in row[start : start + per_row]]
            label = name if len(views) == len(row) else f"{name}, from glyph {start + 1} on"
            lines.append(captioned(label, beside(views, _GAP)))
    return stack(lines)


def _fit(count: int, height: int, width: int) -> tuple[int, float]:
    """Return how many glyphs go into a row, and how much each is enlarged."""
    alone = scale_for(height, width, (_TALLEST, WIDTH - 2))
    for rows in range(1, count):
        per_row = -(-count // rows)
        room = _TALLEST, (WIDTH - _GAP * (per_row - 1)) // per_row - 2
        if room[1] > 0 and scale_for(height, width, room) >= min(alone, _SMALLEST):
            return per_row, scale_for(height, width, room)
    return 1, alone


_MANY = 18  # glyphs; more are drawn smaller
_ALL, _FEW = 12, 5  # characters: a charset up to the first is shown whole, or else so few
_LABEL = 14  # pixels; cells grow where a character is wider
_BAR = 10  # the height of a bar
_NUMBER = text_width("100", SMALL)


def draw_network(seen: GrayImage, probabilities: FloatArray, charset: str) -> Image.Image:
    """Draw every glyph over its probabilities, the highest one in colour.

    Args:
        seen: What the network saw, shape (N, height, width), ink high.
        probabilities: Shape (N, C), for each character of ``charset``.
        charset: The C characters.
    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    size = _CellSize.of(len(seen), charset)
    cells = [
        _cell(charset, 255 - glyph, row, size)
        for glyph, row in zip(seen, probabilities, strict=True)
    ]
    rows = -(-len(cells) // ((WIDTH + size.gap) // (size.width + size.gap)))
    per_row = -(-len(cells) // rows)
    starts = range(0, len(cells), per_row)
    return stack([beside(cells[i : i + per_row], size.gap) for i in starts], size.gap)


def shown_classes(probabilities: FloatArray, most: int) -> list[int]:
    """Return which of a glyph's classes are drawn, top to bottom.

    Args:
        probabilities: Of one glyph, shape (C,).
        most: How many classes may be drawn.
    Returns:
        All of them in their order, or where they are more, the five most probable ones.
    """
    if len(probabilities) <= most:
        return list(range(len(probabilities)))
    falling: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    return falling[:_FEW]


@dataclass(frozen=True, slots=True)
class _CellSize:
    """The sizes that all cells share, in pixels.

    Attributes:
        width: Of the cell.
        gap: Between cells.
        room: The height that the glyph may have.
        label: The width of the widest character.
        most: How many characters a cell may list.
    """

    width: int
    gap: int
    room: int
    label: int
    most: int

    @classmethod
    def of(cls, count: int, charset: str) -> _CellSize:
        """Return the sizes for the number of glyphs, and for the widest character."""
        label = max(text_width(char, SMALL) for char in charset)
        wider = max(label - _LABEL, 0)
        if count > _MANY:
            return cls(66 + wider, 16, 56, label, _FEW)
        return cls(90 + wider, 20, 112, label, _ALL)


def _cell(charset: str, glyph: GrayImage, row: FloatArray, size: _CellSize) -> Image.Image:
    classes = shown_classes(row, size.most)
    height, width = glyph.shape
    view = View(glyph, scale_for(height, width, (size.room, size.width - 2))).image
    canvas = blank(size.width, size.room + 8 + _LINE * len(classes))
    canvas.paste(view, ((size.width - view.width) // 2, 0))
    winner = int(row.argmax())
    for i, char in enumerate(classes):
        top = size.room + 8 + i * _LINE
        _draw_bar(canvas, top, charset[char], float(row[char]), size.label, char == winner)
    return canvas


def _draw_bar(
    canvas: Image.Image, top: int, char: str, probability: float, label: int, won: bool
) -> None:
    """Draw a character, its bar, and its probability in percent unless that rounds to 0."""
    put(canvas, (label // 2, top), char, SMALL, ACCENT if won else INK, align="center", bold=won)
    left, full = label + 6, canvas.width - label - 6 - 4 - _NUMBER
    bar = left, top + 4, left + round(full * probability), top + 4 + _BAR - 1
    ImageDraw.Draw(canvas).rectangle(bar, fill=ACCENT if won else PALE)
    if won or probability >= 0.005:
        place, value = (canvas.width, top), f"{100 * probability:.0f}"
        put(canvas, place, value, SMALL, ACCENT if won else MUTED, align="right", bold=won)

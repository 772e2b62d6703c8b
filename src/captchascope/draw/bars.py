"""Stage 8: what the network sees of each glyph, and its probabilities as bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from captchascope.draw.canvas import (
    ACCENT,
    INK,
    MUTED,
    PALE,
    SMALL,
    WIDTH,
    View,
    beside,
    blank,
    scale_for,
    stack,
)
from captchascope.draw.lettering import line_height, put, text_width
from captchascope.draw.picture import Explained
from captchascope.records import FloatArray, GrayImage

__all__ = ["draw_network", "shown_classes"]

_MANY = 18  # glyphs; more are drawn smaller
_ALL, _FEW = 12, 5  # characters: a charset up to the first is shown whole, or else so few
_LABEL = 14  # pixels; cells grow where a character is wider
_LINE = line_height(SMALL)
_BAR = 10  # the height of a bar
_NUMBER = text_width("100", SMALL)


def draw_network(it: Explained) -> Image.Image:
    """Draw every glyph over its probabilities, the highest one in colour.

    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    seen = it.glyphs.fitted if it.seen is None else it.seen
    size = _CellSize.of(it)
    cells = [
        _cell(it.charset, 255 - glyph, row, size)
        for glyph, row in zip(seen, it.probabilities, strict=True)
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
    def of(cls, it: Explained) -> _CellSize:
        """Return the sizes for the number of glyphs, and for the widest character."""
        label = max(text_width(char, SMALL) for char in it.charset)
        wider = max(label - _LABEL, 0)
        if len(it.probabilities) > _MANY:
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

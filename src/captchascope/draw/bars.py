"""Stage 8: what the network sees of each glyph, and its probabilities as bars."""

from __future__ import annotations

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
from captchascope.draw.captions import percent
from captchascope.draw.lettering import line_height, put, text_width
from captchascope.draw.picture import Explained
from captchascope.records import FloatArray, GrayImage

__all__ = ["draw_network", "shown_classes"]

_CELL, _NARROW_CELL = 96, 72
_GAP = 12
_PICTURE, _SMALL_PICTURE = 112, 56  # the room for a glyph's height
_MANY = 18  # glyphs; more are drawn smaller
_ALL = 12  # characters; of a larger charset the most probable are shown
_MOST = 5
_LINE = line_height(SMALL)
_BAR = 10  # the height of a bar
_NUMBER = text_width("100 %", SMALL)


def draw_network(it: Explained) -> Image.Image:
    """Draw every glyph over its probabilities, the highest one in colour.

    Returns:
        An RGB image, ``canvas.WIDTH`` pixels wide at most.
    """
    seen = it.glyphs.fitted if it.seen is None else it.seen
    cells = [_cell(it, 255 - glyph, row) for glyph, row in zip(seen, it.probabilities, strict=True)]
    rows = -(-len(cells) // ((WIDTH + _GAP) // (cells[0].width + _GAP)))
    per_row = -(-len(cells) // rows)
    starts = range(0, len(cells), per_row)
    return stack([beside(cells[i : i + per_row], _GAP) for i in starts], 2 * _GAP)


def shown_classes(probabilities: FloatArray, count: int) -> list[int]:
    """Return which of a glyph's classes are drawn, top to bottom.

    Args:
        probabilities: Of one glyph, shape (C,).
        count: The number of glyphs.
    Returns:
        All of them in their order, or the most probable ones where the charset is large or the
        glyphs are many.
    """
    if len(probabilities) <= _ALL and count <= _MANY:
        return list(range(len(probabilities)))
    falling: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    return falling[:_MOST]


def _cell(it: Explained, glyph: GrayImage, row: FloatArray) -> Image.Image:
    many = len(it.probabilities) > _MANY
    width, room = (_NARROW_CELL, _SMALL_PICTURE) if many else (_CELL, _PICTURE)
    view = View(glyph, scale_for(*glyph.shape, (room, width - 2))).image
    classes = shown_classes(row, len(it.probabilities))
    canvas = blank(width, room + 2 + 6 + _LINE * len(classes))
    canvas.paste(view, ((width - view.width) // 2, 0))
    _draw_bars(canvas, room + 8, [(it.charset[i], float(row[i])) for i in classes])
    return canvas


def _draw_bars(canvas: Image.Image, top: int, bars: list[tuple[str, float]]) -> None:
    label = max(text_width(char, SMALL) for char, _ in bars)
    left, full = label + 6, canvas.width - label - 6 - 4 - _NUMBER
    winner = max(probability for _, probability in bars)
    pen = ImageDraw.Draw(canvas)
    for i, (char, probability) in enumerate(bars):
        won = probability == winner
        y = top + i * _LINE
        put(canvas, (label // 2, y), char, SMALL, ACCENT if won else INK, align="center", bold=won)
        bar = left, y + 4, left + round(full * probability), y + 4 + _BAR - 1
        pen.rectangle(bar, fill=ACCENT if won else PALE)
        if won or probability >= 0.005:
            _put_value(canvas, y, probability, won)


def _put_value(canvas: Image.Image, y: int, probability: float, won: bool) -> None:
    color = ACCENT if won else MUTED
    put(canvas, (canvas.width, y), percent(probability), SMALL, color, align="right", bold=won)

"""The glyphs of stage 7 before and after the repair, in rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from captchascope.draw.canvas import (
    ACCENT,
    WIDTH,
    RGBImage,
    View,
    beside,
    labelled,
    scale_for,
    stack,
)
from captchascope.glyphs.repair import Move
from captchascope.glyphs.stages import Glyphs
from captchascope.records import GrayImage

__all__ = ["draw_repair"]

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


def _inked(glyph: GrayImage) -> RGBImage:
    return np.repeat(255 - glyph[:, :, None], 3, axis=2)


def _losing(glyph: GrayImage, move: Move | None) -> RGBImage:
    """Colour what ``move`` takes away from ``glyph``."""
    pixels = _inked(glyph)
    if move is not None:
        pixels[move.part] = ACCENT
    return pixels


def _gaining(glyph: GrayImage, move: Move | None) -> RGBImage:
    """Colour what ``move`` appended to ``glyph``: its last columns."""
    pixels = _inked(glyph)
    if move is not None:
        pixels[:, -move.width :][move.part[:, : move.width]] = ACCENT
    return pixels


def _rows(named: Sequence[tuple[str, list[RGBImage]]]) -> Image.Image:
    glyphs = [glyph for _, row in named for glyph in row]
    height, width = (max(glyph.shape[axis] for glyph in glyphs) for axis in (0, 1))
    per_row, scale = _fit(len(named[0][1]), height, width)
    lines = []
    for start in range(0, len(named[0][1]), per_row):
        for name, row in named:
            views = [View(glyph, scale).image for glyph in row[start : start + per_row]]
            label = name if len(views) == len(row) else f"{name}, from glyph {start + 1} on"
            lines.append(labelled(label, beside(views, _GAP)))
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

"""The layout of a text: the size and place of each glyph, the thickness and fill of its strokes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from captchascope.generate.noise import chance, uniform
from captchascope.generate.pixels import PIXEL_NAMES, enlarged
from captchascope.generate.strokes import MANNERS, Pen, draw_pen, written
from captchascope.generate.style import Style
from captchascope.generate.typefaces import HAN, Mask, font_names, ink_box, stamp, turned

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_THINNABLE = 40  # pixels of height: strokes of smaller glyphs would vanish
_BOLDEST = 1 / 22  # of a glyph's height on either side of a stroke: more closes its counters


def swelling(style: Style) -> int:
    """Return by how many pixels a glyph grows on each side."""
    return max(style.bold, 0) + (style.fill == "hollow")


def outlined(mask: Mask, style: Style) -> Mask:
    """Thicken or thin the strokes, and leave only their rim where they are hollow."""
    bold = min(style.bold, round(mask.shape[0] * _BOLDEST))
    if bold > 0:
        mask = np.asarray(cv2.dilate(mask, _CROSS, iterations=bold), np.uint8)
    elif bold < 0 and mask.shape[0] > _THINNABLE:
        mask = np.asarray(cv2.erode(mask, _CROSS), np.uint8)
    if style.fill == "hollow":
        rim = cv2.subtract(cv2.dilate(mask, _CROSS), cv2.erode(mask, _CROSS))
        mask = np.asarray(rim, np.uint8)
    return mask


def textured(rng: np.random.Generator, mask: Mask, style: Style) -> Mask:
    """Fill the strokes as the style says."""
    if style.fill == "dotted":
        if rng.random() < 0.5:
            stays = chance(rng, mask.shape, 0.65)  # two pixels out of three
        else:  # slanted lines
            y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
            stays = (x + y) % int(rng.integers(2, 5)) != 0
        mask = mask * stays.view(np.uint8)
    elif style.fill == "gradient":
        fade = np.linspace(uniform(rng, 0.45, 1), uniform(rng, 0.45, 1), mask.shape[0])
        mask = (mask * fade.astype(np.float32)[:, None]).astype(np.uint8)
    if style.jagged:
        mask = np.asarray(cv2.threshold(mask, 110, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return mask


_WIDEST = 6.0  # times the height, of an image without a given size
_SMALLEST = 9.0  # pixels of a capital in the finished image: what is smaller cannot be read
_NARROWEST = 0.72  # of a glyph's width; then the whole text gets smaller
_ATTEMPTS = 6
_SPACE = 0.35  # of a capital's height


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One glyph.

    Attributes:
        mask: Its coverage, cut to the ink.
        left: Its first column, from the first of the text.
        top: Its first row, from the row halfway up the text's capitals.
    """

    mask: Mask
    left: int
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A text laid out, with its ends in pixels.

    Attributes:
        glyphs: From left to right.
        width: From the first column to the last one, which may not be the last glyph's.
        top: The first row, from the row halfway up the capitals; above is negative.
        bottom: The row after the last one, likewise.
    """

    glyphs: tuple[Placed, ...]
    width: int
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class _Jitter:
    """The random part of one glyph; all numbers but its own from -1 to 1."""

    number: int
    font: str
    pen: Pen | None
    size: float
    turn: float
    shear: float
    drop: float
    gap: float


def fitted(
    rng: np.random.Generator, text: str, style: Style, tall: int
) -> tuple[Line, tuple[int, int], tuple[int, int]]:
    """Lay a text out so that it fits into its image.

    Args:
        rng: Turns, slants and moves the glyphs.
        text: What to set; a space is left empty.
        style: How.
        tall: The image's height, pixels.
    Returns:
        The text; the height and width of the image; and the row halfway up the text's capitals
        and its first column.
    """
    fonts = style.fonts or font_names()
    chosen = rng.integers(0, len(fonts), len(text)).tolist()
    if not style.mixed:
        chosen = chosen[:1] * len(text)
    names, rows = [fonts[font] for font in chosen], rng.uniform(-1, 1, (len(text), 5)).tolist()
    pens = {name: draw_pen(rng, name) for name in sorted(set(names).intersection(MANNERS))}
    jitters = [
        _Jitter(number, name, pens.get(name), *row)
        for number, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    cap, squeeze = max(tall * uniform(rng, *style.height), _SMALLEST * style.shrink), 1.0
    edge = style.shrink + 0.35 * style.warp * tall
    line = _lay_out(text, style, jitters, cap, squeeze)
    width = _width(rng, style, tall, line.width, len(text))
    for _ in range(_ATTEMPTS):
        across, down = _share(width, edge, line.width), _share(tall, edge, line.bottom - line.top)
        if min(across, down) >= 1:
            break
        if across < 1 and squeeze == 1:
            squeeze = max(across, _NARROWEST)
        else:
            cap *= 0.98 * min(across, down)
        line = _lay_out(text, style, jitters, cap, squeeze)
    row = _start(rng, style, tall, edge, line.bottom - line.top) - line.top
    return line, (tall, width), (row, _start(rng, style, width, edge, line.width))


def _width(rng: np.random.Generator, style: Style, tall: int, needed: int, count: int) -> int:
    """Return the style's width, or one that gives ``needed`` pixels for ``count`` glyphs room."""
    if style.size is not None:
        return round(style.size[1] * style.shrink)
    room = 1.05 + 0.9 * float(rng.random()) ** 2
    widest = max(_WIDEST * tall, _SMALLEST * style.shrink * count)
    return round(min(max(needed * room + 8, 1.5 * tall), widest))


def _share(length: int, edge: float, needed: int) -> float:
    return max(length - 2 * edge, length / 2, 1) / needed


def _start(rng: np.random.Generator, style: Style, length: int, edge: float, taken: int) -> int:
    """Return where ``taken`` pixels out of ``length`` begin: in the middle, or anywhere."""
    spare = length - taken
    if style.anywhere:
        return round(uniform(rng, min(edge, spare / 2), max(spare - edge, spare / 2)))
    return round(spare / 2)


def _lay_out(text: str, style: Style, jitters: list[_Jitter], cap: float, squeeze: float) -> Line:
    """Set a text with capitals ``cap`` pixels tall, and glyphs narrowed by ``squeeze``."""
    glyphs, x = [], 0.0
    for char, jitter in zip(text, jitters, strict=True):
        if char == " ":
            x += cap * _SPACE
            continue
        mask, top = _glyph(char, style, jitter, cap, squeeze)
        glyphs.append(Placed(mask, round(x), top))
        width = mask.shape[1]
        gap = style.gap if style.gap >= 0 else max(style.gap, -0.6 * width / cap)
        x += max(width + cap * (gap + 0.04 * jitter.gap), 2.0)
    return Line(
        tuple(glyphs),
        max(glyph.left + glyph.mask.shape[1] for glyph in glyphs),
        min(glyph.top for glyph in glyphs),
        max(glyph.top + glyph.mask.shape[0] for glyph in glyphs),
    )


def _glyph(
    char: str, style: Style, jitter: _Jitter, cap: float, squeeze: float
) -> tuple[Mask, int]:
    """Return a glyph's mask, and its first row from the middle of the text's capitals."""
    degrees, shear = style.rotation * jitter.turn, style.shear * jitter.shear
    larger, margin = 1 + style.scaling * jitter.size, swelling(style)
    scale = cap * larger, cap * larger * squeeze
    if jitter.pen and char not in HAN:
        mask, middle = written(
            jitter.pen, char, jitter.number, scale, degrees, shear, margin, style.jagged
        )
    elif jitter.font in PIXEL_NAMES and char not in HAN:
        mask, middle = enlarged(jitter.font, char, scale, degrees, shear, margin)
    else:
        source = stamp(jitter.font, char, cap)
        size = cap / source.cap * larger
        mask, middle = turned(source, (size, size * squeeze), degrees, shear, margin)
    mask = outlined(mask, style)
    left, top, right, bottom = ink_box(mask)
    drop = cap * style.wobble * jitter.drop
    if right == left:  # thinner than a pixel can show
        return mask, math.floor(drop - middle)
    return mask[top:bottom, left:right], round(drop - middle) + top

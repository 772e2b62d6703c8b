"""Texts set letter by letter: each has its own face, weight, size, turn and place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.fields import CAP, EDGE, SLOPE, Field, field, skeleton_field
from captchascope.generate.typefaces import Mask

LEVELS = 16
"""Levels of a set text's field for each of its pixels."""

_THINNEST = 0.62  # of the widest stroke may go: more breaks a letter up
_LEAST = 2.0  # pixels from the left side of a letter to that of the next

_Matrix: TypeAlias = tuple[float, float, float, float]
"""What x and y of a field become: the first two numbers give x, the others y."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One character and how it looks; lengths are shares of a capital's height.

    Attributes:
        char: The character.
        font: Of ``latin_names()``.
        size: Relative to the others.
        squeeze: Its width, relative to what the font has.
        turn: Degrees clockwise.
        shear: To the left at the top.
        drop: How far it stands below the line.
        gap: The space after it; overlapping where it is negative.
        weight: What its strokes gain on each side.
        pen: Whether it is drawn with a pen of one width; the font gives the shape alone.
    """

    char: str
    font: str
    size: float = 1.0
    squeeze: float = 1.0
    turn: float = 0.0
    shear: float = 0.0
    drop: float = 0.0
    gap: float = 0.1
    weight: float = 0.0
    pen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """One letter in its place.

    Attributes:
        field: Its shape.
        matrix: What a step in the field is in the picture.
        x: Where the middle of its ink is.
        y: Where the middle of its capitals' height is.
        box: Left, top, right and bottom of its ink.
        weight: What its strokes gain on each side.
    """

    field: Field
    matrix: _Matrix
    x: float
    y: float
    box: tuple[float, float, float, float]
    weight: float

    def scaled(self, scale: float) -> Spot:
        """Return it in a picture so many times as large."""
        a, b, c, d = (number * scale for number in self.matrix)
        left, top, right, bottom = (side * scale for side in self.box)
        return Spot(
            self.field,
            (a, b, c, d),
            self.x * scale,
            self.y * scale,
            (left, top, right, bottom),
            self.weight * scale,
        )

    def moved(self, right: float, down: float) -> Spot:
        """Return it elsewhere."""
        x0, y0, x1, y1 = self.box
        box = x0 + right, y0 + down, x1 + right, y1 + down
        return Spot(self.field, self.matrix, self.x + right, self.y + down, box, self.weight)


def placed(letters: Sequence[Letter], *, angle: float = 0.0, sag: float = 0.0) -> list[Spot]:
    """Set letters beside each other, in units of a capital's height.

    Args:
        letters: At least one.
        angle: Degrees by which the line as a whole is turned, clockwise.
        sag: How far the middle of the line lies below its ends, in heights of a capital; the
            letters turn with it.
    """
    spots, x = [], 0.0
    for letter in letters:
        spot = _spot(letter)
        spots.append(spot.moved(x - spot.box[0], 0.0))
        x += max(spot.box[2] - spot.box[0] + letter.gap, 0.15)
    if sag:
        spots = [_sagging(spot, sag, spots[-1].box[2]) for spot in spots]
    return [_turned(spot, angle) for spot in spots] if angle else spots


def bounds(spots: Sequence[Spot]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the ink of all."""
    lefts, tops, rights, bottoms = zip(*(spot.box for spot in spots), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _spot(letter: Letter) -> Spot:
    shape = (skeleton_field if letter.pen else field)(letter.font, letter.char)
    angle = math.radians(letter.turn)
    cos, sin = math.cos(angle), math.sin(angle)
    down, across = letter.size / CAP, letter.size * letter.squeeze / CAP
    matrix = (
        across * cos,
        -down * (cos * letter.shear + sin),
        across * sin,
        down * (cos - sin * letter.shear),
    )
    weight = max(letter.weight, -_THINNEST * shape.half) * letter.size
    return Spot(shape, matrix, 0.0, letter.drop, _box(shape, matrix, 0.0, letter.drop), weight)


def _box(shape: Field, matrix: _Matrix, x: float, y: float) -> tuple[float, float, float, float]:
    """Return the sides of the ink, once its corners are where they belong."""
    a, b, c, d = matrix
    left, top, right, bottom = shape.box
    half, above, below = (right - left) / 2, top - shape.middle, bottom - shape.middle
    reach = abs(a) * half
    xs, ys = (b * above, b * below), (d * above, d * below)
    lift = abs(c) * half
    return x - reach + min(xs), y - lift + min(ys), x + reach + max(xs), y + lift + max(ys)


def _turned(spot: Spot, degrees: float) -> Spot:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b, c, d = spot.matrix
    matrix = cos * a - sin * c, cos * b - sin * d, sin * a + cos * c, sin * b + cos * d
    x, y = cos * spot.x - sin * spot.y, sin * spot.x + cos * spot.y
    return replace(spot, matrix=matrix, x=x, y=y, box=_box(spot.field, matrix, x, y))


def _sagging(spot: Spot, sag: float, width: float) -> Spot:
    share = 2 * spot.x / width - 1
    turned = _turned(
        spot.moved(-spot.x, -spot.y), math.degrees(math.atan(-4 * sag * share / width))
    )
    return turned.moved(spot.x, spot.y + sag * (1 - share * share))


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """A set text, drawn.

    Attributes:
        levels: ``EDGE`` plus ``LEVELS`` times the distance in pixels from the edge of the nearest
            letter, positive inside; shape (H, W).
        owner: The number of the last letter that covers a pixel or is near it.
        parts: Each letter's own levels, with the rows and columns where they belong.
    """

    levels: Mask
    owner: Mask
    parts: tuple[tuple[tuple[slice, slice], Mask], ...]

    def outlines(self, thickness: float, stacked: bool) -> Mask:
        """Return the coverage of the outlines of all letters, also where they overlap.

        Args:
            thickness: In pixels.
            stacked: Whether a letter hides what it overlaps.
        """
        cover = np.zeros(self.levels.shape, np.uint8)
        for where, part in self.parts:
            line = outline(part, thickness)
            if stacked:
                np.copyto(cover[where], 0, where=part > EDGE)
            np.maximum(cover[where], line, out=cover[where])
        return cover


def printed(spots: Sequence[Spot], shape: tuple[int, int]) -> Print:
    """Draw letters, which stand where they do in pixels; what lies outside ``shape`` is cut."""
    whole, owner, parts = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), []
    for number, spot in enumerate(spots):
        top, left, part = _cut(spot, shape)
        where = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
        np.maximum(whole[where], part, out=whole[where])
        np.copyto(owner[where], np.uint8(number), where=part > EDGE - LEVELS)
        parts.append((where, part))
    return Print(whole, owner, tuple(parts))


def _cut(spot: Spot, shape: tuple[int, int]) -> tuple[int, int, Mask]:
    """Return the first row and column of a letter's field in the picture, and the field."""
    a, b, c, d = spot.matrix
    levels, (left, _, right, _) = spot.field.levels, spot.field.box
    height, width = levels.shape
    x = spot.x - a * (left + right - 1) / 2 - b * (spot.field.middle - 0.5)
    y = spot.y - c * (left + right - 1) / 2 - d * (spot.field.middle - 0.5)
    xs = [x + a * i + b * j for i in (0, width) for j in (0, height)]
    ys = [y + c * i + d * j for i in (0, width) for j in (0, height)]
    x0, y0 = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
    x1, y1 = min(math.ceil(max(xs)) + 1, shape[1]), min(math.ceil(max(ys)) + 1, shape[0])
    if x1 <= x0 or y1 <= y0:
        return 0, 0, np.zeros((0, 0), np.uint8)
    moves: NDArray[np.float64] = np.array([[a, b, x - x0], [c, d, y - y0]])
    part = cv2.warpAffine(levels, moves, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    ratio = math.sqrt(abs(a * d - b * c)) * LEVELS / SLOPE
    shift = EDGE * (1 - ratio) + spot.weight * LEVELS
    return y0, x0, np.asarray(cv2.addWeighted(part, ratio, part, 0, shift), np.uint8)


def filling(levels: Mask, grown: float = 0.0) -> Mask:
    """Return the coverage of what is inside a field, grown by some pixels on each side."""
    steep = 255 / LEVELS
    shift = 127.5 + (grown * LEVELS - EDGE) * steep
    return np.asarray(cv2.addWeighted(levels, steep, levels, 0, shift), np.uint8)


def outline(levels: Mask, thickness: float) -> Mask:
    """Return the coverage of a line along the edge of a field, ``thickness`` pixels wide.

    A line below a pixel is as faint as it is thin.
    """
    away = cv2.convertScaleAbs(levels, alpha=1, beta=-EDGE)
    faint = min(thickness, 1.0)
    steep = -255 / LEVELS * faint
    shift = 127.5 * (max(thickness, 1.0) + 1) * faint
    return np.asarray(cv2.addWeighted(away, steep, away, 0, shift), np.uint8)

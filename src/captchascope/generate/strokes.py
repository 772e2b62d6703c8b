"""Letters drawn with a pen along skeletons, no two images with the same ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import cv2
import numpy as np

from captchascope.generate.noise import uniform
from captchascope.generate.skeletons import Point, Skeleton, forms_of
from captchascope.generate.typefaces import Mask

_PARTS = 4  # bits below a pixel that OpenCV's lines know


@dataclass(frozen=True, slots=True)
class Manner:
    """How a face of strokes is written; distances are shares of a capital's height.

    Attributes:
        cuts: How often corners are cut: 0 leaves them, 1 makes angles of curves, 3 smooth ones.
        unsteady: How far a point of the skeleton is moved at most.
        rough: How far a point of the cut line is moved at most.
        piece: How long a straight piece of it can be.
        loose: How often strokes that meet in the skeleton miss each other.
        segments: Whether digits have the seven segments of displays.
    """

    cuts: tuple[int, ...]
    unsteady: tuple[float, float]
    rough: tuple[float, float]
    piece: tuple[float, float] = (9.0, 9.0)
    loose: float = 0.2
    segments: bool = False


MANNERS = {
    "stroke-01": Manner((3,), (0.0, 0.05), (0.0, 0.0)),
    "stroke-02": Manner((1,), (0.0, 0.08), (0.0, 0.04)),
    "stroke-03": Manner((1, 2), (0.03, 0.12), (0.02, 0.06)),
    "stroke-04": Manner((3,), (0.05, 0.13), (0.0, 0.012)),
    "stroke-05": Manner((2,), (0.0, 0.06), (0.02, 0.06)),
    "stroke-06": Manner((0, 1), (0.0, 0.05), (0.0, 0.0), loose=0.0, segments=True),
    "stroke-07": Manner((1, 2), (0.0, 0.06), (0.02, 0.06), piece=(0.1, 0.25)),
    "stroke-08": Manner((2,), (0.02, 0.1), (0.01, 0.04), piece=(0.2, 0.4), loose=0.8),
}
"""By the names that ``Style.fonts`` takes."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How one image is written: a manner, and the numbers that it leaves to chance.

    Attributes:
        manner: Of the face.
        seed: Chooses the form of each character.
        cuts: As in the manner.
        unsteady: Likewise.
        rough: Likewise.
        piece: Likewise.
        loose: Whether strokes that meet in the skeleton miss each other.
        width: Of the pen, as a share of a capital's height.
        across: How wide letters are, as a share of the usual.
        square: Whether its tip is square rather than round.
    """

    manner: Manner
    seed: int
    cuts: int
    unsteady: float
    rough: float
    piece: float
    loose: bool
    width: float
    across: float
    square: bool


def draw_pen(rng: np.random.Generator, face: str) -> Pen:
    """Draw how an image in this face of strokes is written."""
    manner = MANNERS[face]
    return Pen(
        manner=manner,
        seed=int(rng.integers(1 << 31)),
        cuts=manner.cuts[int(rng.integers(len(manner.cuts)))],
        unsteady=uniform(rng, *manner.unsteady),
        rough=uniform(rng, *manner.rough),
        piece=uniform(rng, *manner.piece),
        loose=rng.random() < manner.loose,
        width=0.02 + 0.13 * float(rng.random()) ** 2,
        across=uniform(rng, 0.6, 1.1),
        square=rng.random() < 0.4,
    )


def written(
    pen: Pen,
    char: str,
    number: int,
    scale: tuple[float, float],
    degrees: float,
    shear: float,
    margin: int,
    jagged: bool,
) -> tuple[Mask, float]:
    """Write a character; arguments and result otherwise as of ``typefaces.turned``.

    Args:
        pen: How.
        char: What.
        number: Where it stands in the text: no two characters of an image are written alike.
        scale: The height of a capital in pixels, down and across.
        degrees: By how much it is turned, clockwise.
        shear: To the left at the top, as a share of the height.
        margin: Empty pixels to leave around it.
        jagged: Whether edges are hard.
    """
    forms = forms_of(char, segments=pen.manner.segments)
    form = forms[Random(f"{pen.seed} {char}").randrange(len(forms))]
    random = Random(pen.seed * 64 + number)
    thickness = max(1, round(pen.width * scale[0]))
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    wide, tall = scale[1] * pen.across, scale[0]
    matrix = np.array(
        [[wide * cos, tall * (cos * shear - sin)], [wide * sin, tall * (cos + sin * shear)]]
    )
    points = [
        np.array([(_near(random, x, pen.rough), _near(random, y, pen.rough)) for x, y, _ in line])
        @ matrix.T
        for line in _lines(random, pen, form)
    ]
    room = math.ceil(thickness / 2) + margin + 1
    left, top = np.floor(np.min([line.min(axis=0) for line in points], axis=0)) - room
    right, bottom = np.ceil(np.max([line.max(axis=0) for line in points], axis=0)) + room + 1
    mask = np.zeros((round(bottom - top), round(right - left)), np.uint8)
    fixed = [np.round((line - (left, top)) * 2**_PARTS).astype(np.int32) for line in points]
    cv2.polylines(mask, fixed, False, 255, 1, cv2.LINE_8 if jagged else cv2.LINE_AA, _PARTS)
    if thickness > 1:  # OpenCV's own thickness is always odd
        shape = cv2.MORPH_RECT if pen.square else cv2.MORPH_ELLIPSE
        tip = cv2.getStructuringElement(shape, (thickness, thickness))
        mask = np.asarray(cv2.dilate(mask, tip), np.uint8)
    return mask, float(-top)


def _lines(random: Random, pen: Pen, form: Skeleton) -> list[list[Point]]:
    """Move the points of a skeleton, those that strokes share together, and cut its corners."""
    moved: dict[Point, Point] = {}
    lines = []
    for stroke in form:
        if pen.loose:
            moved.clear()
        for point in stroke:
            if point not in moved:
                x, y, corner = point
                moved[point] = (
                    _near(random, x, pen.unsteady),
                    _near(random, y, pen.unsteady),
                    corner,
                )
        lines.append(_pieces(cut([moved[point] for point in stroke], pen.cuts), pen.piece))
    return lines


def _near(random: Random, place: float, reach: float) -> float:
    """Return a number that is as far from this one at most, either way."""
    return place + reach * (2 * random.random() - 1)


def _pieces(line: list[Point], longest: float) -> list[Point]:
    """Divide what is longer than a piece can be."""
    divided = line[:1]
    for (x, y, _), (u, v, corner) in pairwise(line):
        count = math.ceil(math.hypot(u - x, v - y) / longest)
        divided += [
            (x + (u - x) * step / count, y + (v - y) * step / count, False)
            for step in range(1, count)
        ]
        divided.append((u, v, corner))
    return divided


def cut(points: list[Point], times: int) -> list[Point]:
    """Cut the corners of a line so many times (Chaikin 1974), but those that stay."""
    for _ in range(times if len(points) > 2 else 0):
        kept = [points[0]]
        for (x, y, _), here, (u, v, _) in zip(points, points[1:], points[2:], strict=False):
            if here[2]:
                kept.append(here)
                continue
            first, last = len(kept) == 1, (u, v) == points[-1][:2]
            near, far = (0.5 if first else 0.25), (0.5 if last else 0.25)
            kept.append((here[0] + near * (x - here[0]), here[1] + near * (y - here[1]), False))
            kept.append((here[0] + far * (u - here[0]), here[1] + far * (v - here[1]), False))
        kept.append(points[-1])
        points = kept
    return points

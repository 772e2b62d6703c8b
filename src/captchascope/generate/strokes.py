"""Letters drawn with a pen along skeletons, no two images with the same ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from captchascope.generate.noise import uniform
from captchascope.generate.skeletons import Point, forms_of
from captchascope.generate.typefaces import Mask

_PARTS = 4  # bits below a pixel that OpenCV's lines know


@dataclass(frozen=True, slots=True)
class Manner:
    """How a face of strokes is written; distances are shares of a capital's height.

    Attributes:
        cuts: How often corners are cut: 0 leaves them, 1 makes angles of curves, 3 smooth ones.
        unsteady: How far a point of the skeleton is moved at most.
        rough: How far a point of the cut line is moved at most.
        segments: Whether digits have the seven segments of displays.
    """

    cuts: tuple[int, ...]
    unsteady: tuple[float, float]
    rough: tuple[float, float]
    segments: bool = False


MANNERS = {
    "stroke-01": Manner((3,), (0.0, 0.05), (0.0, 0.0)),
    "stroke-02": Manner((1,), (0.0, 0.08), (0.0, 0.04)),
    "stroke-03": Manner((1, 2), (0.03, 0.12), (0.02, 0.06)),
    "stroke-04": Manner((3,), (0.05, 0.13), (0.0, 0.012)),
    "stroke-05": Manner((2,), (0.0, 0.06), (0.02, 0.06)),
    "stroke-06": Manner((0, 1), (0.0, 0.05), (0.0, 0.0), segments=True),
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
        width: Of the pen, as a share of a capital's height.
        across: How wide letters are, as a share of the usual.
        square: Whether its tip is square rather than round.
    """

    manner: Manner
    seed: int
    cuts: int
    unsteady: float
    rough: float
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
    moved: dict[Point, Point] = {}  # what meets goes on meeting
    for stroke in form:
        for x, y, corner in stroke:
            moved.setdefault(
                (x, y, corner),
                (x + _either(random, pen.unsteady), y + _either(random, pen.unsteady), corner),
            )
    lines = [cut([moved[point] for point in stroke], pen.cuts) for stroke in form]
    points = [
        np.array([(x + _either(random, pen.rough), y + _either(random, pen.rough))
                  for x, y, _ in line]) @ matrix.T
        for line in lines
    ]  # fmt: skip
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


def _either(random: Random, reach: float) -> float:
    """Return a number up to this, either way."""
    return reach * (2 * random.random() - 1)


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

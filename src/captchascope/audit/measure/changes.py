"""Images made harder as an owner could: lines over them, noise, warp, less contrast.

Strengths are shares of the height, so that small images suffer as much as large ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from captchascope.audit.measure.ink import ink_of
from captchascope.audit.wording import percent
from captchascope.generate.paint import Colour, draw_dots, draw_lines, speckle
from captchascope.generate.style import Style
from captchascope.generate.styled import draw_bend
from captchascope.image.ink import ground_of
from captchascope.records import RgbImage

_THICKNESS = 1 / 22  # of the height, of the widest line


def ground_colour(image: RgbImage) -> Colour:
    """Return the colour that most pixels have."""
    red, green, blue = ground_of(image).tolist()
    return red, green, blue


def ink_colour(image: RgbImage) -> Colour:
    """Return the colour that is written with; black where nothing is written."""
    ink = ink_of(image)
    if not ink.inside.any():
        return 0.0, 0.0, 0.0
    red, green, blue = np.median(ink.image[ink.inside], axis=0).tolist()
    return red, green, blue


def fade(image: RgbImage, share: float) -> RgbImage:
    """Return an image that keeps a share of its contrast: all goes towards the ground's colour."""
    levels = np.arange(256, dtype=np.float32)[:, None]
    ground = ground_of(image)
    table = ground + (levels - ground) * np.float32(share)
    return np.asarray(cv2.LUT(image, np.rint(table).astype(np.uint8)[None]), np.uint8)


_Change: TypeAlias = Callable[[np.random.Generator, RgbImage, float], RgbImage]


def _lines(rng: np.random.Generator, image: RgbImage, count: float) -> RgbImage:
    return _struck(rng, image, lines=int(count))


def _arcs(rng: np.random.Generator, image: RgbImage, count: float) -> RgbImage:
    return _struck(rng, image, arcs=int(count))


def _struck(rng: np.random.Generator, image: RgbImage, lines: int = 0, arcs: int = 0) -> RgbImage:
    """Return the image with strokes over it, in the colour that it is written with."""
    thickness = min(max(1, round(image.shape[0] * _THICKNESS)), 50)
    style = Style(lines=lines, arcs=arcs, thickness=thickness, line_ink=True)
    changed = image.copy()
    draw_lines(rng, changed, style, ink_colour(image), ground_colour(image))
    return changed


def _dots(rng: np.random.Generator, image: RgbImage, density: float) -> RgbImage:
    """Return the image with so many dots for each square as high as it is."""
    height, width = image.shape[:2]
    style = Style(dots=min(round(density * max(width / height, 1)), 10_000), line_ink=True)
    changed = image.copy()
    draw_dots(rng, changed, style, ink_colour(image), ground_colour(image))
    return changed


def _noise(rng: np.random.Generator, image: RgbImage, share: float) -> RgbImage:
    changed, gray = image.copy(), not np.ptp(image, axis=2).any()
    speckle(rng, changed, Style(speckle=share, gray=gray), ink_colour(image))
    return changed


def _warp(rng: np.random.Generator, image: RgbImage, reach: float) -> RgbImage:
    """Return the image bent, in a frame of its ground, so that nothing leaves it."""
    framed = _framed(image, math.ceil(reach * image.shape[0]))
    bend = draw_bend(rng, (framed.shape[0], framed.shape[1]), Style(warp=reach))
    return bend.bent(framed, 1.0, cv2.BORDER_REPLICATE)


def _framed(image: RgbImage, rim: int) -> RgbImage:
    bordered = cv2.copyMakeBorder(
        image, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=ground_colour(image)
    )
    return np.asarray(bordered, np.uint8)


def _turn(rng: np.random.Generator, image: RgbImage, degrees: float) -> RgbImage:
    """Return the image turned to one side, at least by half as much, and as large as it then is."""
    height, width = image.shape[:2]
    angle = degrees * float(rng.uniform(0.5, 1.0)) * (1 if rng.random() < 0.5 else -1)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
    matrix[:, 2] += (wide - width) / 2, (tall - height) / 2
    turned = cv2.warpAffine(
        image,
        matrix,
        (wide, tall),
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=ground_colour(image),
    )
    return np.asarray(turned, np.uint8)


def _blur(rng: np.random.Generator, image: RgbImage, share: float) -> RgbImage:
    sigma = max(share * image.shape[0], 0.1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _contrast(rng: np.random.Generator, image: RgbImage, share: float) -> RgbImage:
    return fade(image, share)


def _shrink(rng: np.random.Generator, image: RgbImage, share: float) -> RgbImage:
    size = [max(round(side * share), 1) for side in image.shape[1::-1]]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class Change:
    """A way to make images harder.

    Attributes:
        name: As it is shown.
        apply: Returns an image made harder; the same random numbers and strength, the same image.
        steps: The strengths, the least first, and how each is shown.
    """

    name: str
    apply: _Change
    steps: tuple[tuple[float, str], ...]


def _counts(form: str, *counts: float) -> tuple[tuple[float, str], ...]:
    return tuple((count, form.format(count)) for count in counts)


def _shares(form: str, *shares: float) -> tuple[tuple[float, str], ...]:
    return tuple((share, form.format(percent(share))) for share in shares)


CHANGES = (
    Change("straight lines over it", _lines, _counts("{} more", 3, 6, 10)),
    Change("arcs and waves over it", _arcs, _counts("{} more", 2, 4, 7)),
    Change("dots over it", _dots, ((12, "a few"), (30, "more"), (60, "many"))),
    Change("noise", _noise, _shares("{} of the pixels more", 0.05, 0.12, 0.2)),
    Change("warp", _warp, _shares("{} of the height more", 0.05, 0.1, 0.16)),
    Change("turned as a whole", _turn, _counts("up to {}°", 8, 16, 24)),
    Change("blur", _blur, _shares("{} of the height", 0.01, 0.02, 0.03)),
    Change("contrast", _contrast, _shares("{} of it", 0.6, 0.4, 0.25)),
    Change("smaller", _shrink, _shares("{} of its size", 0.7, 0.5, 0.35)),
)
"""Every way; each is measured alone."""

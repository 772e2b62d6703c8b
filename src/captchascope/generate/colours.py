"""Colours that can be told apart, and grounds of one, two or many of them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.noise import uniform
from captchascope.generate.paint import SHARES, Colour, between, filled, luma
from captchascope.records import RgbImage

TONES = ("dark", "light", "any")
"""Whether what is printed is darker than the ground, lighter, or either."""

_ATTEMPTS = 10
_HUE = 0.55  # how much a difference in one channel counts beside one in brightness


def differ(one: Colour, other: Colour) -> float:
    """Return how far two colours are apart, 0 to 255."""
    channels = max(abs(a - b) for a, b in zip(one, other, strict=True))
    return max(abs(luma(one) - luma(other)), _HUE * channels)


def draw_colour(rng: np.random.Generator, gray: bool, low: float = 0, high: float = 255) -> Colour:
    """Draw any colour, or shade of gray, of these levels."""
    red, green, blue = (low + (high - low) * number for number in rng.random(3).tolist())
    return (red, red, red) if gray else (red, green, blue)


def draw_ground(rng: np.random.Generator, tone: str, gray: bool) -> Colour:
    """Draw a colour for what lies behind a text of this tone."""
    if tone == "any":
        return draw_colour(rng, gray)
    plain = rng.random() < 0.45
    if tone == "dark":
        return (255.0, 255.0, 255.0) if plain else draw_colour(rng, gray, 150, 255)
    return (0.0, 0.0, 0.0) if plain else draw_colour(rng, gray, 0, 100)


def draw_ink(
    rng: np.random.Generator, behind: Sequence[Colour], tone: str, wanted: float, gray: bool
) -> Colour:
    """Draw a colour that differs from all that lies behind by ``wanted`` levels, if there is one.

    The best of a few attempts is taken: it differs by less where the grounds leave no room.
    """
    lightest, darkest = max(map(luma, behind)), min(map(luma, behind))
    best, best_gap = behind[0], -1.0
    for _ in range(_ATTEMPTS):
        share = rng.random()
        if share < 0.12:
            colour = (0.0, 0.0, 0.0) if lightest + darkest > 255 else (255.0, 255.0, 255.0)
        elif tone == "dark":
            colour = draw_colour(rng, gray, 0, max(darkest - 10, 30))
        elif tone == "light":
            colour = draw_colour(rng, gray, min(lightest + 10, 225), 255)
        else:
            colour = draw_colour(rng, gray)
        gap = min(differ(colour, ground) for ground in behind)
        if gap > best_gap:
            best, best_gap = colour, gap
        if gap >= wanted:
            break
    return best


def faded(colour: Colour, towards: Colour, share: float) -> Colour:
    """Return a colour moved a share of the way towards another one."""
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def fainter(colour: Colour, behind: Colour, gap: float) -> Colour:
    """Return a colour moved towards what lies behind until it differs from it by ``gap``."""
    far = differ(colour, behind)
    return faded(colour, behind, 1 - gap / far) if far > gap else colour


def _octaves(rng: np.random.Generator, shape: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """Return noise of three scales, as of a photograph out of focus."""
    height, width = shape
    total = np.full((*shape, channels), 128, np.uint8)
    for knots, weight in ((2, 1.0), (5, 0.6), (14, 0.35)):
        rows, columns = knots, max(knots, round(knots * width / height))
        small = rng.integers(0, 256, (rows, columns, channels), np.uint8)
        large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        total = np.asarray(
            cv2.addWeighted(total, 1, large.reshape(total.shape), weight, -127.5 * weight), np.uint8
        ).reshape((*shape, channels))
    return total


def scenery(
    rng: np.random.Generator, shape: tuple[int, int], base: Colour, reach: float, gray: bool
) -> RgbImage:
    """Return clutter as of a photograph around a colour, from which it differs by ``reach``."""
    noise = _octaves(rng, shape, 1 if gray else 3)
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = np.array(base, np.float32) + (levels - np.float32(127.5)) * np.float32(reach / 127.5)
    image = cv2.LUT(
        cv2.cvtColor(noise, cv2.COLOR_GRAY2RGB) if gray else noise,
        np.clip(table, 0, 255).astype(np.uint8)[None],
    )
    height, width = shape
    for _ in range(int(rng.integers(0, 7))):  # things with edges
        near = tuple(min(max(b + reach * uniform(rng, -1, 1), 0), 255) for b in base)
        colour = (near[0],) * 3 if gray else near
        centre = np.array([uniform(rng, 0, width), uniform(rng, 0, height)])
        points = centre + rng.uniform(-1, 1, (int(rng.integers(3, 7)), 2)) * (height, height * 0.7)
        cv2.fillPoly(image, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)
    return np.asarray(image, np.uint8)


GROUNDS = ("plain", *SHARES, "scenery")


def draw_backdrop(
    rng: np.random.Generator,
    kind: str,
    shape: tuple[int, int],
    colours: tuple[Colour, Colour],
    gray: bool,
) -> RgbImage:
    """Draw what lies behind.

    Args:
        rng: The source of randomness.
        kind: Of ``GROUNDS``.
        shape: Height and width.
        colours: Those between which it varies.
        gray: Whether it has no hues.
    """
    base, other = colours
    if kind == "plain":
        return filled(shape, base)
    if kind == "scenery":
        middle = between(rng, base, other)
        return scenery(rng, shape, middle, 8 + 0.6 * differ(base, other), gray)
    share = SHARES[kind](rng, shape)
    if share.ndim == 2 or gray:
        plane = share if share.ndim == 2 else share[..., 0]
        share = np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB), np.uint8)
    table = np.linspace(base, other, 256).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(share, table), np.uint8)

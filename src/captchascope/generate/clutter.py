"""Lines, arcs, spots, speckle and grain: what crosses the glyphs."""

from __future__ import annotations

from statistics import NormalDist
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.colour import Colour, ink
from captchascope.generate.noise import chance
from captchascope.generate.style import Style
from captchascope.records import RgbImage

__all__ = ["draw_dots", "draw_lines", "grainy", "speckle"]

_Points: TypeAlias = NDArray[np.float64]
"""Columns and rows, shape (N, 2)."""

_THICKEST = 1 / 14  # of the height: a thicker line hides what it crosses
_PARTS = 4  # bits below a pixel that OpenCV's lines know
_STEPS = np.linspace(0, 1, 40)  # along a curve
_NORMAL = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])


def draw_lines(
    rng: np.random.Generator, image: RgbImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's lines and arcs in place."""
    thickest = min(style.thickness, max(1, round(image.shape[0] * _THICKEST)))
    for number in range(style.lines + style.arcs):
        colour = text if style.line_ink else ink(rng, style, behind)
        if rng.random() < 0.1:
            colour = behind  # a line that cuts through the glyphs
        points = _straight(rng, image) if number < style.lines else _curved(rng, image)
        thickness = int(rng.integers(1, thickest + 1))
        kind = cv2.LINE_8 if style.jagged else cv2.LINE_AA
        fixed = [np.round(points * 2**_PARTS).astype(np.int32)]
        cv2.polylines(image, fixed, False, colour, thickness, kind, _PARTS)


def _straight(rng: np.random.Generator, image: RgbImage) -> _Points:
    """Return a line from side to side, or a shorter one of any direction."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        x = [rng.uniform(-2, width * 0.3), rng.uniform(width * 0.7, width + 2)]
        return np.stack([x, rng.uniform(0, height, 2)], axis=1)
    start = rng.uniform(0, 1, 2) * (width, height)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.2) * height
    return np.stack([start, start + length * np.array([np.cos(angle), np.sin(angle)])])


def _curved(rng: np.random.Generator, image: RgbImage) -> _Points:
    """Return a wave from side to side, a Bezier curve, or a part of an ellipse."""
    height, width = image.shape[:2]
    choice = rng.random()
    if choice < 0.5:
        x = _STEPS * width * rng.uniform(0.7, 1.1)
        wave = np.sin(2 * np.pi * rng.uniform(0.4, 3) * _STEPS + rng.uniform(0, 2 * np.pi))
        y = height * (rng.uniform(0.25, 0.75) + rng.uniform(0.05, 0.35) * wave)
        return np.stack([x, y], axis=1)
    if choice < 0.8:
        s = _STEPS[:, None]
        powers = np.concatenate(
            [(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3], axis=1
        )
        curve: _Points = powers @ (rng.uniform(-0.1, 1.1, (4, 2)) * (width, height))
        return curve
    middle = rng.uniform(0, 1, 2) * (width, height)
    radius = rng.uniform(0.1, 1.0, 2) * (width / 2, height)
    angle = rng.uniform(0, 2 * np.pi) + _STEPS * rng.uniform(1.0, 2 * np.pi)
    ellipse: _Points = middle + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ellipse


def draw_dots(
    rng: np.random.Generator, image: RgbImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's spots in place."""
    height, width = image.shape[:2]
    largest = int(rng.integers(0, max(2, height // 16)))
    xs, ys = (rng.integers(0, side, style.dots).tolist() for side in (width, height))
    radii = rng.integers(0, largest + 1, style.dots).tolist()
    colour = text
    for number, (x, y, radius) in enumerate(zip(xs, ys, radii, strict=True)):
        if not style.line_ink and number % 4 == 0:
            colour = ink(rng, style, behind)
        if largest == 0:
            image[y, x] = colour
        else:
            cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)


def speckle(rng: np.random.Generator, image: RgbImage, style: Style, text: Colour) -> None:
    """Replace a share of the pixels in place: by the glyphs' colour, by white and black, or any."""
    hit = chance(rng, image.shape[:2], style.speckle)
    count = int(hit.sum())
    choice = rng.random()
    if choice < 0.4:
        image[hit] = np.array(text, np.uint8)
    elif choice < 0.7 or style.gray:
        image[hit] = rng.integers(0, 2, (count, 1), np.uint8) * np.uint8(255)
    else:
        image[hit] = rng.integers(0, 256, (count, 3), np.uint8)


def grainy(rng: np.random.Generator, image: RgbImage, style: Style) -> RgbImage:
    """Return the image with normal noise added, the same in all channels where it is gray."""
    height, width = image.shape[:2]
    table = np.round(_NORMAL * style.grain).astype(np.int16)[None]
    channels = 1 if style.gray else 3
    levels = np.frombuffer(rng.bytes(height * width * channels), np.uint8)
    noise = cv2.LUT(levels.reshape(height, width, channels), table)
    if style.gray:
        noise = cv2.merge([noise, noise, noise])
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)

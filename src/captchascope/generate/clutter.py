"""Lines, arcs, spots and speckle: what crosses the glyphs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.backdrop import ColourImage
from captchascope.generate.colour import Colour, ink
from captchascope.generate.style import Style

__all__ = ["draw_dots", "draw_lines", "speckle"]

_PARTS = 4  # bits below a pixel that OpenCV's lines know


def draw_lines(
    rng: np.random.Generator, image: ColourImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's lines and arcs in place."""
    for number in range(style.lines + style.arcs):
        colour = text if style.line_ink else ink(rng, style, behind)
        if rng.random() < 0.1:
            colour = behind  # a line that cuts through the glyphs
        points = _straight(rng, image) if number < style.lines else _curved(rng, image)
        thickness = int(rng.integers(1, style.thickness + 1))
        kind = cv2.LINE_8 if style.jagged else cv2.LINE_AA
        fixed = [np.round(points * 2**_PARTS).astype(np.int32)]
        cv2.polylines(image, fixed, False, colour.tolist(), thickness, kind, _PARTS)


def _straight(rng: np.random.Generator, image: ColourImage) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    if rng.random() < 0.5:  # from side to side
        x = np.array([rng.uniform(-2, width * 0.3), rng.uniform(width * 0.7, width + 2)])
        return np.stack([x, rng.uniform(0, height, 2)], axis=1)
    start = rng.uniform(0, 1, 2) * (width, height)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.2) * height
    return np.stack([start, start + length * np.array([np.cos(angle), np.sin(angle)])])


def _curved(rng: np.random.Generator, image: ColourImage) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    step = np.linspace(0, 1, 40)
    choice = rng.random()
    if choice < 0.5:  # a wave from side to side
        x = step * width * rng.uniform(0.7, 1.1)
        waves, phase = rng.uniform(0.4, 3), rng.uniform(0, 2 * np.pi)
        y = height * (rng.uniform(0.25, 0.75) + rng.uniform(0.05, 0.35) * np.sin(
            2 * np.pi * waves * step + phase
        ))  # fmt: skip
        return np.stack([x, y], axis=1)
    if choice < 0.8:  # a Bezier curve
        a, b, c, d = (rng.uniform(-0.1, 1.1, 2) * (width, height) for _ in range(4))
        s = step[:, None]
        curve: NDArray[np.float64] = (
            (1 - s) ** 3 * a + 3 * s * (1 - s) ** 2 * b + 3 * s**2 * (1 - s) * c + s**3 * d
        )
        return curve
    middle = rng.uniform(0, 1, 2) * (width, height)
    radius = rng.uniform(0.1, 1.0, 2) * (width / 2, height)
    angle = rng.uniform(0, 2 * np.pi) + step * rng.uniform(1.0, 2 * np.pi)
    ellipse: NDArray[np.float64] = middle + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    return ellipse


def draw_dots(
    rng: np.random.Generator, image: ColourImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's spots in place."""
    height, width = image.shape[:2]
    largest = int(rng.integers(0, max(2, height // 16)))
    colour = text
    for number in range(style.dots):
        if not style.line_ink and number % 4 == 0:
            colour = ink(rng, style, behind)
        place = int(rng.integers(width)), int(rng.integers(height))
        if largest == 0:
            image[place[1], place[0]] = colour.astype(np.uint8)
        else:
            radius = int(rng.integers(0, largest + 1))
            cv2.circle(image, place, radius, colour.tolist(), -1, cv2.LINE_AA)


def speckle(rng: np.random.Generator, image: ColourImage, style: Style, text: Colour) -> None:
    """Replace a share of the pixels in place: by the glyphs' colour, by white and black, or any."""
    hit = rng.random(image.shape[:2]) < style.speckle
    count = int(hit.sum())
    choice = rng.random()
    if choice < 0.4:
        image[hit] = text.astype(np.uint8)
    elif choice < 0.7 or style.gray:
        image[hit] = (rng.integers(0, 2, (count, 1)) * 255).astype(np.uint8)
    else:
        image[hit] = rng.integers(0, 256, (count, 3)).astype(np.uint8)

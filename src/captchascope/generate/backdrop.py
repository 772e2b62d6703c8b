"""What lies behind the glyphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.colour import Colour, between, ground
from captchascope.generate.style import Style

__all__ = ["ColourImage", "backdrop"]

ColourImage: TypeAlias = NDArray[np.uint8]
"""Shape (H, W, 3), RGB."""


def backdrop(
    rng: np.random.Generator, shape: tuple[int, int], style: Style, base: Colour
) -> ColourImage:
    """Draw the ground in the style's manner around its colour."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = base.astype(np.uint8)
    paint = _PAINTERS.get(style.backdrop)
    if paint is not None:
        other = between(rng, base, _near(rng, style, base))
        paint(rng, image, base, other)
    return image


def _near(rng: np.random.Generator, style: Style, base: Colour) -> Colour:
    """Return another ground that the glyphs will still stand out from."""
    other = ground(rng, style)
    return np.clip(other, base - 70, base + 70)


def _gradient(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    share = ((x * np.cos(angle) + y * np.sin(angle)) / 2.83 + 0.5)[..., None]
    image[:] = (base + (other - base) * share).astype(np.uint8)


def _noise(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    height, width = image.shape[:2]
    cell = int(rng.integers(1, 4))
    small = rng.random((-(-height // cell), -(-width // cell), 1 if rng.random() < 0.5 else 3))
    share = np.repeat(np.repeat(small, cell, 0), cell, 1)[:height, :width]
    image[:] = (base + (other - base) * share).astype(np.uint8)


def _blobs(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    height, width = image.shape[:2]
    small = rng.random((int(rng.integers(2, 6)), int(rng.integers(3, 10)), 3)).astype(np.float32)
    share = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    image[:] = (base + (other - base) * share).astype(np.uint8)


def _stripes(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    height, width = image.shape[:2]
    period, angle = rng.uniform(3, 14), rng.uniform(0, np.pi)
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    on = ((x * np.cos(angle) + y * np.sin(angle)) % period) < period * rng.uniform(0.15, 0.6)
    image[on] = other.astype(np.uint8)


def _grid(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    rows, columns = int(rng.integers(4, 16)), int(rng.integers(4, 16))
    image[int(rng.integers(rows)) :: rows] = other.astype(np.uint8)
    image[:, int(rng.integers(columns)) :: columns] = other.astype(np.uint8)


def _patches(rng: np.random.Generator, image: ColourImage, base: Colour, other: Colour) -> None:
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(2, 9))):
        colour = between(rng, base, other).tolist()
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = int(rng.integers(4, width // 2 + 5)), int(rng.integers(4, height // 2 + 5))
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        else:
            cv2.ellipse(image, (x, y), (w // 2, h // 2), rng.uniform(0, 180), 0, 360, colour, -1)


_Painter: TypeAlias = Callable[[np.random.Generator, ColourImage, Colour, Colour], None]

_PAINTERS: dict[str, _Painter] = {
    "gradient": _gradient,
    "noise": _noise,
    "blobs": _blobs,
    "stripes": _stripes,
    "grid": _grid,
    "patches": _patches,
}

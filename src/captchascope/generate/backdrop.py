"""What lies behind the glyphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.colour import Colour, between, near
from captchascope.generate.style import Style
from captchascope.records import RgbImage

__all__ = ["backdrop", "filled"]

_Share: TypeAlias = NDArray[np.uint8]
"""How much of the other colour there is, 0 to 255; shape (H, W), or (H, W, 3) for each channel."""


def backdrop(
    rng: np.random.Generator, shape: tuple[int, int], style: Style, base: Colour
) -> RgbImage:
    """Draw the ground in the style's manner around its colour."""
    if style.backdrop == "plain":
        return filled(shape, base)
    other = between(rng, base, near(rng, style, base))
    if style.backdrop == "patches":
        return _patches(rng, shape, base, other)
    return _mixed(_SHARES[style.backdrop](rng, shape), base, other)


def filled(shape: tuple[int, ...], colour: Colour) -> RgbImage:
    """Return an image of one colour."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = np.tile(np.array(colour, np.uint8), shape[1]).reshape(1, shape[1], 3)
    return image


def _mixed(share: _Share, base: Colour, other: Colour) -> RgbImage:
    """Return both colours mixed pixel by pixel."""
    table = np.linspace(base, other, 256).astype(np.uint8)[None]
    if share.ndim == 2:
        share = np.asarray(cv2.cvtColor(share, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.asarray(cv2.LUT(share, table), np.uint8)


def _gradient(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    angle = float(rng.uniform(0, 2 * np.pi))
    down, across = (np.linspace(-45, 45, side, dtype=np.float32) for side in shape)
    share = across * np.float32(2 * np.cos(angle)) + (down * np.float32(2 * np.sin(angle)))[:, None]
    return (share + np.float32(127.5)).astype(np.uint8)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    (height, width), cell = shape, int(rng.integers(1, 4))
    channels = (3,) if rng.random() < 0.5 else ()
    small = rng.integers(0, 256, (-(-height // cell), -(-width // cell), *channels), np.uint8)
    size = small.shape[1] * cell, small.shape[0] * cell
    large = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large[:height, :width], np.uint8)


def _blobs(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    knots = int(rng.integers(2, 6)), int(rng.integers(3, 10)), 3
    small = rng.integers(0, 256, knots, np.uint8)
    large = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def _stripes(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    period, angle = float(rng.uniform(3, 14)), float(rng.uniform(0, np.pi))
    down, across = (np.arange(side, dtype=np.float32) for side in shape)
    phase = across * np.float32(np.cos(angle)) + (down * np.float32(np.sin(angle)))[:, None]
    on = phase % np.float32(period) < period * float(rng.uniform(0.15, 0.6))
    return on.astype(np.uint8) * np.uint8(255)


def _grid(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    share = np.zeros(shape, np.uint8)
    rows, columns = (int(step) for step in rng.integers(4, 16, 2))
    share[int(rng.integers(rows)) :: rows] = 255
    share[:, int(rng.integers(columns)) :: columns] = 255
    return share


_SHARES: dict[str, Callable[[np.random.Generator, tuple[int, int]], _Share]] = {
    "gradient": _gradient,
    "noise": _noise,
    "blobs": _blobs,
    "stripes": _stripes,
    "grid": _grid,
}


def _patches(
    rng: np.random.Generator, shape: tuple[int, int], base: Colour, other: Colour
) -> RgbImage:
    height, width = shape
    image = filled(shape, base)
    for _ in range(int(rng.integers(2, 9))):
        colour = between(rng, base, other)
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = int(rng.integers(4, width // 2 + 5)), int(rng.integers(4, height // 2 + 5))
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        else:
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(image, (x, y), (w // 2, h // 2), angle, 0, 360, colour, -1)
    return image

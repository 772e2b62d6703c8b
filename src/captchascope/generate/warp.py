"""Bending an image: waves, swellings, shear and taper."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.style import Style

__all__ = ["Field", "field", "warped"]

Field: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""From which column and row each pixel comes, both of shape (H, W)."""


def field(rng: np.random.Generator, shape: tuple[int, int], style: Style) -> Field:
    """Draw one displacement for all pixels of an image of this shape."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    reach = style.warp * height * rng.uniform(0.3, 1.0)
    if style.warp and rng.random() < 0.75:
        for _ in range(int(rng.integers(1, 3))):
            dy += reach * np.sin(_waves(rng, height) * x + rng.uniform(0, 6.3)).astype(np.float32)
            dx += reach * np.sin(_waves(rng, height) * y + rng.uniform(0, 6.3)).astype(np.float32)
        dy, dx = dy * rng.uniform(0.4, 1.0), dx * rng.uniform(0.2, 0.8)
    elif style.warp:
        coarse = rng.uniform(-1.6, 1.6, (int(rng.integers(2, 5)), int(rng.integers(3, 9)), 2))
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        dx, dy = (reach * smooth[..., i].astype(np.float32) for i in (0, 1))
    if style.slant:
        u, v = (x - width / 2) / width, (y - height / 2) / height
        a, b, c, d = style.slant * rng.uniform(-1, 1, 4).astype(np.float32)
        dx += height * a * v + width * 0.5 * b * u * v
        dy += height * (c * u + d * u * v)
    return x + dx, y + dy


def _waves(rng: np.random.Generator, height: int) -> float:
    return 2 * np.pi / (height * rng.uniform(0.7, 4.0))


def warped(image: NDArray[np.uint8], by: Field) -> NDArray[np.uint8]:
    """Return a bent image of the same shape; beyond the border the border repeats."""
    bent = cv2.remap(image, *by, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8)

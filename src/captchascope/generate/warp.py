"""Bending an image: waves, swellings, shear and taper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.style import Style

__all__ = ["Bend", "draw_bend"]


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """How far to the right and down of each pixel lies the one that it takes.

    Attributes:
        dx: Columns, shape (H, W).
        dy: Rows, shape (H, W).
    """

    dx: NDArray[np.float32]
    dy: NDArray[np.float32]

    def bent(self, image: NDArray[np.uint8], share: float, border: int) -> NDArray[np.uint8]:
        """Return an image bent to a share of the whole way; ``border`` is one of OpenCV's."""
        bent = cv2.remap(image, *self._maps(share), cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(bent, np.uint8)

    def moved(self, numbers: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
        """Return an image bent likewise whose levels are numbers that cannot be mixed."""
        border = cv2.BORDER_REPLICATE
        moved = cv2.remap(numbers, *self._maps(share), cv2.INTER_NEAREST, borderMode=border)
        return np.asarray(moved, np.uint8)

    def _maps(self, share: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        height, width = self.dx.shape
        x, y = self.dx * np.float32(share), self.dy * np.float32(share)
        x += np.arange(width, dtype=np.float32)
        y += np.arange(height, dtype=np.float32)[:, None]
        return x, y


def draw_bend(rng: np.random.Generator, shape: tuple[int, int], style: Style) -> Bend:
    """Draw one displacement for all pixels of an image of this shape."""
    dx, dy = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    reach = style.warp * shape[0] * float(rng.uniform(0.3, 1.0))
    if style.warp and rng.random() < 0.75:
        _add_waves(rng, dx, dy, reach)
    elif style.warp:
        knots = int(rng.integers(2, 5)), int(rng.integers(3, 9))
        for part in (dx, dy):
            coarse = rng.uniform(-1.6 * reach, 1.6 * reach, knots).astype(np.float32)
            part += cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    if style.slant:
        _add_slant(rng, dx, dy, style.slant)
    return Bend(dx, dy)


def _add_waves(
    rng: np.random.Generator, dx: NDArray[np.float32], dy: NDArray[np.float32], reach: float
) -> None:
    """Add one or two waves along each axis, in place."""
    height, width = dx.shape
    count = int(rng.integers(1, 3))
    for part, side, low, high in ((dy, width, 0.4, 1.0), (dx, height, 0.2, 0.8)):
        steps = np.arange(side)
        wave = np.zeros(side)
        for _ in range(count):
            length = height * rng.uniform(0.7, 4.0)
            wave += np.sin(2 * np.pi / length * steps + rng.uniform(0, 2 * np.pi))
        wave = (wave * (reach * rng.uniform(low, high))).astype(np.float32)
        part += wave if part is dy else wave[:, None]


def _add_slant(
    rng: np.random.Generator, dx: NDArray[np.float32], dy: NDArray[np.float32], slant: float
) -> None:
    """Add shear along both axes, and taper, in place."""
    height, width = dx.shape
    u = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    v = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    a, b, c, d = (slant * rng.uniform(-1, 1, 4)).astype(np.float32)
    dx += v * (height * a + (width * b / 2) * u)
    dy += u * (height * c + (height * d) * v)

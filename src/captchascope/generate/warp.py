"""Warps of a picture, by where each pixel is taken from: waves, ripples, swirls and perspective."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.noise import uniform

_STEEPEST = 0.9  # pixels by which neighbours are pulled apart
_Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Column and row from which each pixel is taken, both of shape (H, W)."""

    x: _Grid
    y: _Grid

    def warped(
        self,
        image: NDArray[np.uint8],
        border: int = cv2.BORDER_CONSTANT,
        pixels: int = cv2.INTER_LINEAR,
    ) -> NDArray[np.uint8]:
        """Return an image, warped; ``border`` and ``pixels`` are OpenCV's."""
        return np.asarray(cv2.remap(image, self.x, self.y, pixels, borderMode=border), np.uint8)


def _waves(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """One or two sines along either axis or both."""
    parts = []
    which = int(rng.integers(3))
    for axis, share in ((1, 1.0 if which != 1 else 0.3), (0, 0.6 if which != 0 else 0.15)):
        steps = np.arange(shape[axis], dtype=np.float32)
        wave = np.zeros(shape[axis], np.float32)
        count = int(rng.integers(1, 3))
        for _ in range(count):
            far = reach * share / count * uniform(rng, 0.6, 1.0)
            length = max(2 * math.pi * far / _STEEPEST, reach * uniform(rng, 5, 40), 8.0)
            wave += np.float32(far) * np.sin(
                steps * np.float32(2 * math.pi / length) + np.float32(uniform(rng, 0, 7))
            )
        parts.append(wave)
    down = np.broadcast_to(parts[0], shape)
    across = np.broadcast_to(parts[1][:, None], shape)
    return across, down


def _ripples(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """Each pixel moves by a sine of both its column and its row, as OCR-proof water does."""
    height, width = shape
    across, down = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    far = reach * uniform(rng, 0.5, 0.9)
    parts = []
    for _ in range(2):
        length = max(2 * math.pi * far / _STEEPEST, reach * uniform(rng, 6, 20), 8.0)
        angle, phase = uniform(rng, 0, 2 * math.pi), uniform(rng, 0, 7)
        step = 2 * math.pi / length
        turn = across * np.float32(step * math.cos(angle)) + down * np.float32(
            step * math.sin(angle)
        )
        parts.append(np.float32(far) * np.sin(turn + np.float32(phase)))
    return parts[0], parts[1]


def _swirl(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """Turn what is around a point, the more the nearer."""
    height, width = shape
    x = np.arange(width, dtype=np.float32) - np.float32(width * uniform(rng, 0.3, 0.7))
    y = (np.arange(height, dtype=np.float32) - np.float32(height * uniform(rng, 0.35, 0.65)))[
        :, None
    ]
    radius = uniform(rng, 0.4, 1.0) * max(width / 2, height)
    most = min(1.6 * reach / radius, 0.9) * (1 if rng.random() < 0.5 else -1)
    angle = np.float32(most * 1.6) * np.exp((x * x + y * y) * np.float32(-1 / radius**2))
    sin, cos = np.sin(angle), np.cos(angle) - np.float32(1)
    return cos * x - sin * y, sin * x + cos * y


def _bulge(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """Magnify or shrink what is around a point, as a lens does."""
    height, width = shape
    x = np.arange(width, dtype=np.float32) - np.float32(width * uniform(rng, 0.2, 0.8))
    y = (np.arange(height, dtype=np.float32) - np.float32(height * uniform(rng, 0.35, 0.65)))[
        :, None
    ]
    radius = uniform(rng, 0.5, 1.2) * height
    most = min(2.4 * reach / radius, 0.45) * (1 if rng.random() < 0.6 else -1)
    pull = np.float32(-most) * np.exp((x * x + y * y) * np.float32(-1 / radius**2))
    return pull * x, pull * y


def _perspective(
    rng: np.random.Generator, shape: tuple[int, int], reach: float
) -> tuple[_Grid, _Grid]:
    """Move the corners, and all else with them."""
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moves = rng.uniform(-1, 1, (4, 2)) * (1.8 * reach, reach)
    matrix = cv2.getPerspectiveTransform(corners, corners + moves.astype(np.float32))
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    (a, b, c), (d, e, f), (g, h, _) = matrix.astype(np.float32)
    depth = g * x + h * y + np.float32(1)
    return (a * x + b * y + c) / depth - x, (d * x + e * y + f) / depth - y


def _knots(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """Pull at the knots of a coarse net."""
    height, width = shape
    rows = int(rng.integers(2, 4))
    columns = max(3, round(width / max(height * uniform(rng, 0.5, 1.2), 6 * reach)))
    parts = rng.uniform(-0.85 * reach, 0.85 * reach, (2, rows, columns)).astype(np.float32)
    across, down = (cv2.resize(p, (width, height), interpolation=cv2.INTER_CUBIC) for p in parts)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _shears(rng: np.random.Generator, shape: tuple[int, int], reach: float) -> tuple[_Grid, _Grid]:
    """Slant to one side in the upper rows, and to another in the lower, in one go or in zigzag."""
    height, width = shape
    count = int(rng.integers(2, 5))
    far = min(1.3 * reach, 0.45 * height / (count - 1))
    knots = rng.uniform(-far, far, (count, 1)).astype(np.float32)
    way = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    across = cv2.resize(knots, (1, height), interpolation=way)
    tilt = uniform(rng, -1, 1) * min(reach / width, 0.1) * 2
    down = (np.arange(width, dtype=np.float32) - np.float32(width / 2)) * np.float32(tilt)
    return np.broadcast_to(across, shape), np.broadcast_to(down, shape)


_KINDS: dict[str, Callable[[np.random.Generator, tuple[int, int], float], tuple[_Grid, _Grid]]] = {
    "waves": _waves,
    "ripples": _ripples,
    "swirl": _swirl,
    "bulge": _bulge,
    "perspective": _perspective,
    "knots": _knots,
    "shears": _shears,
}
WARPS = tuple(_KINDS)


def draw_warp(rng: np.random.Generator, kind: str, shape: tuple[int, int], reach: float) -> Warp:
    """Draw a warp.

    Args:
        rng: Its waves, knots and corners.
        kind: Of ``WARPS``.
        shape: Height and width of the picture.
        reach: How far a pixel moves, about, in pixels.
    """
    across, down = _KINDS[kind](rng, shape, reach)
    height, width = shape
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    return Warp(np.asarray(across + x, np.float32), np.asarray(down + y, np.float32))

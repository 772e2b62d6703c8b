"""Images as they might also have been: moved, bent, relit, blurred, noisier, in part hidden."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_LEVELS = np.arange(256, dtype=np.float32)


def augment_image(
    image: NDArray[np.uint8], rng: np.random.Generator, strength: float
) -> NDArray[np.uint8]:
    """Change an image in ways that leave its text what it was.

    Args:
        image: Shape (H, W) or (H, W, 3).
        rng: The source of randomness.
        strength: 0 changes nothing, 1 is what a set of a hundred images needs.
    Returns:
        A new array of the same shape.
    """
    if strength <= 0:
        return image.copy()
    image = _bent(image, rng, strength) if rng.random() < 0.35 else _moved(image, rng, strength)
    image = _relit(image, rng, strength)
    if rng.random() < 0.2 * strength:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9)), np.uint8)
    if rng.random() < 0.3 * strength:
        _add_noise(image, rng, rng.uniform(2, 16) * strength)
    if rng.random() < 0.25 * strength:
        _hide(image, rng)
    return image


def _matrix(shape: tuple[int, ...], rng: np.random.Generator, strength: float) -> NDArray[Any]:
    """Return an affine map: a few degrees, a tenth of the size, a few pixels."""
    height, width = shape[:2]
    angle = math.radians(strength * rng.normal(0, 2.5))
    shear = strength * rng.normal(0, 0.08)
    sx, sy = np.exp(strength * rng.normal(0, 0.06, 2))
    dx, dy = strength * rng.uniform(-1, 1, 2) * (min(0.04 * width, 6), 0.06 * height)
    cos, sin = math.cos(angle), math.sin(angle)
    a, b = sx * cos, sx * (shear * cos - sin)
    c, d = sy * sin, sy * (shear * sin + cos)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return np.array([[a, b, cx + dx - a * cx - b * cy], [c, d, cy + dy - c * cx - d * cy]])


def _moved(
    image: NDArray[np.uint8], rng: np.random.Generator, strength: float
) -> NDArray[np.uint8]:
    size = image.shape[1], image.shape[0]
    moved = cv2.warpAffine(
        image,
        _matrix(image.shape, rng, strength),
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)


def _bent(image: NDArray[np.uint8], rng: np.random.Generator, strength: float) -> NDArray[np.uint8]:
    """Move, and displace by a smooth random field on top."""
    height, width = image.shape[:2]
    knots = 3, max(3, round(3 * width / height))
    field = rng.normal(0, 0.03 * strength * height, (2, *knots)).astype(np.float32)
    dx, dy = (cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in field)
    (a, b, e), (c, d, f) = cv2.invertAffineTransform(_matrix(image.shape, rng, strength))
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    dx += np.float32(a) * x + (np.float32(b) * y + np.float32(e))
    dy += np.float32(c) * x + (np.float32(d) * y + np.float32(f))
    bent = cv2.remap(image, dx, dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8)


def _relit(
    image: NDArray[np.uint8], rng: np.random.Generator, strength: float
) -> NDArray[np.uint8]:
    """Change brightness, contrast and gamma, of each channel a little differently."""
    channels = 1 if image.ndim == 2 else 3
    shared = rng.normal(0, 1, 3)
    tables = []
    for own in rng.normal(0, 0.4, (channels, 3)):
        gain, shift, gamma = strength * (shared + own) * (0.12, 12, 0.18)
        levels = 255 * (_LEVELS / 255) ** np.float32(math.exp(gamma))
        levels = (levels - 128) * np.float32(math.exp(gain)) + np.float32(128 + shift)
        tables.append(np.clip(levels, 0, 255).astype(np.uint8))
    table = tables[0] if channels == 1 else np.stack(tables, axis=1)[:, None, :]
    return np.asarray(cv2.LUT(image, table), np.uint8)


def _add_noise(image: NDArray[np.uint8], rng: np.random.Generator, sigma: float) -> None:
    noise = rng.standard_normal(image.shape, np.float32)
    noise *= np.float32(sigma)
    noise += image
    np.clip(noise, 0, 255, out=noise)
    image[:] = noise


def _hide(image: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Paint a small patch over, in a colour of the image itself."""
    height, width = image.shape[:2]
    h, w = int(rng.integers(2, max(3, height // 4))), int(rng.integers(2, max(3, height // 4)))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    image[y : y + h, x : x + w] = image[int(rng.integers(height)), int(rng.integers(width))]

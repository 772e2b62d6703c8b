"""Arrays of any usual shape and type to gray or RGB, 8 bits, on white."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.imageheader import check_size
from captchascope.records import GrayImage, RgbImage

__all__ = ["Channels", "levels_of", "on_white"]

Channels: TypeAlias = Literal[1, 3]
"""Of a decoded image: gray, or red, green and blue."""


def levels_of(
    pixels: NDArray[Any], channels: Channels, where: str, max_pixels: int
) -> GrayImage | RgbImage:
    """Return shape (H, W) for one channel, (H, W, 3) RGB for three.

    Args:
        pixels: Shape (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or bool.
        channels: What is wanted.
        where: What an error names.
        max_pixels: The limit of H times W.

    Returns:
        C-contiguous, sharing no memory with ``pixels``.

    Raises:
        ImageError: If the shape or the type is another one, or there are too many pixels.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        what = f"has the shape {pixels.shape}, not (H, W) or (H, W, 1, 3 or 4)"
        raise ImageError(where, what, "pass one image at a time; encoded data as bytes")
    height, width = pixels.shape[:2]
    check_size(where, width, height, max_pixels)
    levels = np.array(_eight_bits(pixels, where), dtype=np.uint8, order="C")
    if levels.ndim == 3 and levels.shape[2] == 4:
        return on_white(levels, channels)
    if levels.ndim == 3 and levels.shape[2] == 3:
        return levels if channels == 3 else _converted(levels, cv2.COLOR_RGB2GRAY)
    gray = levels.reshape(height, width)
    return gray if channels == 1 else _converted(gray, cv2.COLOR_GRAY2RGB)


def on_white(rgba: NDArray[np.uint8], channels: Channels) -> GrayImage | RgbImage:
    """Composite shape (H, W, 4) on white, as gray or RGB."""
    alpha = rgba[:, :, 3]
    if channels == 3:
        alpha = _converted(alpha, cv2.COLOR_GRAY2RGB)
        colour = _converted(rgba, cv2.COLOR_RGBA2RGB)
    else:
        colour = _converted(rgba, cv2.COLOR_RGBA2GRAY)
    # Only the darkness is weighted by the alpha; OpenCV rounds, and no product lies halfway.
    darkness = cv2.bitwise_not(colour, dst=colour)
    veiled = cv2.multiply(darkness, alpha, dst=darkness, scale=1 / 255)
    return cast("GrayImage | RgbImage", cv2.bitwise_not(veiled, dst=veiled))


def _converted(levels: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    return cast("NDArray[np.uint8]", cv2.cvtColor(levels, code))


def _eight_bits(pixels: NDArray[Any], where: str) -> NDArray[Any]:
    """Return ``pixels`` in the range 0 to 255."""
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "b":
        return pixels * np.uint8(255)
    if kind == "u" and size <= 2:
        return pixels if size == 1 else pixels >> 8
    remedy = "make it uint8, 0 black to 255 white"
    if kind == "f":
        remedy += "; from 0.0 to 1.0: (pixels * 255).round().astype(np.uint8)"
    raise ImageError(where, f"has pixels of type {pixels.dtype}", remedy)

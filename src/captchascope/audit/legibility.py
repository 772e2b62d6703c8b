"""The human side: contrast, strokes, sizes, and another way for who cannot see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from captchascope.audit.ink import Ink, ink_of
from captchascope.records import RgbImage


def relative_luminance(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the relative luminance, 0 to 1, of sRGB colours, as WCAG 2.2 defines it.

    Args:
        colours: 0 to 255, shape (..., 3).
    Returns:
        Shape (...).
    """
    levels = np.asarray(colours, np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), np.float64)


def contrast_of(rgb: RgbImage) -> float:
    """Return the contrast ratio of text and ground, 1 to 21, as WCAG 2.2 defines it.

    It is the median over the inside of strokes, for edges are a mixture, against the ground just
    there. An image without text has 1.

    Args:
        rgb: Shape (H, W, 3).

    Example:
        >>> contrast_of(load_rgb("captcha.jpeg"))
        8.7
    """
    return _contrast(ink_of(rgb))


def _contrast(ink: Ink) -> float:
    if not ink.inside.any():
        return 1.0
    text = relative_luminance(ink.image[ink.inside])
    ground = relative_luminance(ink.ground[ink.inside])
    ratios = (np.maximum(text, ground) + 0.05) / (np.minimum(text, ground) + 0.05)
    return float(np.median(ratios))

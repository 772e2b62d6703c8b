"""What the strokes of a glyph are filled with, and how thick they are."""

from __future__ import annotations

import cv2
import numpy as np

from captchascope.generate.noise import BoolMap, chance, uniform
from captchascope.generate.stamps import Mask
from captchascope.generate.style import Style

__all__ = ["outlined", "swelling", "textured"]

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_THINNABLE = 40  # pixels of height: strokes of smaller glyphs would vanish
_BOLDEST = 1 / 22  # of a glyph's height on either side of a stroke: more closes its counters


def swelling(style: Style) -> int:
    """Return by how many pixels a glyph grows on each side."""
    return max(style.bold, 0) + (style.fill == "hollow")


def outlined(mask: Mask, style: Style) -> Mask:
    """Thicken or thin the strokes, and leave only their rim where they are hollow."""
    bold = min(style.bold, round(mask.shape[0] * _BOLDEST))
    if bold > 0:
        mask = np.asarray(cv2.dilate(mask, _CROSS, iterations=bold), np.uint8)
    elif bold < 0 and mask.shape[0] > _THINNABLE:
        mask = np.asarray(cv2.erode(mask, _CROSS), np.uint8)
    if style.fill == "hollow":
        rim = cv2.subtract(cv2.dilate(mask, _CROSS), cv2.erode(mask, _CROSS))
        mask = np.asarray(rim, np.uint8)
    return mask


def textured(rng: np.random.Generator, mask: Mask, style: Style) -> Mask:
    """Fill the strokes as the style says."""
    if style.fill == "dotted":
        mask = mask * _screen(rng, mask.shape)
    elif style.fill == "gradient":
        fade = np.linspace(uniform(rng, 0.45, 1), uniform(rng, 0.45, 1), mask.shape[0])
        mask = (mask * fade.astype(np.float32)[:, None]).astype(np.uint8)
    if style.jagged:
        mask = np.asarray(cv2.threshold(mask, 110, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return mask


def _screen(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    """Return 1 where ink stays: slanted lines, or two pixels out of three."""
    if rng.random() < 0.5:
        return chance(rng, shape, 0.65).view(np.uint8)
    y, x = np.ogrid[: shape[0], : shape[1]]
    stays: BoolMap = (x + y) % int(rng.integers(2, 5)) != 0
    return stays.view(np.uint8)

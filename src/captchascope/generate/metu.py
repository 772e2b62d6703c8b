"""Captchas like those of the METU registration page: six digits, 150x50, two kinds.

The figures come from twelve real images: what was measured is the mean, and every one is varied
past what was seen, since a reader trained on the mean alone drops digits of the real ones.
"""

from __future__ import annotations

import cv2
import numpy as np

from captchascope.generate.noise import chance, dashes, displace, scattered_dashes, uniform
from captchascope.generate.paint import Drawn
from captchascope.generate.typefaces import FULL, SUBPIXELS, Coverage, glyph, paste
from captchascope.records import GrayImage

_FONT = "captchascope-digits.ttf"
_HEIGHT, _WIDTH, _DIGITS = 50, 150, 6
_MARGIN = 2  # of a glyph's coverage map

# Row step, column step, dash period, dash; half of them repeat every 12 columns.
_MOTIFS = (
    (4, 4, 6, 3), (4, 4, 6, 3), (4, 4, 6, 2), (5, 4, 6, 3), (4, 6, 4, 2), (5, 6, 4, 2),
    (5, 5, 3, 1), (4, 5, 3, 2), (4, 6, 9, 4), (5, 9, 6, 3), (5, 5, 6, 3), (4, 5, 6, 3),
)  # fmt: skip

_SCATTERED = 0.3  # of the patterns: real motifs are new each time, so not all of one family
_TILE_WIDTHS = (12, 12, 12, 15, 18, 30)


def draw_metu(rng: np.random.Generator) -> Drawn:
    """Draw one captcha of either kind, with its label and the JPEG quality to save it with."""
    label = "".join(map(str, rng.integers(0, 10, _DIGITS)))
    kind = int(rng.integers(1, 3))
    strokes = _strokes(rng, label)
    image = _speckled(rng, strokes) if kind == 1 else _patterned(rng, strokes)
    if rng.random() < 0.25:
        image = _resampled(rng, image)
    quality = int(rng.integers(72, 95))
    return Drawn(image, label, {"kind": str(kind)}, quality)


def _strokes(rng: np.random.Generator, label: str) -> Coverage:
    """Lay the digits on a line, each up to a pixel off it."""
    canvas = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    eighths = int(rng.integers(17 * 8 - 2, 20 * 8 + 3))
    advance = min(max(eighths / 8 * uniform(rng, 0.72, 0.79), 13.0), 14.5)
    left = uniform(rng, 28.9, 30.2)
    top = uniform(rng, 1.5, _HEIGHT - 1.5 - eighths / 8)
    for number, char in enumerate(label):
        x = round((left + number * advance) * SUBPIXELS)
        y = round((top + uniform(rng, -1, 1)) * SUBPIXELS)
        char_map = glyph(_FONT, char, eighths, x % SUBPIXELS, y % SUBPIXELS)
        paste(canvas, char_map, x // SUBPIXELS - _MARGIN, y // SUBPIXELS - _MARGIN)
    return canvas


def _inked(strokes: Coverage, ink: int) -> GrayImage:
    """Shade coverage from white to ``ink``."""
    return (255 - strokes.astype(np.int32) * (255 - ink) // FULL).astype(np.uint8)


def _speckled(rng: np.random.Generator, strokes: Coverage) -> GrayImage:
    """Kind 1: black digits, scattered and eaten away, under black speckle."""
    strokes = displace(rng, strokes, scatter=uniform(rng, 0.0, 0.15), shift=uniform(rng, 0.0, 0.1))
    eaten = chance(rng, strokes.shape, uniform(rng, 0.0, 0.05))
    ink = int(rng.integers(0, 32))
    # Steeper edges: the real strokes of this kind hold few grays.
    steep = np.clip(strokes.astype(np.int32) * 2 - FULL * 5 // 8, 0, FULL).astype(np.uint8)
    image = _inked(np.where(eaten, 0, steep), ink)
    speckle = chance(rng, strokes.shape, uniform(rng, 0.13, 0.155))
    image[speckle] = 0
    return image


def _patterned(rng: np.random.Generator, strokes: Coverage) -> GrayImage:
    """Kind 2: dark gray digits on a periodic pattern in the same gray.

    The pattern is a lattice of dashes, as most of the real ones look, or else scattered dashes.
    """
    ink = int(rng.integers(84, 108))
    image = _inked(strokes, ink)
    if rng.random() < _SCATTERED:
        tile = int(rng.integers(8, 11)), int(rng.choice(_TILE_WIDTHS))
        pattern = scattered_dashes(rng, image.shape, tile=tile, ink=uniform(rng, 0.1, 0.22))
    else:
        rows, columns, period, on = _MOTIFS[rng.integers(len(_MOTIFS))]
        pattern = dashes(rng, image.shape, step=(rows, columns), period=period, on=on)
    image[pattern] = np.minimum(image[pattern], ink)
    return image


def _resampled(rng: np.random.Generator, image: GrayImage) -> GrayImage:
    """Scale by up to 4 % and cut or pad to size, as a screenshot or a thumbnail would."""
    scale = uniform(rng, 0.96, 1.04)
    size = round(_WIDTH * scale), round(_HEIGHT * scale)
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR_EXACT)
    result = np.full((_HEIGHT, _WIDTH), 255, np.uint8)
    height, width = min(_HEIGHT, size[1]), min(_WIDTH, size[0])
    result[:height, :width] = scaled[:height, :width]
    return result

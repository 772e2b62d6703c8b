"""Images as sixels, for terminals that draw them (DEC, VT330/VT340 manual, chapter 14)."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from PIL import Image

from captchascope.records import RgbImage

COLOURS = 64
"""How many colours an image is reduced to at most; few terminals have fewer than 256."""

_BAND = 6  # rows that one line of sixels draws


def to_sixel(image: RgbImage) -> str:
    """Return the escape sequence that draws an image at the cursor.

    Args:
        image: Shape (H, W, 3).
    """
    height, width, _ = image.shape
    quantized = Image.fromarray(image).quantize(COLOURS, dither=Image.Dither.NONE)
    indices = np.asarray(quantized)
    palette = np.asarray(quantized.getpalette() or [], np.uint8).reshape(-1, 3)
    used = np.unique(indices)
    parts = [f'\x1bP0;1q"1;1;{width};{height}']
    for colour in used:
        red, green, blue = (round(int(level) * 100 / 255) for level in palette[colour])
        parts.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, height, _BAND):
        band = indices[top : top + _BAND]
        weights = (1 << np.arange(len(band)))[:, None]
        lines = []
        for colour in np.unique(band):
            values = groupby(((band == colour) * weights).sum(axis=0).tolist())
            lines.append(f"#{colour}" + "".join(_run(bits, len([*run])) for bits, run in values))
        parts.append("$".join(lines) + "-")
    return "".join(parts) + "\x1b\\"


def _run(bits: int, length: int) -> str:
    """Return so many equal sixels, each the bits of six pixels, the lowest on top."""
    sixel = chr(63 + bits)
    return f"!{length}{sixel}" if length > 3 else sixel * length

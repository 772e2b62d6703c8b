"""Where the glyphs of a text stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.generate.noise import uniform
from captchascope.generate.stamps import stamp, turned
from captchascope.generate.style import Style
from captchascope.generate.typefaces import names

__all__ = ["Line", "Placed", "lay_out"]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One glyph's mask and where its first column lies; ``middle`` is the row of its middle."""

    mask: NDArray[np.uint8]
    left: int
    middle: float
    drop: int


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A text laid out from column 0 on.

    Attributes:
        glyphs: From left to right.
        width: Of all of them, pixels.
        height: That they need, wobble and descenders included, pixels.
    """

    glyphs: tuple[Placed, ...]
    width: int
    height: float


def lay_out(
    rng: np.random.Generator, text: str, style: Style, cap: float, squeeze: float = 1.0
) -> Line:
    """Set a text with capitals ``cap`` pixels tall.

    Args:
        rng: Turns, slants and moves the glyphs.
        text: What to set.
        style: How.
        cap: Pixels.
        squeeze: By how much glyphs are narrowed.
    """
    fonts = style.fonts or names()
    font = str(rng.choice(fonts))
    glyphs, x = [], 0.0
    for char in text:
        if style.mixed:
            font = str(rng.choice(fonts))
        source = stamp(font, char, cap)
        size = cap * 88 / 48 / source.baseline * (1 + style.scaling * uniform(rng, -1, 1))
        mask, middle = turned(
            source,
            (size, size * squeeze),
            style.rotation * uniform(rng, -1, 1),
            style.shear * uniform(rng, -1, 1),
        )
        drop = round(cap * style.wobble * uniform(rng, -1, 1))
        glyphs.append(Placed(mask, round(x), middle, drop))
        overlap = style.gap if style.gap >= 0 else max(style.gap, -0.6 * mask.shape[1] / cap)
        x += max(mask.shape[1] + cap * (overlap + 0.04 * uniform(rng, -1, 1)), 2.0)
    width = glyphs[-1].left + glyphs[-1].mask.shape[1]
    return Line(tuple(glyphs), width, cap * (1.25 + 2 * style.wobble + style.rotation / 120))

"""Colours that can be told apart."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from captchascope.generate.noise import uniform
from captchascope.generate.style import Style

__all__ = ["Colour", "between", "ground", "ink", "luma", "near"]

Colour: TypeAlias = tuple[float, float, float]
"""RGB, 0 to 255."""

_BLACK, _WHITE = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
_ATTEMPTS = 8
_LEAST = 20  # levels of brightness: who sees no colours must read it too


def luma(colour: Colour) -> float:
    """Return how bright a colour is, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def ground(rng: np.random.Generator, style: Style) -> Colour:
    """Return a colour for what lies behind."""
    if style.ink == "any":
        return _any(rng, style, 0, 255)
    dark_ink = style.ink == "dark"
    if rng.random() >= 0.6:
        return _WHITE if dark_ink else _BLACK
    if dark_ink:
        return _any(rng, style, 145 + 110 * style.contrast - 40 * float(rng.random()), 255)
    return _any(rng, style, 0, 90)


def near(rng: np.random.Generator, style: Style, base: Colour) -> Colour:
    """Return another ground, from which what stands out from ``base`` stands out as well."""
    other, reach = ground(rng, style), 20 + 60 * style.contrast
    red, green, blue = (
        min(max(new, old - reach), old + reach) for new, old in zip(other, base, strict=True)
    )
    return red, green, blue


def ink(rng: np.random.Generator, style: Style, behind: Colour) -> Colour:
    """Return a colour for glyphs that differs from what lies behind as much as the style asks."""
    best, best_gap = behind, -1000.0
    wanted = 45 + 150 * style.contrast
    extreme = _BLACK if luma(behind) > 128 else _WHITE
    for _ in range(_ATTEMPTS):
        colour = extreme if rng.random() < 0.3 else _any(rng, style, 0, 255)
        gap = _gap(colour, behind, style)
        if gap > best_gap:
            best, best_gap = colour, gap
        if gap >= wanted:
            break
    return best


def _gap(colour: Colour, behind: Colour, style: Style) -> float:
    """Return how well a colour can be told from what lies behind."""
    brighter = luma(colour) - luma(behind)
    differing = max(abs(one - other) for one, other in zip(colour, behind, strict=True))
    wrong = (style.ink == "dark" and brighter > 0) or (style.ink == "light" and brighter < 0)
    alike = abs(brighter) < _LEAST
    return abs(brighter) + 0.35 * differing - 255 * (wrong + alike)


def between(rng: np.random.Generator, one: Colour, other: Colour) -> Colour:
    """Return a colour somewhere between two."""
    share = uniform(rng, 0.1, 0.9)
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _any(rng: np.random.Generator, style: Style, low: float, high: float) -> Colour:
    red, green, blue = (low + (high - low) * number for number in rng.random(3).tolist())
    if style.gray:
        return (luma((red, green, blue)),) * 3
    return red, green, blue

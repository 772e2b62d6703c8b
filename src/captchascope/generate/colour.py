"""Colours that can be told apart."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from captchascope.generate.noise import uniform
from captchascope.generate.style import Style

__all__ = ["Colour", "between", "ground", "ink", "luma"]

Colour: TypeAlias = NDArray[np.float32]
"""RGB, 0 to 255."""


def luma(colour: Colour) -> float:
    """Return how bright a colour is, 0 to 255."""
    return float(colour @ np.array([0.299, 0.587, 0.114], np.float32))


def ground(rng: np.random.Generator, style: Style) -> Colour:
    """Return a colour for what lies behind."""
    if style.ink == "dark":
        low = 255 - 110 * (1 - style.contrast)
        colour = rng.uniform(low - 40 * rng.random(), 255, 3) if rng.random() < 0.6 else _white()
    elif style.ink == "light":
        colour = rng.uniform(0, 90, 3) if rng.random() < 0.6 else np.zeros(3)
    else:
        colour = rng.uniform(0, 255, 3)
    return _grayed(colour, style)


def ink(rng: np.random.Generator, style: Style, behind: Colour) -> Colour:
    """Return a colour for glyphs that differs from what lies behind as much as the style asks."""
    best, best_gap = behind, -1.0
    wanted = 45 + 150 * style.contrast
    for _ in range(8):
        colour = _grayed(rng.uniform(0, 255, 3), style)
        if rng.random() < 0.3:
            colour = _grayed(np.full(3, 0.0 if luma(behind) > 128 else 255.0), style)
        brighter = luma(colour) - luma(behind)
        wrong = (style.ink == "dark" and brighter > 0) or (style.ink == "light" and brighter < 0)
        gap = abs(brighter) + 0.35 * float(np.abs(colour - behind).max()) - 255 * wrong
        if gap > best_gap:
            best, best_gap = colour, gap
        if gap >= wanted:
            break
    return best


def between(rng: np.random.Generator, one: Colour, other: Colour) -> Colour:
    """Return a colour somewhere between two."""
    return np.asarray(one + (other - one) * uniform(rng, 0.1, 0.9), np.float32)


def _white() -> NDArray[np.float64]:
    return np.full(3, 255.0)


def _grayed(colour: NDArray[np.float64], style: Style) -> Colour:
    single = np.asarray(colour, np.float32)
    return np.full(3, luma(single), np.float32) if style.gray else single

"""Styles drawn at random: what the pretrained start is taught on."""

from __future__ import annotations

import string
from typing import TypeVar

import numpy as np

from captchascope.generate.noise import uniform
from captchascope.generate.style import BACKDROPS, INKS, Style
from captchascope.generate.typefaces import names

__all__ = ["CHARSETS", "draw_style"]

T = TypeVar("T")

_DIGITS, _LOWER, _UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
CHARSETS = (
    (_DIGITS, 0.26),
    (_DIGITS + _UPPER, 0.2),
    (_DIGITS + _LOWER, 0.18),
    (_DIGITS + _LOWER + _UPPER, 0.2),
    (_UPPER, 0.06),
    (_LOWER, 0.06),
    (_LOWER + _UPPER, 0.04),
)
"""Alphabets, and how often each is taken."""


def draw_style(rng: np.random.Generator) -> Style:
    """Draw every knob, each with its own chance to be off: most captchas use a few of them."""
    fonts = names()
    few = int(rng.choice([1, 1, 1, 2, 4]))
    big = uniform(rng, 0.3, 0.75)
    return Style(
        charset=_weighted(rng, CHARSETS),
        length=_length(rng),
        size=None,
        fonts=tuple(str(name) for name in rng.choice(fonts, few)),
        mixed=few > 1 and rng.random() < 0.6,
        height=(big, big + uniform(rng, 0.0, 0.15)),
        gap=uniform(rng, -0.12, 0.35) if rng.random() < 0.7 else uniform(rng, -0.3, 0.05),
        rotation=_maybe(rng, 0.6, 3, 40),
        shear=_maybe(rng, 0.3, 0.05, 0.5),
        wobble=_maybe(rng, 0.6, 0.03, 0.3),
        scaling=_maybe(rng, 0.4, 0.03, 0.25),
        anywhere=rng.random() < 0.5,
        ink=str(rng.choice(INKS, p=[0.65, 0.12, 0.23])),
        gray=rng.random() < 0.3,
        colours=rng.random() < 0.35,
        contrast=uniform(rng, 0.15, 1.0),
        fill=str(rng.choice(["solid", "hollow", "dotted", "gradient"], p=[0.76, 0.08, 0.08, 0.08])),
        bold=int(rng.choice([-1, 0, 1, 2], p=[0.05, 0.7, 0.18, 0.07])),
        backdrop=str(rng.choice(BACKDROPS, p=[0.46, 0.1, 0.1, 0.1, 0.08, 0.08, 0.08])),
        lines=_count(rng, 0.45, 8),
        arcs=_count(rng, 0.35, 4),
        thickness=int(rng.choice([1, 1, 2, 2, 3, 4])),
        line_ink=rng.random() < 0.45,
        over=rng.random() < 0.7,
        dots=_count(rng, 0.35, 120),
        speckle=_maybe(rng, 0.2, 0.005, 0.15),
        warp=_maybe(rng, 0.4, 0.01, 0.12),
        slant=_maybe(rng, 0.2, 0.05, 0.4),
        blur=_maybe(rng, 0.2, 0.3, 1.1),
        grain=_maybe(rng, 0.25, 2, 22),
        shrink=float(rng.choice([1.0, 1.0, 1.5, 2.0])),
        jagged=rng.random() < 0.2,
        quality=int(rng.integers(25, 96)) if rng.random() < 0.6 else None,
    )


def _maybe(rng: np.random.Generator, chance: float, low: float, high: float) -> float:
    """Return 0, or with this chance a number between the two, rather small than large."""
    return low + (high - low) * float(rng.random()) ** 1.5 if rng.random() < chance else 0.0


def _count(rng: np.random.Generator, chance: float, most: int) -> int:
    return 1 + int((most - 1) * rng.random() ** 2) if rng.random() < chance else 0


def _length(rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.choice([3, 4, 5, 6, 7, 8], p=[0.05, 0.36, 0.26, 0.23, 0.06, 0.04]))
    return length, length


def _weighted(rng: np.random.Generator, choices: tuple[tuple[T, float], ...]) -> T:
    values, weights = zip(*choices, strict=True)
    chosen: T = values[int(rng.choice(len(values), p=weights))]
    return chosen

"""Families of captchas of our own invention, each of which is hard in one way."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

import numpy as np

from captchascope.generate.noise import uniform
from captchascope.generate.style import Style
from captchascope.generate.typefaces import font_names
from captchascope.records import build


@dataclass(frozen=True, slots=True)
class Preset:
    """A style with a title, which says in a line what it looks like."""

    title: str
    style: Style


_FILE = resources.files("captchascope.generate").joinpath("families.toml")
PRESETS = {
    name: build(Preset, table, name)
    for name, table in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()
}
"""By name, in the order in which they are listed."""


_T = TypeVar("_T")

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
"""Alphabets, and how often each is taken; so are the values of the tables below."""

_LENGTHS = ((3, 0.05), (4, 0.36), (5, 0.26), (6, 0.23), (7, 0.06), (8, 0.04))
_FONTS = ((1, 0.6), (2, 0.2), (4, 0.2))  # how many
_INKS = (("dark", 0.65), ("light", 0.12), ("any", 0.23))
_FILLS = (("solid", 0.76), ("hollow", 0.08), ("dotted", 0.08), ("gradient", 0.08))
_BOLD = ((0, 0.7), (1, 0.18), (2, 0.07), (-1, 0.05))
_BACKDROPS = (
    ("plain", 0.46),
    ("gradient", 0.1),
    ("noise", 0.1),
    ("blobs", 0.1),
    ("stripes", 0.08),
    ("grid", 0.08),
    ("patches", 0.08),
)
_THICKNESSES = ((1, 2), (2, 2), (3, 1), (4, 1))
_SHRINKS = ((1.0, 0.5), (1.5, 0.25), (2.0, 0.25))


def draw_style(rng: np.random.Generator) -> Style:
    """Draw every knob, each with its own chance to be off: most captchas use a few of them."""
    fonts, few, length = font_names(), one_of(rng, _FONTS), one_of(rng, _LENGTHS)
    big = uniform(rng, 0.3, 0.75)
    return Style(
        charset=one_of(rng, CHARSETS),
        length=(length, length),
        size=None,
        fonts=tuple(fonts[number] for number in rng.integers(0, len(fonts), few)),
        mixed=few > 1 and rng.random() < 0.6,
        height=(big, big + uniform(rng, 0.0, 0.15)),
        gap=uniform(rng, -0.12, 0.35) if rng.random() < 0.7 else uniform(rng, -0.3, 0.05),
        rotation=_maybe(rng, 0.6, 3, 40),
        shear=_maybe(rng, 0.3, 0.05, 0.5),
        wobble=_maybe(rng, 0.6, 0.03, 0.3),
        scaling=_maybe(rng, 0.4, 0.03, 0.25),
        anywhere=rng.random() < 0.5,
        ink=one_of(rng, _INKS),
        gray=rng.random() < 0.3,
        colours=rng.random() < 0.35,
        contrast=uniform(rng, 0.15, 1.0),
        fill=one_of(rng, _FILLS),
        bold=one_of(rng, _BOLD),
        backdrop=one_of(rng, _BACKDROPS),
        lines=_count(rng, 0.45, 8),
        arcs=_count(rng, 0.35, 4),
        thickness=one_of(rng, _THICKNESSES),
        line_ink=rng.random() < 0.45,
        over=rng.random() < 0.7,
        dots=_count(rng, 0.35, 120),
        speckle=_maybe(rng, 0.2, 0.005, 0.15),
        warp=_maybe(rng, 0.4, 0.01, 0.12),
        slant=_maybe(rng, 0.2, 0.05, 0.4),
        blur=_maybe(rng, 0.2, 0.3, 1.1),
        grain=_maybe(rng, 0.25, 2, 22),
        shrink=one_of(rng, _SHRINKS),
        jagged=rng.random() < 0.2,
        quality=int(rng.integers(25, 96)) if rng.random() < 0.6 else None,
    )


def draw_height(rng: np.random.Generator) -> int:
    """Draw the height of an image whose style gives none, pixels."""
    return int(rng.integers(28, 81))


def _maybe(rng: np.random.Generator, chance: float, low: float, high: float) -> float:
    """Return 0, or with this chance a number between the two, rather small than large."""
    return low + (high - low) * float(rng.random()) ** 1.5 if rng.random() < chance else 0.0


def _count(rng: np.random.Generator, chance: float, most: int) -> int:
    return 1 + int((most - 1) * rng.random() ** 2) if rng.random() < chance else 0


def one_of(rng: np.random.Generator, choices: Sequence[tuple[_T, float]]) -> _T:
    """Return one of the values, each with its chance; numpy's own takes ten times as long."""
    left = float(rng.random()) * sum(chance for _, chance in choices)
    for value, chance in choices:
        left -= chance
        if left < 0:
            return value
    return choices[-1][0]

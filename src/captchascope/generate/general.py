"""The general mix: every image of one of many families, each with its share.

A reader of any captcha is trained on it. One family or several can be left out, so that what the
reader makes of images of a kind that it never saw can be measured.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TypeAlias

import numpy as np

from captchascope.errors import UsageError
from captchascope.generate.families import draw_height, draw_style
from captchascope.generate.layouts import draw_layout
from captchascope.generate.metu import draw_metu
from captchascope.generate.metu_wide import draw_metu_wide
from captchascope.generate.paint import Drawn
from captchascope.generate.pixels import PIXEL_NAMES
from captchascope.generate.strokes import MANNERS
from captchascope.generate.style import Style
from captchascope.generate.styled import draw_styled
from captchascope.generate.sums import as_read, draw_han_sum, draw_sum
from captchascope.generate.typefaces import SIGNS, han_names, latin_names

_LETTERS = string.digits + string.ascii_letters


def _varied(rng: np.random.Generator) -> Drawn:
    """Draw one of the scheme ``varied``, now and then with signs among the letters."""
    style = draw_style(rng)
    if rng.random() < 0.05:
        style = replace(style, charset=_LETTERS + 3 * SIGNS)
    fonts = _some(rng, latin_names(), len(style.fonts))
    return draw_styled(rng, replace(style, fonts=fonts), draw_height(rng))


def _some(rng: np.random.Generator, names: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(names[number] for number in rng.integers(0, len(names), count))


def _sums(rng: np.random.Generator) -> Drawn:
    text, style = draw_sum(rng), _calm(draw_style(rng))
    if (choice := rng.random()) < 0.2:
        fonts = _some(rng, tuple(MANNERS) if choice < 0.12 else PIXEL_NAMES, 1)
        style = replace(style, fonts=fonts, bold=0, fill="solid")
    else:
        style = replace(style, fonts=_some(rng, latin_names(), len(style.fonts)))
    return _read(draw_styled(rng, style, draw_height(rng), text), text)


def _strokes(rng: np.random.Generator) -> Drawn:
    """Draw letters written with a pen, mostly with hard edges and a pixel or two wide."""
    style = _calm(draw_style(rng))
    style = replace(
        style,
        charset=string.digits if rng.random() < 0.35 else style.charset,
        fonts=_some(rng, tuple(MANNERS), 1),
        contrast=max(style.contrast, 0.4),
        fill="solid" if rng.random() < 0.85 else style.fill,
        bold=max(style.bold, 0) if rng.random() < 0.3 else 0,
        blur=style.blur / 2,
        shrink=1.0 if rng.random() < 0.7 else style.shrink,
        jagged=rng.random() < 0.6,
    )
    return draw_styled(rng, style, draw_height(rng))


def _pixels(rng: np.random.Generator) -> Drawn:
    """Draw letters of few pixels, mostly upright, as graphics libraries do without a typeface."""
    style = _calm(draw_style(rng))
    upright = rng.random() < 0.75
    style = replace(
        style,
        fonts=_some(rng, PIXEL_NAMES, 1),
        rotation=0.0 if upright else style.rotation / 2,
        shear=0.0 if upright else style.shear / 2,
        gap=max(style.gap, 0.12),
        scaling=0.0,
        contrast=max(style.contrast, 0.4),
        fill="solid" if rng.random() < 0.85 else style.fill,
        bold=0,
        warp=0.0 if upright else style.warp,
        slant=0.0 if upright else style.slant,
        blur=style.blur / 2,
        shrink=1.0,
    )
    return draw_styled(rng, style, draw_height(rng))


def _han(rng: np.random.Generator) -> Drawn:
    text, style = draw_han_sum(rng), _calm(draw_style(rng))
    fonts = _some(rng, han_names(), len(style.fonts))
    low, high = max(style.height[0], 0.4), max(style.height[1], 0.4)
    style = replace(style, fonts=fonts, height=(low, high))
    return _read(draw_styled(rng, style, max(draw_height(rng), 36), text), text)


def _calm(style: Style) -> Style:
    """Return a style in which small signs and dense characters are not lost under their like."""
    return replace(
        style,
        gap=max(style.gap, 0.0),
        bold=min(style.bold, 1),
        lines=min(style.lines, 3),
        arcs=min(style.arcs, 2),
        thickness=min(style.thickness, 2),
        dots=min(style.dots, 25),
        speckle=min(style.speckle, 0.03),
    )


def _read(drawn: Drawn, shown: str) -> Drawn:
    return replace(drawn, label=as_read(shown))


Family: TypeAlias = Callable[[np.random.Generator], Drawn]

_LAYOUTS = {
    "outlined": 0.12,
    "small": 0.10,
    "motley": 0.10,
    "overlaid": 0.08,
    "struck": 0.07,
    "tiled": 0.06,
    "decoyed": 0.04,
    "warped": 0.09,
    "faint": 0.04,
    "coarse": 0.04,
    "jumbled": 0.05,
}
"""The shares of ``layouts.LAYOUTS``."""

FAMILIES: dict[str, tuple[float, Family]] = {
    "varied": (0.40, _varied),
    "sums": (0.12, _sums),
    "han": (0.10, _han),
    "strokes": (0.14, _strokes),
    "pixels": (0.08, _pixels),
    "metu": (0.12, draw_metu),
    "metu-wide": (0.20, draw_metu_wide),
    **{name: (share, partial(draw_layout, name=name)) for name, share in _LAYOUTS.items()},
}
"""By name: the share, which is divided by the sum of all, and what draws an image."""


def draw_general(
    rng: np.random.Generator,
    *,
    only: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> Drawn:
    """Draw one image of the mix; the column ``family`` says of which family it is.

    Args:
        rng: The source of randomness.
        only: Names of the families to draw from; None for all.
        exclude: Names of the families to leave out.
    Raises:
        UsageError: If there is no such family, or none is left.
    """
    for knob, named in (("only", only or ()), ("exclude", exclude)):
        if unknown := set(named).difference(FAMILIES):
            what = f"has no family {min(unknown)!r}"
            raise UsageError(knob, what, f"choose one of {', '.join(FAMILIES)}")
    names = [n for n in FAMILIES if n not in exclude and (only is None or n in only)]
    if not names:
        raise UsageError("exclude", "leaves no family", f"there are {', '.join(FAMILIES)}")
    shares = list(accumulate(FAMILIES[name][0] for name in names))
    place = float(rng.random()) * shares[-1]
    name = next((n for n, end in zip(names, shares, strict=True) if place < end), names[-1])
    drawn = FAMILIES[name][1](rng)
    return replace(drawn, columns={**drawn.columns, "family": name})

"""Families of scenes: each has a trait that readers fail on, and now and then a bit of all else."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from captchascope.generate.clutter import BEHIND, OVER
from captchascope.generate.colours import GROUNDS
from captchascope.generate.families import one_of
from captchascope.generate.finishing import ENLARGEMENTS, Finish
from captchascope.generate.lettering import Letter
from captchascope.generate.noise import uniform
from captchascope.generate.paint import Drawn
from captchascope.generate.scene import Scene, draw_scene
from captchascope.generate.sums import as_read, draw_sum
from captchascope.generate.tiles import TILES
from captchascope.generate.typefaces import latin_names
from captchascope.generate.warp import WARPS

_CHARSETS = (
    (string.digits, 0.2),
    (string.digits + string.ascii_uppercase, 0.18),
    (string.digits + string.ascii_lowercase, 0.18),
    (string.digits + string.ascii_letters, 0.28),
    (string.ascii_uppercase, 0.05),
    (string.ascii_lowercase, 0.05),
    (string.ascii_letters, 0.06),
)
_LENGTHS = ((3, 0.08), (4, 0.33), (5, 0.26), (6, 0.22), (7, 0.06), (8, 0.05))
_TONES = (("dark", 0.62), ("light", 0.2), ("any", 0.18))
_PAINTS = (
    ("solid", 0.76),
    ("hollow", 0.05),
    ("stacked", 0.03),
    ("edged", 0.05),
    ("textured", 0.06),
    ("shaded", 0.05),
)
_SUMS = 0.06  # of the texts, where no clutter hides a sign
_PLAINEST = 0.5  # of the grounds have one colour


def draw_text(
    rng: np.random.Generator,
    lengths: Sequence[tuple[int, float]] = _LENGTHS,
    sums: float = 0.0,
) -> tuple[str, str]:
    """Draw a text, or with a chance of ``sums`` a sum, and return it with its alphabet."""
    if sums and rng.random() < sums:
        return as_read(draw_sum(rng)), string.digits
    charset, count = one_of(rng, _CHARSETS), one_of(rng, lengths)
    return "".join(charset[i] for i in rng.integers(0, len(charset), count).tolist()), charset


def letters(
    rng: np.random.Generator,
    text: str,
    *,
    each: bool = False,
    weights: tuple[float, float] = (-0.025, 0.035),
    pen: float = 0.08,
    turn: float = 0.0,
    drop: float = 0.0,
    sizes: float = 0.0,
    shear: float = 0.0,
    gap: tuple[float, float] = (0.0, 0.25),
) -> tuple[Letter, ...]:
    """Draw the looks of a text.

    Args:
        rng: The source of randomness.
        text: Its characters.
        each: Whether every letter its own typeface and weight.
        weights: What strokes gain, least and most, as a share of a capital's height.
        pen: The chance of a pen of one width.
        turn: Degrees by which a letter turns at most, each way.
        drop: How far a letter leaves the line at most, each way.
        sizes: The share by which its size and its width differ at most, each way.
        shear: By how much it slants at most, each way.
        gap: Between letters, least and most; drawn once and then varied a little.
    """
    fonts = latin_names()
    lean = uniform(rng, -shear, shear)
    squeeze = uniform(rng, 0.75, 1.25) if rng.random() < 0.3 else 1.0
    space = uniform(rng, *gap)
    found, look = [], _look(rng, fonts, weights, pen)
    for char, row in zip(text, rng.uniform(-1, 1, (len(text), 6)).tolist(), strict=True):
        if each:
            look = _look(rng, fonts, weights, pen)
        font, weight, by_pen = look
        letter = Letter(
            char,
            font,
            size=1 + sizes * row[0],
            squeeze=squeeze * (1 + sizes * row[5]),
            turn=turn * row[1],
            shear=lean + 0.3 * shear * row[2],
            drop=drop * row[3],
            gap=space + 0.05 * row[4],
            weight=weight,
            pen=by_pen,
        )
        found.append(letter)
    return tuple(found)


_PEN = (0.0, 0.09)  # what a pen of one width gains at most: hairline to heavy


def _look(
    rng: np.random.Generator, fonts: Sequence[str], weights: tuple[float, float], pen: float
) -> tuple[str, float, bool]:
    font = fonts[int(rng.integers(len(fonts)))]
    if rng.random() < pen:
        return font, -0.028 + (_PEN[1] + 0.028) * float(rng.random()) ** 1.7, True
    plain = rng.random() < 0.4
    return font, 0.0 if plain else uniform(rng, *weights), False


def _finish(rng: np.random.Generator) -> Finish:
    share = rng.random()
    return Finish(
        speckle=0.1 * float(rng.random()) ** 2 if rng.random() < 0.1 else 0.0,
        jagged=rng.random() < 0.1,
        rows=int(rng.integers(1, 3)) if rng.random() < 0.03 else 0,
        blur=uniform(rng, 0.4, 1.0) if rng.random() < 0.12 else 0.0,
        grain=uniform(rng, 2, 20) if rng.random() < 0.15 else 0.0,
        palette=int(rng.integers(4, 33)) if rng.random() < 0.1 else 0,
        quality=int(rng.integers(10, 45) if share < 0.12 else rng.integers(45, 97)),
    )


def _everyday(rng: np.random.Generator) -> dict[str, Any]:
    """Draw the knobs of a scene, each with its own chance to be off."""
    tone = one_of(rng, _TONES)
    faint = rng.random() < 0.1
    warped = rng.random() < 0.25
    return {
        "height": int(rng.integers(26, 91)),
        "cap": uniform(rng, 0.4, 0.8),
        "room": 0.05 + 0.7 * float(rng.random()) ** 2,
        "anywhere": rng.random() < 0.5,
        "angle": uniform(rng, -9, 9) if rng.random() < 0.15 else 0.0,
        "warp": WARPS[int(rng.integers(len(WARPS)))] if warped else "",
        "reach": uniform(rng, 0.05, 0.2),
        "whole": rng.random() < 0.4,
        "tone": tone,
        "contrast": uniform(rng, 28, 60) if faint else uniform(rng, 70, 200),
        "gray": rng.random() < 0.22,
        "colours": rng.random() < 0.3,
        "ground": "plain" if rng.random() < _PLAINEST else GROUNDS[int(rng.integers(len(GROUNDS)))],
        "paint": one_of(rng, _PAINTS),
        "line": uniform(rng, 0.03, 0.1),
        "shadow": uniform(rng, 0.04, 0.2) if rng.random() < 0.06 else 0.0,
        "behind": _some(rng, tuple(BEHIND), 0.25),
        "over": _some(rng, tuple(OVER), 0.25),
        "struck": rng.random() < 0.05,
        "finish": _finish(rng),
    }


def _some(rng: np.random.Generator, names: Sequence[str], chance: float) -> tuple[str, ...]:
    """Return one of the names, or now and then two, or with what is left of the chance none."""
    found: tuple[str, ...] = ()
    while rng.random() < chance and len(found) < 3:
        found += (names[int(rng.integers(len(names)))],)
    return found


def _scene(
    rng: np.random.Generator, text: tuple[str, str], looks: dict[str, Any], **knobs: Any
) -> Scene:
    """Return an everyday scene with some of its knobs turned."""
    everyday = _everyday(rng)
    return Scene(letters=letters(rng, text[0], **looks), charset=text[1], **{**everyday, **knobs})


def _outlined(rng: np.random.Generator) -> Scene:
    """Draw hollow letters that touch or overlap, on waves, with dots in them and around them."""
    text = draw_text(rng, ((4, 0.4), (5, 0.3), (6, 0.3)))
    warped = rng.random() < 0.8
    thick = 0.02 + 0.12 * float(rng.random()) ** 2
    dotted = rng.random() < 0.6
    return _scene(
        rng,
        text,
        {
            "each": rng.random() < 0.15,
            "weights": (0.0, 0.06),
            "pen": 0.15,
            "turn": uniform(rng, 0, 25),
            "drop": uniform(rng, 0, 0.2),
            "sizes": uniform(rng, 0, 0.15),
            "shear": uniform(rng, 0, 0.3),
            "gap": (-0.36, 0.04),
        },
        height=int(rng.integers(36, 110)),
        cap=uniform(rng, 0.45, 0.85),
        paint=one_of(rng, (("hollow", 0.35), ("crossing", 0.3), ("stacked", 0.35))),
        line=thick,
        warp=one_of(rng, (("waves", 0.6), ("ripples", 0.2), ("knots", 0.1), ("swirl", 0.1)))
        if warped
        else "",
        reach=uniform(rng, 0.1, 0.38),
        contrast=uniform(rng, 80, 220),
        colours=rng.random() < 0.15,
        behind=_some(rng, ("dots", "dots", "arcs"), 0.25),
        over=("dots",) * dotted + _some(rng, ("dots", "strike", "arcs", "lines"), 0.3),
        struck=rng.random() < 0.12,
    )


def _small(rng: np.random.Generator) -> Scene:
    """Draw a text that is small in a wide or a tall frame, or that leaves it."""
    text = draw_text(rng, sums=_SUMS)
    each = rng.random() < 0.45
    looks = {
        "each": each,
        "turn": uniform(rng, 0, 30) if rng.random() < 0.5 else 0.0,
        "drop": uniform(rng, 0, 0.25),
        "sizes": uniform(rng, 0, 0.2) if each else 0.0,
        "gap": (-0.05, 0.6),
    }
    if rng.random() < 0.3:  # cut off
        knobs = {"cut": uniform(rng, 0.1, 0.3), "cap": uniform(rng, 0.5, 0.95)}
        return _scene(rng, text, looks, warp="", angle=0.0, **knobs)
    cap = uniform(rng, 0.17, 0.45)
    height = int(uniform(rng, 9, 22) / cap)
    if rng.random() < 0.55:  # wide
        width = int(min(max(height * uniform(rng, 2.2, 8), 12 * len(text[0])), 670))
    else:
        width = int(max(cap * height * (0.75 * len(text[0]) + 0.5), 60) * uniform(rng, 1, 1.4))
    knobs = {"height": height, "cap": cap, "anywhere": rng.random() < 0.75}
    if each:
        looks["pen"], knobs["colours"] = 0.25, rng.random() < 0.8
    if rng.random() < 0.4:
        scale = uniform(rng, 1, 2.2)
        knobs["height"], width = int(height * scale), int(min(width * scale, 670))
    return _scene(rng, text, looks, width=width, **knobs)


def _motley(rng: np.random.Generator) -> Scene:
    """Give each letter its own typeface, weight, size, turn and colour, hairline to heavy."""
    text = draw_text(rng, sums=_SUMS)
    return _scene(
        rng,
        text,
        {
            "each": True,
            "weights": (-0.035, 0.075),
            "pen": 0.35,
            "turn": uniform(rng, 0, 35),
            "drop": uniform(rng, 0, 0.35),
            "sizes": uniform(rng, 0, 0.3),
            "gap": (-0.12, 0.3),
        },
        height=int(rng.integers(30, 121)),
        cap=uniform(rng, 0.5, 0.8),
        cut=uniform(rng, 0.05, 0.3) if rng.random() < 0.25 else 0.0,
        tone=one_of(rng, (("any", 0.55), ("dark", 0.3), ("light", 0.15))),
        contrast=uniform(rng, 25, 110),
        colours=rng.random() < 0.85,
        paint=one_of(rng, (("solid", 0.8), ("stacked", 0.08), ("edged", 0.07), ("textured", 0.05))),
        over=_some(rng, ("lines", "lines", "arcs", "dots", "thick", "blobs"), 0.55),
        finish=replace(_finish(rng), speckle=uniform(rng, 0, 0.03) if rng.random() < 0.4 else 0.0),
    )


def _overlaid(rng: np.random.Generator) -> Scene:
    """Lay lines, blobs, strips and grids over the text, in any colours."""
    text = draw_text(rng)
    names = tuple(name for name in OVER if name not in ("dots", "frame"))
    over = tuple(
        names[i] for i in rng.integers(0, len(names), 1 + int(2.2 * rng.random())).tolist()
    )
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 20) if rng.random() < 0.5 else 0.0,
            "drop": uniform(rng, 0, 0.12),
            "gap": (-0.08, 0.25),
        },
        cap=uniform(rng, 0.5, 0.85),
        tone=one_of(rng, (("any", 0.4), ("dark", 0.4), ("light", 0.2))),
        contrast=uniform(rng, 45, 180),
        over=over,
        struck=False,
    )


def _struck(rng: np.random.Generator) -> Scene:
    """Draw a line or a wave through all letters, of their own ink and texture."""
    text = draw_text(rng)
    textured = rng.random() < 0.4
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 30),
            "drop": uniform(rng, 0, 0.25),
            "gap": (-0.15, 0.25),
            "pen": 0.35,
            "shear": uniform(rng, 0, 0.3),
        },
        paint="textured" if textured else one_of(rng, (("solid", 0.9), ("hollow", 0.1))),
        struck=True,
        colours=False,
        room=uniform(rng, 0.05, 1.6),
    )


def _tiled(rng: np.random.Generator) -> Scene:
    """Set each letter, or each character of a sum, in a box, on a disc or on its own ground."""
    text = draw_text(rng, sums=0.45)
    kind = TILES[int(rng.integers(len(TILES)))]
    near = (0.25, 0.5) if kind == "columns" else (0.42, 1.1)
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 35) if rng.random() < 0.7 else 0.0,
            "drop": uniform(rng, 0, 0.5) if kind != "columns" else uniform(rng, 0, 0.15),
            "gap": near,
            "sizes": uniform(rng, 0, 0.15),
        },
        height=int(rng.integers(26, 70)),
        cap=uniform(rng, 0.32, 0.62),
        tiles=kind,
        cut=uniform(rng, 0.05, 0.2) if rng.random() < 0.2 else 0.0,
        paint=one_of(rng, (("solid", 0.9), ("textured", 0.1))),
        warp="",
        angle=0.0,
        colours=rng.random() < 0.5,
        over=_some(rng, ("arcs", "threads", "lines", "dots", "cuts", "cuts"), 0.45),
    )


def _decoyed(rng: np.random.Generator) -> Scene:
    """Draw smaller and fainter characters, strokes, ghosts and mirrored marks around the text."""
    text = draw_text(rng, sums=_SUMS)
    kinds = ((("decoys",), 0.45), (("scratches",), 0.3), (("scratches", "decoys"), 0.25))
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 25) if rng.random() < 0.6 else 0.0,
            "drop": uniform(rng, 0, 0.2),
            "gap": (-0.05, 0.5),
            "weights": (-0.01, 0.06),
        },
        cap=uniform(rng, 0.45, 0.8),
        contrast=uniform(rng, 100, 220),
        behind=one_of(rng, kinds),
        shadow=uniform(rng, 0.05, 0.5) if rng.random() < 0.3 else 0.0,
        ground="plain" if rng.random() < 0.7 else "scenery",
    )


def _warped(rng: np.random.Generator) -> Scene:
    """Draw strong warps: waves along both axes, ripples, swirls, lenses, perspective and shears."""
    text = draw_text(rng, sums=_SUMS)
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 30) if rng.random() < 0.6 else 0.0,
            "drop": uniform(rng, 0, 0.2),
            "sizes": uniform(rng, 0, 0.2),
            "shear": uniform(rng, 0, 0.5) if rng.random() < 0.4 else 0.0,
            "gap": (-0.22, 0.3),
            "weights": (-0.02, 0.06),
        },
        height=int(rng.integers(30, 111)),
        warp=WARPS[int(rng.integers(len(WARPS)))],
        reach=uniform(rng, 0.14, 0.42),
        whole=rng.random() < 0.5,
        angle=uniform(rng, -14, 14) if rng.random() < 0.3 else 0.0,
        sag=uniform(rng, -0.7, 0.7) if rng.random() < 0.25 else 0.0,
        over=_some(rng, ("arcs", "strike", "dots", "lines"), 0.45),
    )


def _faint(rng: np.random.Generator) -> Scene:
    """Draw in ink that is close to the ground, light on dark as often as dark on light."""
    text = draw_text(rng, sums=_SUMS)
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 25) if rng.random() < 0.5 else 0.0,
            "drop": uniform(rng, 0, 0.15),
            "gap": (-0.05, 0.4),
            "weights": (-0.025, 0.05),
        },
        tone=one_of(rng, (("dark", 0.4), ("light", 0.4), ("any", 0.2))),
        contrast=9 + 36 * float(rng.random()) ** 1.3,
        ground="plain" if rng.random() < 0.8 else "gradient",
        paint=one_of(rng, (("solid", 0.9), ("edged", 0.1))),
        behind=(),
        over=_some(rng, ("strike", "dots", "cuts"), 0.2),
        finish=replace(
            _finish(rng), grain=uniform(rng, 0, 6), speckle=0.0, quality=int(rng.integers(60, 97))
        ),
    )


def _coarse(rng: np.random.Generator) -> Scene:
    """Draw small pictures enlarged, of few colours, or compressed until blocks show."""
    text = draw_text(rng, sums=_SUMS)
    share = rng.random()
    ways = tuple(ENLARGEMENTS)
    finish = _finish(rng)
    height = int(rng.integers(24, 60))
    if share < 0.45:
        large = uniform(rng, 1.4, 3.2)
        way = ways[int(rng.integers(len(ways)))]
        finish = replace(
            finish, enlarged=float(round(large)) if way == "nearest" else large, how=way, blur=0.0
        )
        height = int(rng.integers(16, 34))
    elif share < 0.7:
        finish = replace(finish, palette=int(rng.integers(3, 17)), jagged=rng.random() < 0.3)
    else:
        finish = replace(finish, quality=int(rng.integers(6, 25)))
    return _scene(
        rng,
        text,
        {
            "turn": uniform(rng, 0, 25) if rng.random() < 0.5 else 0.0,
            "drop": uniform(rng, 0, 0.2),
            "gap": (-0.05, 0.4),
        },
        height=height,
        cap=max(uniform(rng, 0.45, 0.8), 9 / height),
        contrast=uniform(rng, 80, 220),
        finish=finish,
    )


def _jumbled(rng: np.random.Generator) -> Scene:
    """Set letters at all heights and turns, far apart or overlapping, the whole text slanting."""
    text = draw_text(rng)
    apart = rng.random() < 0.5
    return _scene(
        rng,
        text,
        {
            "each": rng.random() < 0.4,
            "turn": uniform(rng, 10, 50),
            "drop": uniform(rng, 0.1, 0.8),
            "sizes": uniform(rng, 0, 0.35),
            "shear": uniform(rng, 0, 0.4),
            "gap": (0.3, 1.6) if apart else (-0.35, 0.0),
        },
        height=int(rng.integers(30, 111)),
        cap=uniform(rng, 0.35, 0.7),
        angle=uniform(rng, -16, 16) if rng.random() < 0.5 else 0.0,
        sag=uniform(rng, -0.8, 0.8) if rng.random() < 0.2 else 0.0,
        colours=rng.random() < (0.3 if apart else 0.6),
    )


LAYOUTS: dict[str, Callable[[np.random.Generator], Scene]] = {
    "outlined": _outlined,
    "small": _small,
    "motley": _motley,
    "overlaid": _overlaid,
    "struck": _struck,
    "tiled": _tiled,
    "decoyed": _decoyed,
    "warped": _warped,
    "faint": _faint,
    "coarse": _coarse,
    "jumbled": _jumbled,
}
"""What draws a scene of each family, by name."""


def draw_layout(rng: np.random.Generator, name: str) -> Drawn:
    """Draw a captcha of one of ``LAYOUTS``, which its column ``family`` names."""
    return draw_scene(rng, LAYOUTS[name](rng), name)

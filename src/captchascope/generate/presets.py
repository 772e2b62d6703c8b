"""Families of captchas of our own invention, each of which is hard in one way."""

from __future__ import annotations

import string
from dataclasses import dataclass

from captchascope.generate.style import Style

__all__ = ["PRESETS", "Preset"]

_CLEAR_SMALL = "23456789abcdefghkmnpqrstuvwxyz"
_CLEAR_CAPITAL = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without the characters that a person takes for another one."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A style with a name.

    Attributes:
        title: What it looks like, in a line.
        style: Its knobs.
    """

    title: str
    style: Style


PRESETS = {
    "plain": Preset(
        "five digits in one typeface, hardly turned, on a light ground",
        Style(
            length=(5, 5),
            size=(50, 150),
            fonts=("sans-01",),
            height=(0.5, 0.6),
            rotation=6,
            wobble=0.06,
            shrink=2,
        ),
    ),
    "wavy": Preset(
        "four to six letters and digits on a line that heaves and sways",
        Style(
            charset=_CLEAR_SMALL,
            size=(60, 180),
            fonts=("sans-05", "serif-05"),
            height=(0.5, 0.6),
            gap=0.04,
            warp=0.13,
            slant=0.2,
            shrink=2,
        ),
    ),
    "lined": Preset(
        "five capitals and digits, crossed out by straight lines in their own colour",
        Style(
            charset=_CLEAR_CAPITAL,
            length=(5, 5),
            size=(50, 160),
            fonts=("serif-01", "serif-02"),
            height=(0.5, 0.62),
            rotation=10,
            wobble=0.1,
            lines=6,
            thickness=3,
            line_ink=True,
            shrink=2,
        ),
    ),
    "crowded": Preset(
        "five or six capitals that lean on each other and overlap",
        Style(
            charset=string.ascii_uppercase,
            length=(5, 6),
            size=(60, 170),
            fonts=("sans-09", "sans-15"),
            height=(0.55, 0.65),
            gap=-0.14,
            rotation=16,
            wobble=0.1,
            scaling=0.1,
            shrink=2,
        ),
    ),
    "hollow": Preset(
        "four to six digits and capitals of which only the outlines are drawn",
        Style(
            charset=_CLEAR_CAPITAL,
            size=(70, 220),
            fonts=("display-08", "sans-09", "serif-13"),
            height=(0.55, 0.65),
            gap=0.02,
            rotation=14,
            fill="hollow",
            bold=1,
            arcs=1,
            shrink=2,
        ),
    ),
    "colourful": Preset(
        "four letters or digits, each of its own colour and typeface, on patches of colour",
        Style(
            charset=_CLEAR_SMALL,
            length=(4, 4),
            size=(60, 160),
            fonts=("display-13", "display-15", "hand-09", "mono-02", "sans-05", "serif-06"),
            mixed=True,
            height=(0.5, 0.65),
            rotation=25,
            scaling=0.15,
            ink="any",
            colours=True,
            contrast=0.75,
            backdrop="patches",
            dots=30,
            shrink=2,
        ),
    ),
    "noisy": Preset(
        "four to six digits in gray under spots, speckle and grain",
        Style(
            size=(44, 130),
            fonts=("mono-02", "mono-04"),
            height=(0.5, 0.62),
            rotation=8,
            wobble=0.1,
            gray=True,
            backdrop="noise",
            dots=40,
            line_ink=True,
            speckle=0.06,
            grain=12,
            quality=60,
        ),
    ),
    "arcs": Preset(
        "six letters and digits, swept over by wide arcs and waves",
        Style(
            charset=_CLEAR_SMALL,
            length=(6, 6),
            size=(60, 200),
            fonts=("hand-01", "hand-09"),
            height=(0.45, 0.55),
            rotation=18,
            anywhere=True,
            arcs=3,
            thickness=3,
            line_ink=True,
            shrink=2,
        ),
    ),
}
"""By name, in the order in which they are listed."""

"""The style of a drawn captcha: every knob, as one frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import groupby
from typing import Any

from captchascope.errors import UsageError
from captchascope.generate.pixels import PIXEL_NAMES
from captchascope.generate.strokes import MANNERS
from captchascope.generate.typefaces import CHARACTERS, SIGNS, font_files

FILLS = ("solid", "hollow", "dotted", "shadow", "gradient")
BACKDROPS = ("plain", "gradient", "noise", "blobs", "stripes", "grid", "patches")
INKS = ("dark", "light", "any")

_CHOICES = {"fill": FILLS, "backdrop": BACKDROPS, "ink": INKS}
_NUMBERS: dict[str, tuple[float, float]] = {
    "gap": (-0.6, 2),
    "rotation": (0, 90),
    "shear": (0, 0.8),
    "wobble": (0, 0.8),
    "scaling": (0, 0.5),
    "contrast": (0, 1),
    "bold": (-1, 8),
    "lines": (0, 200),
    "arcs": (0, 200),
    "thickness": (1, 50),
    "dots": (0, 10_000),
    "speckle": (0, 1),
    "warp": (0, 0.3),
    "slant": (0, 1),
    "blur": (0, 10),
    "grain": (0, 128),
    "shrink": (1, 4),
}
"""The least and the greatest value of each knob that is a number."""

_RANGES: tuple[tuple[str, float, float], ...] = (("length", 1, 32), ("height", 0.1, 1))
"""The knobs that are pairs, likewise."""

_CHARSET = f"of 0-9, A-Z, a-z, {' '.join(SIGNS)} and the characters of Chinese sums"
_SMALLEST, _LARGEST = 16, 1000  # pixels
_NARROWEST = 7  # pixels of width for each character


@cache
def all_names() -> tuple[str, ...]:
    """Return the names of all faces: of outlines, Chinese ones, of strokes and of pixels."""
    return tuple(sorted((*font_files(), *MANNERS, *PIXEL_NAMES)))


@dataclass(frozen=True, slots=True)
class Style:
    """The knobs of one scheme; lengths are shares of the image's height unless said otherwise.

    Attributes:
        charset: The characters that are drawn, of ``typefaces.CHARACTERS``; one that is there twice
            is drawn twice as often.
        length: Fewest and most characters of a text, 1 to 32.
        size: Height and width of the image in pixels, 16 to 1000, and at least 7 of width for each
            character; None for whatever the text needs.
        fonts: Of ``all_names()``, or none for all of ``font_names()``; each image takes one, or
            each glyph where ``mixed``. One that is there twice is taken twice as often.
        mixed: Whether every glyph takes a font of its own.
        height: How tall a capital is, least and most.
        gap: Space between glyphs as a share of their height, -0.6 to 2; below 0 they overlap.
        rotation: Degrees by which a glyph turns at most, each way, 0 to 90.
        shear: By how much a glyph slants at most, each way, 0 to 0.8.
        wobble: How far a glyph leaves the line at most, each way, as a share of its height,
            0 to 0.8.
        scaling: The share by which a glyph's size differs at most, each way, 0 to 0.5.
        anywhere: Whether the text stands anywhere in the image, or in its middle.
        ink: Whether glyphs are darker than the ground, lighter, or either.
        gray: Whether the image has no colours.
        colours: Whether every glyph has a colour of its own.
        contrast: How far glyphs and ground are apart, 0 to 1.
        fill: How strokes are filled; one of ``FILLS``.
        bold: Pixels of the drawing by which strokes are thickened, 1 to 8, as far as a glyph can
            bear it; -1 for thinner ones.
        backdrop: What lies behind; one of ``BACKDROPS``.
        lines: How many straight lines cross the image, to 200.
        arcs: How many arcs and waves do, to 200.
        thickness: The widest line, 1 to 50 pixels of the drawing, and a 14th of its height.
        line_ink: Whether lines have the glyphs' colour.
        over: Whether lines lie over the glyphs rather than behind them.
        dots: How many spots there are, to 10,000.
        speckle: The share of the pixels that are replaced by noise.
        warp: How far pixels are displaced at most, 0 to 0.3.
        slant: By how much the whole text is sheared or tapered at most, 0 to 1.
        blur: The standard deviation of the blur, 0 to 10 pixels, and a 40th of the height.
        grain: The standard deviation of the noise, 0 to 128 levels.
        shrink: Drawn so many times as large, 1 to 4, then shrunk: 1 leaves jagged edges as they
            are.
        jagged: Whether edges are hard.
        quality: JPEG quality, 5 to 100; None for as little loss as can be.

    Raises:
        ValueError: If a knob has a value that it cannot have: the message begins with its name and
            says which it can.
    """

    charset: str = "0123456789"
    length: tuple[int, int] = (4, 6)
    size: tuple[int, int] | None = (50, 150)
    fonts: tuple[str, ...] = ()
    mixed: bool = False
    height: tuple[float, float] = (0.45, 0.6)
    gap: float = 0.08
    rotation: float = 0.0
    shear: float = 0.0
    wobble: float = 0.0
    scaling: float = 0.0
    anywhere: bool = False
    ink: str = "dark"
    gray: bool = False
    colours: bool = False
    contrast: float = 0.7
    fill: str = "solid"
    bold: int = 0
    backdrop: str = "plain"
    lines: int = 0
    arcs: int = 0
    thickness: int = 1
    line_ink: bool = False
    over: bool = True
    dots: int = 0
    speckle: float = 0.0
    warp: float = 0.0
    slant: float = 0.0
    blur: float = 0.0
    grain: float = 0.0
    shrink: float = 1.0
    jagged: bool = False
    quality: int | None = 85

    def __post_init__(self) -> None:
        if foreign := set(self.charset) - CHARACTERS:
            raise _wrong("charset", _CHARSET, repr(min(foreign)))
        if not self.charset:
            raise _wrong("charset", _CHARSET, "empty")
        if unknown := set(self.fonts).difference(all_names()):
            raise _wrong("fonts", f"of {_families()}", min(unknown))
        for knob, low, high in _RANGES:
            least, most = getattr(self, knob)
            if not low <= least <= most <= high:
                raise _wrong(knob, f"{low:g} to {high:g}, the least first", f"{least} to {most}")
        self._check_size()
        if self.quality is not None and not 5 <= self.quality <= 100:
            raise _wrong("quality", "5 to 100, or None", str(self.quality))
        for knob, (low, high) in _NUMBERS.items():
            if not low <= (value := getattr(self, knob)) <= high:
                raise _wrong(knob, f"{low} to {high}", str(value))
        for knob, choices in _CHOICES.items():
            if (value := getattr(self, knob)) not in choices:
                raise _wrong(knob, f"one of {', '.join(choices)}", repr(value))

    def _check_size(self) -> None:
        if self.size is None:
            return
        (height, width), needed = self.size, _NARROWEST * self.length[1]
        if not _SMALLEST <= min(self.size) <= max(self.size) <= _LARGEST:
            rule = f"{_SMALLEST} to {_LARGEST} pixels each way"
        elif width < needed:
            rule = f"at least {needed} pixels wide for {self.length[1]} characters"
        else:
            return
        raise _wrong("size", rule, f"{width} wide and {height} high")


def _wrong(knob: str, rule: str, value: str) -> ValueError:
    return ValueError(f"{knob} must be {rule}, not {value}")


def _families() -> str:
    """Return the names of all fonts in a line."""
    groups = [list(group) for _, group in groupby(all_names(), lambda name: name.split("-")[0])]
    return ", ".join(f"{group[0]} to {group[-1]}" for group in groups)


_OPTIONS = {"fonts": "--font", "speckle": "--noise", "gap": "--overlap"}


def option_of(knob: str) -> str:
    """Return what the command line calls a knob."""
    return _OPTIONS.get(knob, f"--{knob}")


def restyled(style: Style, knobs: Mapping[str, Any]) -> Style:
    """Return a style with some of its knobs turned.

    Raises:
        UsageError: If there is no such knob, or it cannot have that value.
    """
    known = [field.name for field in fields(Style)]
    for knob in knobs:
        if knob not in known:
            raise UsageError(knob, "is no knob of a style", f"choose one of {', '.join(known)}")
    try:
        return replace(style, **knobs)
    except ValueError as error:
        knob, _, rule = str(error).partition(" ")
        raise UsageError(knob, rule, "see captchascope generate --help") from None

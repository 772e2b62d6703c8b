"""The knobs of a style that an owner could turn up, each alone, in steps that people can read."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from captchascope.audit.wording import percent
from captchascope.generate.style import Style
from captchascope.generate.typefaces import font_names


@dataclass(frozen=True, slots=True)
class Step:
    """One setting of a knob.

    Attributes:
        value: As it is shown.
        knobs: Attributes of ``Style`` that differ from the scheme's.
        contrast: The share of the contrast that is left, 0 to 1.
    """

    value: str
    knobs: Mapping[str, Any]
    contrast: float = 1.0


@dataclass(frozen=True, slots=True)
class Dial:
    """A knob, as it is at first and as it is turned up, a little first."""

    name: str
    first: str
    steps: tuple[Step, ...]


def dials_of(style: Style) -> tuple[Dial, ...]:
    """Return what can be turned up; a knob that is up as far as people can read is left out."""
    dials = (
        *_counted(style),
        *_measured(style),
        *(_choice(style, "filling", "fill", ("dotted", "shadow", "hollow")),),
        *(_choice(style, "background", "backdrop", ("blobs", "stripes", "noise")),),
        _contrast(style),
        _colours(style),
        _typefaces(style),
        _alphabet(style),
        _length(style),
    )
    return tuple(dial for dial in dials if dial.steps)


def _counted(style: Style) -> Sequence[Dial]:
    """Return what is drawn over the text."""
    strokes: dict[str, Any] = {}
    if not style.lines + style.arcs:  # nothing says how they would look: as the text does
        strokes = {"thickness": max(style.thickness, round(2 * style.shrink))}
        strokes |= {} if style.dots else {"line_ink": True}
    inked = {} if style.dots + style.lines + style.arcs else {"line_ink": True}
    return (
        _steps(style, "straight lines", "lines", (3, 6, 10), 30, "{:.0f}".format, strokes),
        _steps(style, "arcs and waves", "arcs", (2, 4, 7), 20, "{:.0f}".format, strokes),
        _steps(style, "dots", "dots", (40, 100, 200), 500, "{:.0f}".format, inked),
    )


def _measured(style: Style) -> Sequence[Dial]:
    """Return what is done to the characters, or to all pixels."""
    blurred = style.size[0] / 40 if style.size else 1.2  # more than that a style does not blur
    blurs = tuple(round(blurred * share, 1) for share in (0.35, 0.7, 1.0))
    return (
        _steps(style, "noise", "speckle", (0.05, 0.12, 0.2), 0.35, _share_of("pixels")),
        _steps(style, "warp", "warp", (0.05, 0.1, 0.16), 0.24, _share_of("height")),
        _steps(style, "turned characters", "rotation", (12, 24, 36), 60, "up to {:.0f}°".format),
        _steps(style, "blur", "blur", blurs, 2 * blurred, "{:.1f} pixels".format),
        _overlap(style),
    )


def _steps(
    style: Style,
    name: str,
    knob: str,
    more: Sequence[float],
    most: float,
    form: Callable[[float], str],
    others: Mapping[str, Any] | None = None,
) -> Dial:
    """Return a number turned up by so much, but not above ``most``.

    Args:
        style: What it has at first.
        name: As it is shown.
        knob: Of ``Style``.
        more: By how much, a little first.
        most: Beyond it people cannot read.
        form: Returns a value as it is shown.
        others: What is turned with it.
    """
    first = getattr(style, knob)
    values = [value for step in more if (value := type(first)(first + step)) <= most]
    steps = (Step(form(value), {**(others or {}), knob: value}) for value in values)
    return Dial(name, form(first) if first else "none", tuple(steps))


def _share_of(what: str) -> Callable[[float], str]:
    return lambda share: f"{percent(share)} of the {what}"


def _overlap(style: Style) -> Dial:
    """Return the characters moved together, until a third of one lies on its neighbour."""
    start = min(style.gap, 0.0)
    gaps = [gap for step in (0.08, 0.16, 0.24) if (gap := round(start - step, 2)) >= -0.34]
    steps = tuple(Step(f"{percent(-gap)} of the height", {"gap": gap}) for gap in gaps)
    return Dial("overlap", f"{percent(-start)} of the height" if start else "none", steps)


def _choice(style: Style, name: str, knob: str, values: Sequence[str]) -> Dial:
    first = getattr(style, knob)
    steps = tuple(Step(value, {knob: value}) for value in values if value != first)
    return Dial(name, first, steps)


def _contrast(style: Style) -> Dial:
    """Return the contrast turned down: the style's own knob says only how much it is at least."""
    return Dial(
        "contrast",
        "as it is",
        tuple(Step(f"{percent(share)} of it", {}, share) for share in (0.6, 0.4, 0.25)),
    )


def _colours(style: Style) -> Dial:
    steps = (Step("one for each character", {"colours": True, "gray": False}),)
    return Dial("colours", "gray" if style.gray else "one", () if style.colours else steps)


def _typefaces(style: Style) -> Dial:
    """Return one typeface, a few, all, and a typeface of its own for each character."""
    every, own = font_names(), style.fonts or font_names()
    few = (*own, *every[:: len(every) // 8])
    choices = [(f"{len(few)}", few, False), (f"{len(every)}", every, False)]
    choices = [choice for choice in choices if len(choice[1]) > 2 * len(own) and not style.mixed]
    choices += [(f"{len(every)}, mixed in a text", every, True)]
    steps = tuple(Step(value, {"fonts": fonts, "mixed": mix}) for value, fonts, mix in choices)
    done = style.mixed and len(own) >= len(every)
    mixed = ", mixed in a text" if style.mixed else ""
    return Dial("typefaces", f"{len(own)}{mixed}", () if done else steps)


_KINDS = {
    "digits": string.digits,
    "capitals": string.ascii_uppercase,
    "small letters": string.ascii_lowercase,
}
_UNSURE = frozenset("01OoIl")
"""Characters that people take for each other; none is added."""

_ONE_SHAPE = frozenset("cikopsuvwxyz")
"""Letters that look the same in both cases."""


def _alphabet(style: Style) -> Dial:
    """Return kinds of characters added; not those that look like one which is there."""
    steps, chars = [], style.charset
    for kind, more in _KINDS.items():
        if set(more) & set(style.charset) or set(style.charset) - set(string.printable):
            continue
        twins = {char.swapcase() for char in chars if char.lower() in _ONE_SHAPE}
        chars += "".join(char for char in more if char not in twins | _UNSURE)
        steps.append(Step(f"{len(set(chars))}, with {kind}", {"charset": chars}))
    return Dial("alphabet", f"{len(set(style.charset))} characters", tuple(steps))


def _length(style: Style) -> Dial:
    """Return longer texts, in images as much wider, so that the characters stay as large."""
    steps, (least, most) = [], style.length
    for more in (2, 4):
        knobs: dict[str, Any] = {"length": (least + more, most + more)}
        if style.size is not None:
            height, width = style.size
            knobs["size"] = height, min(round(width * (most + more) / most), 1000)
        if most + more <= 16:
            steps.append(Step(_span(least + more, most + more), knobs))
    return Dial("length", _span(least, most), tuple(steps))


def _span(least: int, most: int) -> str:
    count = f"{least}" if least == most else f"{least} to {most}"
    return f"{count} characters"

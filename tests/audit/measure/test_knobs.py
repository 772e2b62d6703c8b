"""The knobs of a style turned up: each alone, step by step, and no further than people read."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from captchascope.audit.measure.knobs import Dial, dials_of
from captchascope.generate.families import PRESETS
from captchascope.generate.style import Style, restyled

ALSO = {
    "straight lines": {"thickness", "line_ink"},
    "arcs and waves": {"thickness", "line_ink"},
    "dots": {"line_ink"},
    "typefaces": {"mixed"},
    "colours": {"gray"},
    "length": {"size"},
}
"""What is turned with a knob, as it says how that looks."""

OWN = {
    "straight lines": "lines",
    "arcs and waves": "arcs",
    "dots": "dots",
    "noise": "speckle",
    "warp": "warp",
    "turned characters": "rotation",
    "blur": "blur",
    "overlap": "gap",
    "filling": "fill",
    "background": "backdrop",
    "colours": "colours",
    "typefaces": "fonts",
    "alphabet": "charset",
    "length": "length",
}


def dial(style: Style, name: str) -> Dial:
    """Return one knob of a style."""
    return next(dial for dial in dials_of(style) if dial.name == name)


def styles() -> list[tuple[str, Style]]:
    """Return the styles of all schemes that have one."""
    return [(name, preset.style) for name, preset in PRESETS.items()]


@pytest.mark.parametrize(("name", "style"), styles())
def test_each_knob_is_turned_alone(name: str, style: Style) -> None:
    """A setting differs from the scheme in its own knob, and in what says how that looks."""
    for each in dials_of(style):
        for step in each.steps:
            turned = restyled(style, step.knobs)
            differing = {k for k, v in asdict(turned).items() if v != getattr(style, k)}
            if each.name == "contrast":
                assert (differing, step.contrast < 1) == (set(), True)
            else:
                allowed = {OWN[each.name]} | ALSO.get(each.name, set())
                assert set() < differing <= allowed


@pytest.mark.parametrize(("name", "style"), styles())
def test_numbers_are_turned_up_step_by_step(name: str, style: Style) -> None:
    """Each setting of a number is more than the one before, and the first more than the scheme."""
    for each in dials_of(style):
        knob = OWN.get(each.name, "charset")
        if isinstance(first := getattr(style, knob), (int, float)) and knob != "colours":
            values = [first, *(step.knobs[knob] for step in each.steps)]
            assert values == sorted(values, reverse=knob == "gap")
            assert len({*values}) == len(values)


def test_what_is_up_already_is_no_knob() -> None:
    """A knob that cannot be turned further without hiding the text is left out."""
    style = restyled(Style(), {"lines": 40, "warp": 0.3, "rotation": 80, "gap": -0.5})
    names = {each.name for each in dials_of(style)}
    assert not names & {"straight lines", "warp", "turned characters", "overlap"}


def test_an_alphabet_gains_kinds_that_it_has_not() -> None:
    """Digits gain capitals, then small letters, but none that look like a capital."""
    first, second = dial(Style(charset="0123456789"), "alphabet").steps
    assert set("ABC") <= set(first.knobs["charset"])
    assert "a" not in first.knobs["charset"]
    added = set(second.knobs["charset"]) - set(first.knobs["charset"])
    assert "a" in added
    assert not added & set("cosvwxzl")


def test_longer_texts_stay_as_large() -> None:
    """An image is as much wider as its longest text is longer."""
    steps = dial(Style(length=(5, 5), size=(50, 150)), "length").steps
    assert [step.knobs["length"] for step in steps] == [(7, 7), (9, 9)]
    assert [step.knobs["size"] for step in steps] == [(50, 210), (50, 270)]


def test_a_style_with_all_kinds_of_everything_has_other_knobs_only() -> None:
    """What is chosen already is not offered again."""
    style = Style(charset="aA1", mixed=True, colours=True, fill="hollow")
    names = {each.name for each in dials_of(style)}
    assert not names & {"alphabet", "typefaces", "colours"}
    assert "hollow" not in {step.value for step in dial(style, "filling").steps}

"""Which values a knob can have."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from inspect import getdoc
from typing import Any

import pytest

from captchascope.errors import UsageError
from captchascope.generate.style import BACKDROPS, FILLS, INKS, Style, option_of, restyled

ALPHABET = "of 0-9, A-Z, a-z, + - × ÷ * / = ? . and the characters of Chinese sums"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"charset": ""}, f"charset must be {ALPHABET}, not empty"),
        ({"charset": "12ß"}, f"charset must be {ALPHABET}, not 'ß'"),
        ({"charset": "1 2"}, f"charset must be {ALPHABET}, not ' '"),
        ({"length": (0, 4)}, "length must be 1 to 32, the least first, not 0 to 4"),
        ({"length": (5, 4)}, "length must be 1 to 32, the least first, not 5 to 4"),
        ({"length": (4, 33)}, "length must be 1 to 32, the least first, not 4 to 33"),
        ({"height": (0.0, 0.5)}, "height must be 0.1 to 1, the least first, not 0.0 to 0.5"),
        ({"size": (15, 150)}, "size must be 16 to 1000 pixels each way, not 150 wide and 15 high"),
        ({"size": (50, 1001)}, "size must be 16 to 1000 pixels each way, not 1001 wide"),
        ({"size": (50, 41)}, "size must be at least 42 pixels wide for 6 characters, not 41 wide"),
        ({"fonts": ("sans-01", "arial")}, "fonts must be of display-01 to display-"),
        ({"quality": 4}, "quality must be 5 to 100, or None, not 4"),
        ({"rotation": 91}, "rotation must be 0 to 90, not 91"),
        ({"rotation": -1}, "rotation must be 0 to 90, not -1"),
        ({"warp": float("nan")}, "warp must be 0 to 0.3, not nan"),
        ({"lines": 201}, "lines must be 0 to 200, not 201"),
        ({"speckle": 1.5}, "speckle must be 0 to 1, not 1.5"),
        ({"fill": "full"}, "fill must be one of solid, hollow, dotted, shadow, gradient, not"),
        ({"backdrop": ""}, "backdrop must be one of plain, gradient, noise"),
        ({"ink": "red"}, "ink must be one of dark, light, any, not 'red'"),
    ],
)
def test_a_wrong_value_is_named_with_the_right_ones(knobs: dict[str, Any], message: str) -> None:
    """The message begins with the knob."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Style(**knobs)


@pytest.mark.parametrize(
    "knobs",
    [
        {"length": (1, 1), "size": (16, 16)},
        {"length": (32, 32), "size": (16, 224)},
        {"size": (1000, 1000)},
        {"size": None, "length": (32, 32)},
        {"quality": None},
        {"quality": 5},
        {"fonts": ()},
        *[{"fill": fill} for fill in FILLS],
        *[{"backdrop": backdrop} for backdrop in BACKDROPS],
        *[{"ink": ink} for ink in INKS],
    ],
)
def test_the_ends_of_a_range_belong_to_it(knobs: dict[str, Any]) -> None:
    """And every choice can be chosen."""
    assert all(getattr(Style(**knobs), name) == value for name, value in knobs.items())


def test_every_knob_is_described() -> None:
    """By its name, in the docstring."""
    described = re.findall(r"^ {4}(\w+):", getdoc(Style) or "", flags=re.MULTILINE)
    assert [name for name in described if name != "ValueError"] == [f.name for f in fields(Style)]


def test_a_style_does_not_change() -> None:
    """It is what all images of a scheme have in common."""
    with pytest.raises(FrozenInstanceError):
        Style().warp = 0.1  # type: ignore[misc]


def test_a_knob_that_is_turned_overrides_the_style() -> None:
    """The others stay."""
    style = restyled(Style(warp=0.1, lines=2), {"lines": 5, "gray": True})
    assert style == Style(warp=0.1, lines=5, gray=True)
    assert restyled(style, {}) == style


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"rotation": 100}, "rotation: must be 0 to 90, not 100 "),
        ({"fonts": ("arial",)}, "fonts: must be of display-01 to .*, not arial "),
        ({"speckle": -1}, "speckle: must be 0 to 1, not -1 "),
        ({"gap": 9}, "gap: must be -0.6 to 2, not 9 "),
        ({"length": (40, 40)}, "length: must be 1 to 32, the least first, not 40 to 40 "),
    ],
)
def test_a_wrong_value_is_wrong_usage(knobs: dict[str, object], message: str) -> None:
    """The error names the knob, the valid values, and the help."""
    with pytest.raises(UsageError, match=rf"^{message}\(see captchascope generate --help\)$"):
        restyled(Style(), knobs)


def test_an_unknown_knob_is_wrong_usage() -> None:
    """The error lists the known ones."""
    with pytest.raises(
        UsageError, match=r"^wrap: is no knob of a style \(choose one of charset, .*warp"
    ):
        restyled(Style(), {"wrap": 0.1})


def test_an_option_has_the_name_of_its_knob() -> None:
    """Where there is no shorter one."""
    assert [option_of(knob) for knob in ("warp", "fonts")] == ["--warp", "--font"]

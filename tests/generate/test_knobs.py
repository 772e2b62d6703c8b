"""Knobs turned by name."""

from __future__ import annotations

import pytest

from captchascope.errors import UsageError
from captchascope.generate.knobs import option_of, turned
from captchascope.generate.style import Style


def test_a_knob_that_is_turned_overrides_the_style() -> None:
    """The others stay."""
    style = turned(Style(warp=0.1, lines=2), {"lines": 5, "gray": True})
    assert style == Style(warp=0.1, lines=5, gray=True)
    assert turned(style, {}) == style


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"rotation": 100}, "--rotation: must be 0 to 90, not 100 "),
        ({"fonts": ("arial",)}, "--font: must be of display-01 to .*, not arial "),
        ({"speckle": -1}, "--noise: must be 0 to 1, not -1 "),
        ({"gap": 9}, "--overlap: must be -0.6 to 2, not 9 "),
        ({"length": (40, 40)}, "--length: must be 1 to 32, the least first, not 40 to 40 "),
    ],
)
def test_a_wrong_value_is_wrong_usage(knobs: dict[str, object], message: str) -> None:
    """The error names the option, the valid values, and the help."""
    with pytest.raises(UsageError, match=rf"^{message}\(see captchascope generate --help\)$"):
        turned(Style(), knobs)


def test_an_unknown_knob_is_wrong_usage() -> None:
    """The error lists the known ones."""
    with pytest.raises(
        UsageError, match=r"^wrap: is no knob of a style \(choose of charset, .*warp"
    ):
        turned(Style(), {"wrap": 0.1})


def test_an_option_has_the_name_of_its_knob() -> None:
    """Where there is no shorter one."""
    assert [option_of(knob) for knob in ("warp", "fonts")] == ["--warp", "--font"]

"""Styles drawn at random."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest

from captchascope.generate.style import BACKDROPS, INKS, Style
from captchascope.generate.typefaces import names
from captchascope.generate.varied import CHARSETS, draw_height, draw_style

STYLES = [draw_style(np.random.default_rng([3, seed])) for seed in range(1500)]


def test_a_style_depends_on_the_seed_alone() -> None:
    """The same seed draws the same knobs."""
    for seed in range(20):
        one, other = (draw_style(np.random.default_rng(seed)) for _ in range(2))
        assert one == other
    assert len(set(STYLES)) == len(STYLES)


@pytest.mark.parametrize("knob", [f.name for f in fields(Style) if f.name != "size"])
def test_every_knob_is_turned(knob: str) -> None:
    """Two styles at least differ in it; the size is left to the text."""
    assert len({getattr(style, knob) for style in STYLES}) > 1
    assert {style.size for style in STYLES} == {None}


def test_all_fonts_and_most_choices_occur() -> None:
    """Every ink and backdrop, every font, all characters."""
    assert {style.ink for style in STYLES} == set(INKS)
    assert {style.backdrop for style in STYLES} == set(BACKDROPS)
    assert {font for style in STYLES for font in style.fonts} == set(names())
    assert set("".join(charset for charset, _ in CHARSETS)) == set(
        string.digits + string.ascii_letters
    )


def test_the_chances_are_those_of_the_tables() -> None:
    """Give or take five deviations."""
    counts = Counter(style.charset for style in STYLES)
    total = sum(chance for _, chance in CHARSETS)
    for charset, chance in CHARSETS:
        share = chance / total
        deviation = (share * (1 - share) / len(STYLES)) ** 0.5
        assert abs(counts[charset] / len(STYLES) - share) < 5 * deviation


def test_heights_are_those_of_captchas() -> None:
    """Neither too small to be read, nor larger than one meets."""
    heights = [draw_height(np.random.default_rng(seed)) for seed in range(300)]
    assert 24 <= min(heights) < 35
    assert 70 < max(heights) <= 100

"""The named families."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from captchascope.generate import draw_captcha
from captchascope.generate.families import CHARSETS, PRESETS, draw_height, draw_style
from captchascope.generate.style import BACKDROPS, INKS, Style
from captchascope.generate.styled import draw_image, draw_text
from captchascope.generate.typefaces import font_names
from captchascope.image import load_rgb
from generate.styles import border, differing, without_clutter

EVERY = pytest.mark.parametrize("name", PRESETS)


def test_there_are_several_and_each_says_what_it_is() -> None:
    """In one line that fits a terminal beside the name."""
    assert len(PRESETS) >= 6
    for name, preset in PRESETS.items():
        assert name.isalpha()
        assert 20 < len(preset.title) <= 90
    assert len({preset.style for preset in PRESETS.values()}) == len(PRESETS)


@EVERY
def test_every_image_has_the_size_the_alphabet_and_the_length(name: str) -> None:
    """As a file, too."""
    style = PRESETS[name].style
    for number in range(12):
        made = draw_captcha(name, 5, number)
        assert style.size == load_rgb(made.jpeg()).shape[:2] == made.image.shape[:2]
        assert style.length[0] <= len(made.label) <= style.length[1]
        assert set(made.label) <= set(style.charset)


@EVERY
def test_no_text_is_cut(name: str) -> None:
    """Seen without the clutter: there is a way around it, and there is ink."""
    for seed in range(40):
        rng = np.random.default_rng([9, seed])
        style = replace(without_clutter(PRESETS[name].style), contrast=1.0)
        ink = differing(draw_image(rng, style, draw_text(rng, style)))
        assert border(ink).max() < 90
        assert (ink > 60).mean() > 0.04


@EVERY
def test_the_text_can_be_told_from_the_rest(name: str) -> None:
    """Two texts of the same length, drawn alike, differ by more than a twentieth of the pixels."""
    style = replace(PRESETS[name].style, length=(4, 4))
    for seed in range(10):
        one, other = (
            draw_image(np.random.default_rng(seed), style, text).astype(int)
            for text in (style.charset[1:5], style.charset[4:8])
        )
        far = np.abs(one - other).max(axis=2)
        assert (far > 50).mean() > 0.03


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
    assert {font for style in STYLES for font in style.fonts} == set(font_names())
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

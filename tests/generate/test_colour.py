"""Colours that can be told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captchascope.generate.colour import Colour, between, ground, ink, luma, near
from captchascope.generate.style import INKS, Style

SEEDS = range(300)


def pairs(style: Style) -> list[tuple[Colour, Colour]]:
    """Return grounds, each with an ink."""
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng([seed])
        behind = ground(rng, style)
        found.append((behind, ink(rng, style, behind)))
    return found


@pytest.mark.parametrize(("colour", "bright"), [((0, 0, 0), 0), ((255, 255, 255), 255)])
def test_brightness_is_from_black_to_white(colour: Colour, bright: float) -> None:
    """Green counts most, blue least."""
    assert luma(colour) == pytest.approx(bright)
    assert luma((0, 9, 0)) > luma((9, 0, 0)) > luma((0, 0, 9))


@pytest.mark.parametrize("kind", INKS)
@pytest.mark.parametrize("contrast", [0.15, 0.6, 1.0])
def test_ink_differs_in_brightness_from_what_lies_behind(kind: str, contrast: float) -> None:
    """In the direction that the style says, so that it can be read without colours too."""
    gaps = [luma(i) - luma(b) for b, i in pairs(Style(ink=kind, contrast=contrast))]
    assert min(abs(gap) for gap in gaps) >= 20
    assert {gap > 0 for gap in gaps} == {"dark": {False}, "light": {True}}.get(kind, {False, True})


def test_more_contrast_is_a_wider_gap() -> None:
    """On the average."""
    means = [
        np.mean([abs(luma(i) - luma(b)) for b, i in pairs(Style(contrast=contrast))])
        for contrast in (0.0, 0.5, 1.0)
    ]
    assert means[0] + 10 < means[1] < means[2] - 10


def test_all_is_within_the_levels_of_a_pixel() -> None:
    """Whatever the style."""
    for kind in INKS:
        for contrast in (0.0, 1.0):
            for pair in pairs(Style(ink=kind, contrast=contrast)):
                assert all(0 <= level <= 255 for colour in pair for level in colour)


def test_a_gray_style_has_no_colours() -> None:
    """Neither in front nor behind."""
    for pair in pairs(Style(gray=True, ink="any")):
        assert all(max(colour) - min(colour) < 1e-9 for colour in pair)
    assert any(max(colour) - min(colour) > 50 for pair in pairs(Style()) for colour in pair)


@pytest.mark.parametrize("contrast", [0.0, 0.5, 1.0])
def test_a_second_ground_is_near_the_first(contrast: float) -> None:
    """The nearer the less the glyphs stand out."""
    style = replace(Style(ink="any"), contrast=contrast)
    reach = 20 + 60 * contrast
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        base = ground(rng, style)
        other = near(rng, style, base)
        assert all(abs(a - b) <= reach + 1e-9 for a, b in zip(base, other, strict=True))


def test_between_two_colours_is_neither() -> None:
    """At least a tenth of the way from both."""
    for seed in SEEDS:
        colour = between(np.random.default_rng(seed), (0, 100, 200), (100, 100, 100))
        assert 10 <= colour[0] <= 90
        assert colour[1] == 100
        assert 110 <= colour[2] <= 190

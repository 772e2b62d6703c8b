"""Thick, thin, hollow, dotted and fading strokes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from captchascope.generate.families import draw_style
from captchascope.generate.layout import Line, fitted, outlined, swelling, textured
from captchascope.generate.style import Style, restyled
from captchascope.generate.styled import draw_text
from generate.styles import BARE, TEXT

BAR = np.pad(np.full((60, 20), 255, np.uint8), 8)
"""A stroke 20 pixels wide; its middle is at (38, 18)."""


def ink(mask: np.ndarray) -> int:
    """Return how many pixels are inked."""
    return int((mask > 127).sum())


def test_a_solid_stroke_is_left_alone() -> None:
    """The default."""
    np.testing.assert_array_equal(outlined(BAR, Style()), BAR)
    np.testing.assert_array_equal(textured(np.random.default_rng(0), BAR, Style()), BAR)


def test_a_bolder_stroke_has_more_ink() -> None:
    """A pixel on each side for each step, and as many have to be left free for it."""
    for bold in (1, 3):
        mask = outlined(BAR, Style(bold=bold))
        assert mask[38].astype(int).sum() == 255 * (20 + 2 * bold)
        assert swelling(Style(bold=bold)) == bold


def test_a_small_glyph_gets_no_bolder_than_it_can_bear() -> None:
    """A fourteenth of its height on either side of a stroke."""
    small = np.pad(np.full((14, 3), 255, np.uint8), 3)
    assert outlined(small, Style(bold=8))[10].astype(int).sum() == 255 * 5


def test_a_thinner_stroke_has_less_ink() -> None:
    """But a small glyph keeps what it has."""
    assert outlined(BAR, Style(bold=-1))[38].astype(int).sum() == 255 * 18
    small = np.pad(np.full((20, 3), 255, np.uint8), 3)
    np.testing.assert_array_equal(outlined(small, Style(bold=-1)), small)


def test_a_hollow_stroke_has_ink_at_its_rim_alone() -> None:
    """The rim is closed: the stroke's edge is inked all around."""
    mask = outlined(BAR, Style(fill="hollow"))
    assert mask[38, 18] == 0
    assert (mask[38, [7, 8, 27, 28]] == 255).all()
    assert (mask[[7, 8, 67, 68], 18] == 255).all()
    assert swelling(Style(fill="hollow")) == 1
    assert swelling(Style(fill="hollow", bold=2)) == 3


@pytest.mark.parametrize(("fill", "least", "most"), [("dotted", 0.4, 0.8), ("gradient", 0.4, 1.0)])
def test_a_fill_takes_a_part_of_the_ink(fill: str, least: float, most: float) -> None:
    """And adds none."""
    for seed in range(20):
        mask = textured(np.random.default_rng(seed), BAR, Style(fill=fill))
        assert (mask <= BAR).all()
        assert least <= mask.sum() / BAR.sum() < most
        assert mask.dtype == np.uint8


def test_a_dotted_stroke_has_holes() -> None:
    """In lines, or anywhere; both occur."""
    masks = [textured(np.random.default_rng(s), BAR, Style(fill="dotted")) for s in range(10)]
    assert all(0 < ink(mask) < ink(BAR) for mask in masks)
    assert len({mask.tobytes() for mask in masks}) > 5


def test_a_jagged_stroke_has_no_grays() -> None:
    """It is there, or it is not."""
    soft = np.array([[0, 60, 110, 111, 200, 255]], np.uint8)
    mask = textured(np.random.default_rng(0), soft, Style(jagged=True))
    assert mask.tolist() == [[0, 0, 0, 255, 255, 255]]


HARD = Style(
    charset="iIl1WMgj0Q",
    height=(0.9, 1.0),
    rotation=60,
    shear=0.5,
    wobble=0.5,
    scaling=0.3,
    mixed=True,
    warp=0.1,
    anywhere=True,
)

Fitted = tuple[Line, tuple[int, int], tuple[int, int]]


def lay(style: Style, text: str = TEXT, seed: int = 0, tall: int = 60) -> Fitted:
    """Lay out a text."""
    return fitted(np.random.default_rng(seed), text, style, tall)


def assert_inside(placed: Fitted) -> None:
    """Check that no glyph leaves the image, and that the line's ends are its glyphs'."""
    line, (height, width), (row, column) = placed
    for glyph in line.glyphs:
        assert 0 <= column + glyph.left <= column + glyph.left + glyph.mask.shape[1] <= width
        assert 0 <= row + glyph.top <= row + glyph.top + glyph.mask.shape[0] <= height
    assert line.top == min(glyph.top for glyph in line.glyphs)
    assert line.bottom == max(glyph.top + glyph.mask.shape[0] for glyph in line.glyphs)
    assert line.width == max(glyph.left + glyph.mask.shape[1] for glyph in line.glyphs)


@pytest.mark.parametrize("tall", [24, 64])
def test_every_varied_text_is_inside_its_image(tall: int) -> None:
    """And every glyph of it has ink."""
    for seed in range(80):
        rng = np.random.default_rng([4, seed])
        style = draw_style(rng)
        text = draw_text(rng, style)
        placed = fitted(rng, text, style, round(tall * style.shrink))
        assert_inside(placed)
        assert len(placed[0].glyphs) == len(text)
        assert all(glyph.mask.max() > 80 for glyph in placed[0].glyphs)


@pytest.mark.parametrize("size", [(16, 60), (40, 40), (50, 300), (150, 60), (120, 1000)])
def test_a_text_that_is_hard_to_fit_is_made_smaller(size: tuple[int, int]) -> None:
    """However large, turned and scattered its glyphs should have been."""
    for seed in range(8):
        style = replace(HARD, length=(5, 5), size=size)
        assert_inside(lay(style, "Wj1gM", seed, size[0]))


def test_the_height_is_that_of_capitals() -> None:
    """As a share of the image's, where the text fits."""
    for share in (0.2, 0.5, 0.8):
        line = lay(replace(BARE, size=(60, 900), height=(share, share)), "H")[0]
        assert line.bottom - line.top == pytest.approx(60 * share, abs=1.5)


def test_no_capital_is_too_small_to_be_read() -> None:
    """Nine pixels, even where a tenth of the image would be two."""
    line = lay(replace(BARE, size=(20, 300), height=(0.1, 0.1)), "H", tall=20)[0]
    assert line.bottom - line.top >= 8


def test_glyphs_overlap_or_stand_apart() -> None:
    """By the share of their height that the style says, or a little more or less."""
    for gap in (0.5, 0.0, -0.2):
        line, _, _ = lay(replace(BARE, size=(60, 900), gap=gap))
        spaces = [b.left - a.left - a.mask.shape[1] for a, b in pairwise(line.glyphs)]
        assert spaces == pytest.approx([30 * gap] * 4, abs=2.5)


def test_a_wide_text_is_squeezed_before_it_is_shrunk() -> None:
    """Down to about three quarters of its width."""
    room = lay(replace(BARE, size=(60, 900)))[0]
    tight = lay(replace(BARE, size=(60, round(room.width * 0.85))))[0]
    assert tight.width < 0.85 * room.width
    assert tight.bottom - tight.top > 0.9 * (room.bottom - room.top)
    tiny = lay(replace(BARE, size=(60, round(room.width * 0.4))))[0]
    assert tiny.bottom - tiny.top < 0.7 * (room.bottom - room.top)


def test_a_text_stands_in_the_middle_or_anywhere() -> None:
    """Anywhere is somewhere else each time."""
    size = (120, 600)
    for seed in range(5):
        line, (height, width), (row, column) = lay(replace(BARE, size=size), seed=seed, tall=120)
        assert column + line.width / 2 == pytest.approx(width / 2, abs=1)
        assert row + (line.top + line.bottom) / 2 == pytest.approx(height / 2, abs=1)
    style = replace(BARE, size=size, anywhere=True)
    starts = [lay(style, seed=seed, tall=120)[2] for seed in range(30)]
    rows, columns = zip(*starts, strict=True)
    assert max(rows) - min(rows) > 30
    assert max(columns) - min(columns) > 100


def test_an_image_without_a_size_is_as_wide_as_its_text_needs() -> None:
    """At least half again its height, at most six times, where that is enough for the text."""
    for text, most in (("I", 1.5), ("WWWWWWWW", 6.0)):
        line, (height, width), _ = lay(replace(BARE, size=None), text, tall=40)
        assert height == 40
        assert max(60, line.width) <= width <= 40 * most
    assert lay(replace(BARE, size=None), "W" * 32, tall=24)[1][1] > 6 * 24


def test_one_font_or_one_for_every_glyph() -> None:
    """As the style says; without names all fonts are taken."""
    for mixed, kinds in ((False, 1), (True, 4)):
        line = lay(replace(BARE, fonts=(), mixed=mixed, size=(60, 900)), "HHHHHHHH", seed=3)[0]
        assert len({glyph.mask.tobytes() for glyph in line.glyphs}) >= kinds
        assert (len({glyph.mask.shape for glyph in line.glyphs}) == 1) is not mixed


@pytest.mark.parametrize("knob", ["rotation", "shear", "wobble", "scaling"])
def test_glyphs_differ_in_what_the_style_varies(knob: str) -> None:
    """And in nothing where it varies nothing."""
    style = replace(BARE, size=(90, 900))
    same = lay(style, "HHHHH", tall=90)[0]
    assert len({(glyph.mask.tobytes(), glyph.top) for glyph in same.glyphs}) == 1
    varied = lay(restyled(style, {knob: 30 if knob == "rotation" else 0.4}), "HHHHH", tall=90)[0]
    assert len({(glyph.mask.tobytes(), glyph.top) for glyph in varied.glyphs}) == 5

"""Thick, thin, hollow, dotted and fading strokes."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.strokes import outlined, swelling, textured
from captchascope.generate.style import Style

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

"""The box around the text, and the cuts through it."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.errors import SegmentationError
from captchascope.glyphs.denoise import ComponentMap, find_components
from captchascope.glyphs.scheme import GlyphSize, Split, load
from captchascope.glyphs.segment import clip_box, crop, cut_columns, fit, split

METU = load("metu")
SIXTHS = METU.split


def components(*boxes: tuple[int, int, int, int]) -> ComponentMap:
    """Find the components of an image of 150x50 with these filled boxes."""
    binary = np.zeros((50, 150), np.uint8)
    for left, top, right, bottom in boxes:
        binary[top:bottom, left:right] = 255
    return find_components(binary, METU.components)


def test_the_box_begins_at_a_fixed_column() -> None:
    """Its other three edges are those of the components."""
    found = components((40, 20, 60, 35), (70, 12, 110, 30))
    assert clip_box(found, METU.clip) == (30, 12, 110, 35)


def test_a_component_must_end_left_of_the_limit() -> None:
    """One that ends at column 125 is none of the text, one that ends at 124 is."""
    text, far = (40, 20, 60, 35), (80, 5, 124, 45)
    assert clip_box(components(text, far), METU.clip) == (30, 5, 124, 45)
    farther = (80, 5, 125, 45)
    assert clip_box(components(text, farther), METU.clip) == (30, 20, 60, 35)


def test_a_component_left_of_the_text_moves_nothing() -> None:
    """It has to reach past column 30 to count for the top and the bottom."""
    text = (40, 20, 60, 35)
    assert clip_box(components(text, (10, 2, 30, 48)), METU.clip) == (30, 20, 60, 35)
    assert clip_box(components(text, (10, 2, 31, 48)), METU.clip) == (30, 2, 60, 48)


def test_noise_moves_nothing() -> None:
    """A component of less than 15 pixels is not looked at."""
    assert clip_box(components((40, 20, 60, 35), (100, 2, 114, 3)), METU.clip) == (30, 20, 60, 35)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ((), "no ink"),
        (((50, 20, 64, 21),), "no ink"),
        (((0, 0, 150, 50),), "no component ends left of column 125"),
        (((5, 5, 25, 25),), "no component ends left of column 125"),
    ],
)
def test_no_text_is_an_error_with_a_remedy(
    boxes: tuple[tuple[int, int, int, int], ...], message: str
) -> None:
    """The message tells an empty image from one whose ink is elsewhere."""
    with pytest.raises(SegmentationError) as caught:
        clip_box(components(*boxes), METU.clip)
    assert caught.value.what == message
    assert caught.value.remedy


def test_the_crop_is_the_inside_of_the_box() -> None:
    """Right and bottom are one past the last."""
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    np.testing.assert_array_equal(crop(image, (3, 2, 7, 5)), image[2:5, 3:7])


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (6, (0, 1, 2, 3, 4, 5, 6)),
        (7, (0, 1, 2, 3, 4, 5, 7)),
        (11, (0, 1, 3, 5, 7, 9, 11)),
        (12, (0, 2, 4, 6, 8, 10, 12)),
        (83, (0, 13, 27, 41, 55, 69, 83)),
        (90, (0, 15, 30, 45, 60, 75, 90)),
    ],
)
def test_the_text_is_halved_and_each_half_cut_in_three(
    width: int, columns: tuple[int, ...]
) -> None:
    """Widths that do not divide are rounded down, half by half."""
    assert cut_columns(width, SIXTHS) == columns


@pytest.mark.parametrize("width", [0, 1, 5])
def test_too_few_columns_are_an_error(width: int) -> None:
    """Every glyph has a column at least."""
    with pytest.raises(SegmentationError, match=f"{width} columns of ink, too few for 6 glyphs"):
        cut_columns(width, SIXTHS)


SPLITS = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple).map(Split)


@settings(derandomize=True, deadline=None)
@given(SPLITS, st.integers(0, 200))
def test_the_strips_hold_every_column_once(rule: Split, extra: int) -> None:
    """Put side by side they are the crop, and they are about as wide as each other."""
    width = prod(rule.parts) + extra
    columns = cut_columns(width, rule)
    assert len(columns) == rule.count + 1
    binary = np.random.default_rng(width).integers(0, 2, (3, width), np.uint8) * np.uint8(255)
    strips = split(binary, columns)
    np.testing.assert_array_equal(np.hstack(strips), binary)
    widths = [b - a for a, b in pairwise(columns)]
    assert [strip.shape for strip in strips] == [(3, w) for w in widths]
    assert min(widths) >= 1
    assert max(widths) - min(widths) <= len(rule.parts)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), min_size=1, max_size=7),
    st.integers(4, 40),
    st.integers(4, 40),
)
def test_glyphs_of_any_size_are_brought_to_one(
    shapes: list[tuple[int, int]], height: int, width: int
) -> None:
    """What is all ink stays all ink, and what is none stays none."""
    glyphs = [np.full(shape, i % 2 * 255, np.uint8) for i, shape in enumerate(shapes)]
    fitted = fit(glyphs, GlyphSize(height, width))
    assert fitted.shape == (len(shapes), height, width)
    assert fitted.dtype == np.uint8
    for i, glyph in enumerate(fitted):
        assert (glyph == i % 2 * 255).all()


def test_a_glyph_of_the_right_size_is_not_touched() -> None:
    """The METU scheme asks for 24x14."""
    glyph = np.random.default_rng(0).integers(0, 256, (24, 14), np.uint8)
    np.testing.assert_array_equal(fit([glyph], METU.glyph), glyph[None])

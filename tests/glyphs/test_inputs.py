"""Windows of the gray image around the cuts."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.generate import draw_captcha
from captchascope.glyphs.inputs import (
    InputSpec,
    middle_row,
    normalise_glyphs,
    prepare_glyphs,
    windows,
)
from captchascope.glyphs.scheme import GlyphSize, load_scheme
from captchascope.glyphs.segmentation import cut_glyphs, locate
from captchascope.records import GrayImage


def text() -> GrayImage:
    """Return the cleaned image of a text in the rows 20 to 39."""
    cleaned = np.zeros((50, 150), np.uint8)
    cleaned[20:40, 32:110] = 255
    return cleaned


def test_the_middle_row_is_the_middle_of_the_ink() -> None:
    """Not of the box."""
    assert middle_row(text(), (30, 20, 110, 40)) == 30


def test_a_speck_hardly_moves_the_middle_row() -> None:
    """It moves the middle of the box by nine rows."""
    specked = text()
    specked[2:6, 50:54] = 255
    assert abs(middle_row(specked, (30, 2, 110, 40)) - 30) <= 1


def test_ink_outside_the_box_does_not_count() -> None:
    """Neither left of it nor right of it."""
    cleaned = text()
    cleaned[:10, :30] = cleaned[40:, 110:] = 255
    assert middle_row(cleaned, (30, 20, 110, 40)) == 30


def test_a_box_without_ink_has_some_row() -> None:
    """The first one, rather than a failure."""
    assert middle_row(np.zeros((50, 150), np.uint8), (30, 20, 110, 40)) == 0


def test_the_middle_of_a_cut_is_the_middle_of_its_window() -> None:
    """Ink is high there, and ground low."""
    gray = np.full((50, 150), 255, np.uint8)
    gray[25, 30 + 7] = 40
    (window,) = windows(gray, 30, (0, 14), 25, GlyphSize(28, 22))
    assert window[14, 11] == 215
    assert np.count_nonzero(window) == 1


def test_outside_the_image_there_is_no_ink() -> None:
    """Windows at the corners and far beyond the right border are filled up with ground."""
    gray = np.zeros((50, 150), np.uint8)
    left, right, beyond = windows(gray, 0, (0, 2, 298, 99998), 0, GlyphSize(28, 22))
    expected = np.zeros((28, 22), np.uint8)
    expected[14:, 10:] = 255
    np.testing.assert_array_equal(left, expected)
    assert not right[:14].any()
    assert (right[14:] > 0).all(axis=0).sum() == 11
    assert not beyond.any()
    (bottom,) = windows(gray, 0, (60, 80), 49, GlyphSize(28, 22))
    assert bottom[:15].all()
    assert not bottom[15:].any()


@settings(max_examples=60)
@given(st.data(), st.integers(1, 40), st.integers(1, 60), st.integers(4, 30), st.integers(4, 30))
def test_a_window_shows_the_pixels_around_the_cut(
    data: st.DataObject, height: int, width: int, tall: int, wide: int
) -> None:
    """Each pixel is the image's, with black as 255, or 0 where there is no image."""
    gray = np.random.default_rng(height * width).integers(0, 256, (height, width), np.uint8)
    left = data.draw(st.integers(0, width - 1))
    row = data.draw(st.integers(0, height - 1))
    columns = tuple(sorted(data.draw(st.lists(st.integers(0, width), min_size=2, max_size=5))))
    columns = tuple(min(column, width - 1 - left) for column in columns)
    found = windows(gray, left, columns, row, GlyphSize(tall, wide))
    assert found.shape == (len(columns) - 1, tall, wide)
    far = np.full((height + 4 * tall, width + 4 * wide), 255, np.uint8)
    far[2 * tall : 2 * tall + height, 2 * wide : 2 * wide + width] = gray
    for window, a, b in zip(found, columns[:-1], columns[1:], strict=True):
        top = row - tall // 2 + 2 * tall
        start = left + (a + b) // 2 - wide // 2 + 2 * wide
        np.testing.assert_array_equal(window, 255 - far[top : top + tall, start : start + wide])


METU = load_scheme("metu")
LOCATED = locate(draw_captcha("metu", 990003, 1).image, METU)


@pytest.mark.parametrize("kind", ["glyph", "window"])
def test_the_spec_takes_its_size_from_the_scheme(kind: Literal["glyph", "window"]) -> None:
    """Every glyph of a text has the size that the metadata gives."""
    spec = InputSpec.of_scheme(METU, kind)
    size = METU.glyph if kind == "glyph" else METU.window
    assert spec == InputSpec(kind, size.height, size.width)
    prepared = prepare_glyphs(LOCATED, METU, spec)
    assert prepared.shape == (6, size.height, size.width)
    assert prepared.dtype == np.uint8


@pytest.mark.parametrize("size", [(0, 22), (28, -1), (28, 100_000)])
def test_an_impossible_size_is_refused(size: tuple[int, int]) -> None:
    """A model file with such metadata is refused when it is opened, not when it reads."""
    with pytest.raises(ValueError, match="height and width must be"):
        InputSpec("window", *size)


def test_glyphs_are_the_repaired_ones() -> None:
    """They are what the last stage gives."""
    prepared = prepare_glyphs(LOCATED, METU, InputSpec.of_scheme(METU, "glyph"))
    np.testing.assert_array_equal(prepared, cut_glyphs(LOCATED, METU).fitted)


def test_light_ink_is_high_as_well() -> None:
    """The network sees the same windows of an inverted image."""
    spec = InputSpec.of_scheme(METU, "window")
    inverted = replace(LOCATED, gray=255 - LOCATED.gray)
    np.testing.assert_array_equal(
        prepare_glyphs(inverted, replace(METU, ink="light"), spec),
        prepare_glyphs(LOCATED, METU, spec),
        prepare_glyphs(LOCATED, METU, spec),
    )


def test_the_batch_goes_from_nought_to_one() -> None:
    """It has a channel axis, and 32-bit floats."""
    levels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)
    batch = normalise_glyphs(levels)
    assert batch.shape == (2, 1, 8, 16)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[:, 0], levels / 255, atol=1e-7)
    assert (batch.min(), batch.max()) == (0, 1)

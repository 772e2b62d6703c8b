"""Telling the kinds apart by their black pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.glyphs.preprocess import (
    binarize,
    blur,
    clean,
    count_black,
    find_components,
    histogram,
    kind_of,
)
from captchascope.glyphs.scheme import Components, load_scheme
from captchascope.records import GrayImage

KINDS = load_scheme("metu").kinds


def with_black(count: int, ground: int = 255) -> GrayImage:
    """Return an image of 150x50 with so many pixels of 0."""
    image = np.full(7500, ground, np.uint8)
    image[:count] = 0
    return image.reshape(50, 150)


@pytest.mark.parametrize(("count", "kind"), [(0, 2), (500, 2), (501, 1), (7500, 1)])
def test_the_bound_belongs_to_the_second_kind(count: int, kind: int) -> None:
    """More than 500 pixels of black make kind 1, and exactly 500 do not."""
    assert kind_of(with_black(count), KINDS) == kind


def test_nearly_black_is_not_black() -> None:
    """Only 0 counts: the ink of kind 2 is dark too."""
    assert count_black(with_black(7, ground=1)) == 7
    assert kind_of(with_black(500, ground=1), KINDS) == 2


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32))
def test_the_histogram_counts_every_pixel_once(height: int, width: int, seed: int) -> None:
    """It has 256 bars, of which the first is what the kinds are told by."""
    image = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    bars = histogram(image)
    assert bars.shape == (256,)
    assert bars.sum() == image.size
    assert bars[0] == count_black(image)
    assert all(bars[level] == (image == level).sum() for level in (0, 1, 128, 255))


SPECKLE, PERIODIC = load_scheme("metu").kinds
RULE = load_scheme("metu").components
DOTTED = np.full((9, 9), 255, np.uint8)
DOTTED[4, 4] = 0


def test_the_median_takes_a_lone_speckle_away() -> None:
    """Kind 1: a pixel that its neighbours outvote vanishes, a stroke of three stays."""
    assert (blur(DOTTED, SPECKLE) == 255).all()
    stroke = np.full((9, 9), 255, np.uint8)
    stroke[:, 3:6] = 0
    np.testing.assert_array_equal(blur(stroke, SPECKLE), stroke)


def test_the_gaussian_spreads_a_dot_over_its_neighbours() -> None:
    """Kind 2: the kernel is 1 2 1 by 1 2 1 in sixteenths."""
    parts = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    np.testing.assert_allclose(blur(DOTTED, PERIODIC)[3:6, 3:6], 255 * (1 - parts), atol=1)
    assert blur(DOTTED, PERIODIC)[0, 0] == 255


@pytest.mark.parametrize("name", ["none", "median", "gaussian"])
def test_no_blur_changes_nothing(name: Literal["none", "median", "gaussian"]) -> None:
    """Neither the kind ``none`` nor a window of one pixel does."""
    kind = replace(SPECKLE, blur=name, blur_size=3 if name == "none" else 1)
    np.testing.assert_array_equal(blur(DOTTED, kind), DOTTED)


def test_the_threshold_itself_is_ink() -> None:
    """At most 170 is dark ink; light ink begins above it."""
    gray = np.array([[0, 169, 170, 171, 255]], np.uint8)
    assert binarize(gray, 170).tolist() == [[255, 255, 255, 0, 0]]
    assert binarize(gray, 170, "light").tolist() == [[0, 0, 0, 255, 255]]


def test_components_of_fifteen_pixels_are_kept() -> None:
    """Those of fourteen are noise."""
    binary = np.zeros((20, 40), np.uint8)
    binary[1:3, 2:9] = 255  # 14
    binary[10:13, 20:25] = 255  # 15
    found = find_components(binary, RULE)
    assert found.boxes.tolist() == [[2, 1, 9, 3], [20, 10, 25, 13]]
    assert found.areas.tolist() == [14, 15]
    assert found.kept.tolist() == [False, True]
    expected = np.zeros_like(binary)
    expected[10:13, 20:25] = 255
    np.testing.assert_array_equal(clean(found), expected)


@pytest.mark.parametrize(("connectivity", "areas"), [(8, [18]), (4, [9, 9])])
def test_corners_connect_eight_ways_only(connectivity: Literal[4, 8], areas: list[int]) -> None:
    """Two squares that touch at a corner are one component or two."""
    binary = np.zeros((10, 10), np.uint8)
    binary[1:4, 1:4] = binary[4:7, 4:7] = 255
    found = find_components(binary, Components(connectivity, 15))
    assert found.areas.tolist() == areas
    assert clean(found).any() == (connectivity == 8)


def test_an_image_without_ink_has_no_components() -> None:
    """The ground is none."""
    found = find_components(np.zeros((5, 5), np.uint8), RULE)
    assert found.boxes.shape == (0, 4)
    assert not clean(found).any()


@pytest.mark.parametrize("side", [361, 362, 363])
def test_a_chessboard_does_not_run_out_of_numbers(side: int) -> None:
    """No image has more components; on both sides of where the numbers become wider."""
    board = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = find_components(board, Components(4, 1))
    assert len(found.areas) == (board > 0).sum()
    np.testing.assert_array_equal(clean(found), board)


def random_binary(seed: int, height: int, width: int, density: float) -> GrayImage:
    """Return noise of a density."""
    rng = np.random.default_rng(seed)
    return ((rng.random((height, width)) < density) * 255).astype(np.uint8)


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0, 1),
    st.integers(0, 9),
)
def test_cleaning_keeps_exactly_the_large_components(
    seed: int, height: int, width: int, density: float, min_area: int
) -> None:
    """No pixel of ink is added, and what is taken away is the area of the small ones."""
    binary = random_binary(seed, height, width, density)
    found = find_components(binary, Components(8, min_area))
    cleaned = clean(found)
    assert ((cleaned == 0) | (binary == 255)).all()
    assert (cleaned > 0).sum() == found.areas[found.areas >= min_area].sum()
    assert (binary > 0).sum() == found.areas.sum()
    for left, top, right, bottom in found.boxes:
        assert binary[top:bottom, left].any()
        assert binary[top:bottom, right - 1].any()
        assert binary[top, left:right].any()
        assert binary[bottom - 1, left:right].any()

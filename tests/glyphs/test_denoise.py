"""Blur, threshold, and the components that are too small to be ink."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.glyphs.denoise import binarize, blur, clean, find_components
from captchascope.glyphs.scheme import Components, load
from captchascope.records import GrayImage

SPECKLE, PERIODIC = load("metu").kinds
RULE = load("metu").components
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


@settings(derandomize=True, deadline=None, max_examples=60)
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

"""Telling the kinds apart by their black pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.glyphs.kind import count_black, histogram, kind_of
from captchascope.glyphs.scheme import load
from captchascope.records import GrayImage

KINDS = load("metu").kinds


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


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32))
def test_the_histogram_counts_every_pixel_once(height: int, width: int, seed: int) -> None:
    """It has 256 bars, of which the first is what the kinds are told by."""
    image = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    bars = histogram(image)
    assert bars.shape == (256,)
    assert bars.sum() == image.size
    assert bars[0] == count_black(image)
    assert all(bars[level] == (image == level).sum() for level in (0, 1, 128, 255))

"""Warps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from captchascope.generate.warp import WARPS, draw_warp

SHAPE, REACH = (60, 200), 6.0
ROWS, COLUMNS = np.indices(SHAPE)
PICTURE = ((ROWS // 8 + COLUMNS // 8) % 2 * 255).astype(np.uint8)


@pytest.mark.parametrize("kind", WARPS)
def test_a_warp_moves_pixels_about_as_far_as_asked_for(kind: str) -> None:
    """Another way each time, and the same way for the same seed."""
    farthest, seen = [], set()
    for seed in range(30):
        one, same = (draw_warp(np.random.default_rng(seed), kind, SHAPE, REACH) for _ in "ab")
        assert one.x.shape == one.y.shape == SHAPE
        assert one.x.dtype == one.y.dtype == np.float32
        np.testing.assert_array_equal(one.x, same.x)
        np.testing.assert_array_equal(one.y, same.y)
        moved = max(np.abs(one.x - COLUMNS).max(), np.abs(one.y - ROWS).max())
        farthest.append(moved)
        seen.add(one.warped(PICTURE).tobytes())
    assert 0.3 * REACH < np.median(farthest) < 3 * REACH
    assert max(farthest) < 6 * REACH
    assert len(seen) == 30


@pytest.mark.parametrize("kind", WARPS)
def test_nothing_is_torn(kind: str) -> None:
    """Neighbours stay near each other, so that strokes stay whole."""
    for seed in range(30):
        warp = draw_warp(np.random.default_rng(seed), kind, SHAPE, REACH)
        for part in (warp.x, warp.y):
            assert max(np.abs(np.diff(part, axis=axis)).max() for axis in (0, 1)) < 4


def test_numbers_are_moved_whole() -> None:
    """Where asked for, no level is made up."""
    warp = draw_warp(np.random.default_rng(0), "waves", SHAPE, REACH)
    numbers = (PICTURE // 255 * 7).astype(np.uint8)
    whole = warp.warped(numbers, cv2.BORDER_REPLICATE, cv2.INTER_NEAREST)
    assert set(np.unique(whole)) == {0, 7}

"""Bending."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from captchascope.generate.style import Style
from captchascope.generate.warp import draw_bend

SHAPE = (60, 180)
CHECKERED = ((np.indices(SHAPE) // 10).sum(axis=0) % 2 * 255).astype(np.uint8)


@pytest.mark.parametrize("knobs", [{"warp": 0.1}, {"slant": 0.4}, {"warp": 0.1, "slant": 0.4}])
def test_a_bend_moves_what_the_style_asks_for(knobs: dict[str, float]) -> None:
    """Another way each time, and never by much more than that."""
    style = Style(**knobs)  # type: ignore[arg-type]
    reach = 60 * (2.5 * style.warp + 0.75 * style.slant) + 180 * 0.25 * style.slant
    moved = set()
    for seed in range(40):
        bend = draw_bend(np.random.default_rng(seed), SHAPE, style)
        assert bend.dx.shape == bend.dy.shape == SHAPE
        assert bend.dx.dtype == bend.dy.dtype == np.float32
        assert 0.5 < max(np.abs(bend.dx).max(), np.abs(bend.dy).max()) <= reach
        moved.add(bend.bent(CHECKERED, 1.0, cv2.BORDER_REPLICATE).tobytes())
    assert len(moved) == 40


def test_none_of_the_way_changes_nothing() -> None:
    """A share of 0."""
    bend = draw_bend(np.random.default_rng(0), SHAPE, Style(warp=0.2))
    np.testing.assert_array_equal(bend.bent(CHECKERED, 0.0, cv2.BORDER_CONSTANT), CHECKERED)
    np.testing.assert_array_equal(bend.moved(CHECKERED, 0.0), CHECKERED)


def test_numbers_are_moved_whole() -> None:
    """While levels are mixed."""
    numbers = (CHECKERED // 255 * 7).astype(np.uint8)
    bend = draw_bend(np.random.default_rng(0), SHAPE, Style(warp=0.1))
    assert set(np.unique(bend.moved(numbers, 1.0))) == {0, 7}
    assert len(np.unique(bend.bent(numbers, 1.0, cv2.BORDER_REPLICATE))) > 2


def test_a_smooth_bend_tears_nothing() -> None:
    """Neighbours stay neighbours: the displacement changes by less than a pixel per pixel."""
    for seed in range(40):
        bend = draw_bend(np.random.default_rng(seed), SHAPE, Style(warp=0.08))
        for part in (bend.dx, bend.dy):
            assert max(np.abs(np.diff(part, axis=axis)).max() for axis in (0, 1)) < 1.5

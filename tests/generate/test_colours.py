"""Colours and grounds."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.generate.colours import (
    GROUNDS,
    TONES,
    differ,
    draw_backdrop,
    draw_colour,
    draw_ground,
    draw_ink,
    fainter,
)
from captchascope.generate.paint import luma


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("gray", [True, False])
def test_an_ink_can_be_told_from_its_ground(tone: str, gray: bool) -> None:
    """By as much as asked for, nearly always, and never by less than a person needs."""
    gaps = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        ground = draw_ground(rng, tone, gray)
        ink = draw_ink(rng, [ground], tone, 60, gray)
        gaps.append(differ(ink, ground))
        if tone != "any":
            assert (luma(ink) < luma(ground)) is (tone == "dark")
        assert not gray or len(set(ink)) == len(set(ground)) == 1
    assert np.mean(np.array(gaps) >= 60) > 0.97
    assert min(gaps) > 25


def test_a_colour_fades_until_it_differs_by_so_much() -> None:
    """And one that differs by less stays."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        one, ground = draw_colour(rng, gray=False), draw_colour(rng, gray=False)
        far = differ(one, ground)
        assert differ(fainter(one, ground, 20), ground) == pytest.approx(min(far, 20))


@pytest.mark.parametrize("kind", GROUNDS)
@pytest.mark.parametrize("gray", [True, False])
def test_a_backdrop_stays_near_its_colours(kind: str, gray: bool) -> None:
    """It is of the shape asked for, and has no hues where there are none."""
    base, other = ((200.0,) * 3, (160.0,) * 3) if gray else ((200.0, 220, 240), (170.0, 200, 200))
    for seed in range(5):
        image = draw_backdrop(np.random.default_rng(seed), kind, (40, 130), (base, other), gray)
        assert image.shape == (40, 130, 3)
        assert image.dtype == np.uint8
        assert (np.ptp(image, axis=2) == 0).all() or not gray
        assert np.abs(image.astype(float) - base).max() < 110
        assert (image.std(axis=(0, 1)).max() > 0) == (kind != "plain")

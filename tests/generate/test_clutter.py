"""Lines, arcs, spots, speckle and grain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captchascope.generate.backdrop import filled
from captchascope.generate.clutter import draw_dots, draw_lines, grainy, speckle
from captchascope.generate.style import Style
from captchascope.records import RgbImage

WHITE, RED = (255.0, 255.0, 255.0), (200.0, 10.0, 20.0)
STYLE = Style(line_ink=True, jagged=True)


def lined(style: Style, seed: int = 0, shape: tuple[int, int] = (50, 150)) -> RgbImage:
    """Draw a style's lines on white."""
    image = filled(shape, WHITE)
    draw_lines(np.random.default_rng(seed), image, style, RED, WHITE)
    return image


def marked(image: RgbImage) -> int:
    """Return how many pixels are no longer white."""
    return int((image < 255).any(axis=2).sum())


@pytest.mark.parametrize("knob", ["lines", "arcs"])
def test_more_lines_are_more_ink(knob: str) -> None:
    """None are none."""
    counts = []
    for number in (0, 2, 10):
        style = replace(STYLE, lines=number) if knob == "lines" else replace(STYLE, arcs=number)
        counts.append(sum(marked(lined(style, seed)) for seed in range(20)))
    assert counts[0] == 0
    assert counts[1] * 2 < counts[2]


def test_lines_have_the_colour_of_the_glyphs_or_their_own() -> None:
    """Hard ones have no other, but for those in the ground's colour."""
    for seed in range(10):
        levels = {tuple(p) for p in lined(replace(STYLE, lines=8), seed).reshape(-1, 3).tolist()}
        assert levels == {(255, 255, 255), (200, 10, 20)}
    own = lined(replace(STYLE, lines=8, line_ink=False))
    assert len(np.unique(own.reshape(-1, 3), axis=0)) > 4


def test_soft_lines_have_grays() -> None:
    """Those of a style that is not jagged."""
    assert len(np.unique(lined(replace(STYLE, lines=3, jagged=False)))) > 8


def test_thickness_bounds_how_much_a_line_covers() -> None:
    """And a line is never thicker than a fourteenth of the image's height."""
    thin, thick, thicker = (
        sum(marked(lined(replace(STYLE, lines=1, thickness=t), seed)) for seed in range(40))
        for t in (1, 3, 50)
    )
    assert thin * 1.5 < thick < thicker < thin * 4


def test_spots_are_marks_all_over_the_image() -> None:
    """None are none, more are more."""
    counts = []
    for dots in (0, 20, 200):
        image = filled((50, 150), WHITE)
        draw_dots(np.random.default_rng(1), image, replace(STYLE, dots=dots), RED, WHITE)
        counts.append(marked(image))
    assert counts[0] == 0
    assert 10 < counts[1] < counts[2] / 3
    columns = np.flatnonzero((image < 255).any(axis=(0, 2)))
    assert columns[0] < 15
    assert columns[-1] > 135


def test_speckle_takes_its_share_of_the_pixels() -> None:
    """Give or take five deviations; at most half of it is as white as what it replaces."""
    for seed in range(20):
        image = filled((100, 200), WHITE)
        speckle(np.random.default_rng(seed), image, replace(STYLE, speckle=0.1), RED)
        assert 0.035 < marked(image) / 20000 < 0.115


def test_gray_speckle_has_no_colours() -> None:
    """Where the glyphs have none."""
    for seed in range(10):
        image = filled((50, 150), WHITE)
        gray = (90.0, 90.0, 90.0)
        speckle(np.random.default_rng(seed), image, replace(STYLE, speckle=0.2, gray=True), gray)
        assert (image == image[..., :1]).all()


@pytest.mark.parametrize("grain", [2.0, 20.0])
def test_grain_is_as_strong_as_it_says(grain: float) -> None:
    """Its mean is 0 and its deviation that of the style; levels never wrap around."""
    image = filled((100, 200), (128, 128, 128))
    noisy = grainy(np.random.default_rng(0), image, replace(STYLE, grain=grain)).astype(float) - 128
    assert abs(noisy.mean()) < 0.05 * grain
    assert noisy.std() == pytest.approx(grain, rel=0.06)
    assert not (noisy[..., 0] == noisy[..., 1]).all()
    white = grainy(np.random.default_rng(0), filled((50, 50), WHITE), replace(STYLE, grain=grain))
    assert white.min() > 128


def test_gray_grain_is_the_same_in_all_channels() -> None:
    """So that a gray image stays gray."""
    image = filled((50, 50), (128, 128, 128))
    noisy = grainy(np.random.default_rng(0), image, replace(STYLE, grain=10, gray=True))
    assert (noisy == noisy[..., :1]).all()
    assert noisy.std() > 5

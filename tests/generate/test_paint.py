"""Colours that can be told apart, and one drawn captcha as a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captchascope.generate import Drawn, draw_captcha
from captchascope.generate.paint import (
    Colour,
    backdrop,
    between,
    draw_dots,
    draw_lines,
    filled,
    grainy,
    ground,
    ink_colour,
    lay,
    luma,
    near,
    speckle,
)
from captchascope.generate.style import BACKDROPS, INKS, Style
from captchascope.image import load_gray, load_rgb
from captchascope.records import RgbImage

SEEDS = range(300)


def pairs(style: Style) -> list[tuple[Colour, Colour]]:
    """Return grounds, each with an ink."""
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng([seed])
        behind = ground(rng, style)
        found.append((behind, ink_colour(rng, style, behind)))
    return found


@pytest.mark.parametrize(("colour", "bright"), [((0, 0, 0), 0), ((255, 255, 255), 255)])
def test_brightness_is_from_black_to_white(colour: Colour, bright: float) -> None:
    """Green counts most, blue least."""
    assert luma(colour) == pytest.approx(bright)
    assert luma((0, 9, 0)) > luma((9, 0, 0)) > luma((0, 0, 9))


@pytest.mark.parametrize("kind", INKS)
@pytest.mark.parametrize("contrast", [0.15, 0.6, 1.0])
def test_ink_differs_in_brightness_from_what_lies_behind(kind: str, contrast: float) -> None:
    """In the direction that the style says, so that it can be read without colours too."""
    gaps = [luma(i) - luma(b) for b, i in pairs(Style(ink=kind, contrast=contrast))]
    assert min(abs(gap) for gap in gaps) >= 20
    assert {gap > 0 for gap in gaps} == {"dark": {False}, "light": {True}}.get(kind, {False, True})


def test_more_contrast_is_a_wider_gap() -> None:
    """On the average."""
    means = [
        np.mean([abs(luma(i) - luma(b)) for b, i in pairs(Style(contrast=contrast))])
        for contrast in (0.0, 0.5, 1.0)
    ]
    assert means[0] + 10 < means[1] < means[2] - 10


def test_all_is_within_the_levels_of_a_pixel() -> None:
    """Whatever the style."""
    for kind in INKS:
        for contrast in (0.0, 1.0):
            for pair in pairs(Style(ink=kind, contrast=contrast)):
                assert all(0 <= level <= 255 for colour in pair for level in colour)


def test_a_gray_style_has_no_colours() -> None:
    """Neither in front nor behind."""
    for pair in pairs(Style(gray=True, ink="any")):
        assert all(max(colour) - min(colour) < 1e-9 for colour in pair)
    assert any(max(colour) - min(colour) > 50 for pair in pairs(Style()) for colour in pair)


@pytest.mark.parametrize("contrast", [0.0, 0.5, 1.0])
def test_a_second_ground_is_near_the_first(contrast: float) -> None:
    """The nearer the less the glyphs stand out."""
    style = replace(Style(ink="any"), contrast=contrast)
    reach = 20 + 60 * contrast
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        base = ground(rng, style)
        other = near(rng, style, base)
        assert all(abs(a - b) <= reach + 1e-9 for a, b in zip(base, other, strict=True))


def test_between_two_colours_is_neither() -> None:
    """At least a tenth of the way from both."""
    for seed in SEEDS:
        colour = between(np.random.default_rng(seed), (0, 100, 200), (100, 100, 100))
        assert 10 <= colour[0] <= 90
        assert colour[1] == 100
        assert 110 <= colour[2] <= 190


BASE = (120.0, 140.0, 160.0)
SHAPE = (37, 101)


def images(kind: str, **knobs: float) -> list[RgbImage]:
    """Return backdrops of a kind around one colour."""
    style = Style(backdrop=kind, ink="any", contrast=knobs.get("contrast", 0.8))
    return [backdrop(np.random.default_rng(seed), SHAPE, style, BASE) for seed in range(30)]


@pytest.mark.parametrize("kind", BACKDROPS)
def test_every_backdrop_fills_the_image(kind: str) -> None:
    """As whole levels of red, green and blue."""
    for image in images(kind):
        assert image.shape == (*SHAPE, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", [kind for kind in BACKDROPS if kind != "plain"])
def test_every_kind_has_more_than_one_colour(kind: str) -> None:
    """And is another picture each time."""
    drawn = images(kind)
    assert all(len(np.unique(image.reshape(-1, 3), axis=0)) > 1 for image in drawn)
    assert len({image.tobytes() for image in drawn}) == len(drawn)


def test_a_plain_one_has_one_colour() -> None:
    """The one that it is given."""
    for image in images("plain"):
        assert (image == np.array(BASE)).all()
    assert (filled((3, 5), (1, 2, 3)) == (1, 2, 3)).all()


@pytest.mark.parametrize("kind", BACKDROPS)
@pytest.mark.parametrize("contrast", [0.0, 0.8])
def test_no_backdrop_strays_far_from_its_colour(kind: str, contrast: float) -> None:
    """No farther than the glyphs can bear."""
    for image in images(kind, contrast=contrast):
        assert np.abs(image - np.array(BASE)).max() <= 20 + 60 * contrast + 1


def test_a_gradient_has_no_edges() -> None:
    """Neighbours differ by a few levels at most."""
    for image in images("gradient"):
        assert np.abs(np.diff(image.astype(int), axis=0)).max() <= 5
        assert np.abs(np.diff(image.astype(int), axis=1)).max() <= 5


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
    """Its mean is 0 and its deviation the one asked for; levels never wrap around."""
    image = filled((100, 200), (128, 128, 128))
    noisy = grainy(np.random.default_rng(0), image, grain, gray=False).astype(float) - 128
    assert abs(noisy.mean()) < 0.05 * grain
    assert noisy.std() == pytest.approx(grain, rel=0.06)
    assert not (noisy[..., 0] == noisy[..., 1]).all()
    white = grainy(np.random.default_rng(0), filled((50, 50), WHITE), grain, gray=False)
    assert white.min() > 128


def test_gray_grain_is_the_same_in_all_channels() -> None:
    """So that a gray image stays gray."""
    image = filled((50, 50), (128, 128, 128))
    noisy = grainy(np.random.default_rng(0), image, 10, gray=True)
    assert (noisy == noisy[..., :1]).all()
    assert noisy.std() > 5


def test_the_file_is_a_gray_jpeg_of_its_quality() -> None:
    """It decodes to nearly the same image, and a lower quality takes fewer bytes."""
    drawn = replace(draw_captcha("metu", 990007, 1), quality=95)
    data = drawn.jpeg()
    assert data.startswith(b"\xff\xd8\xff")
    gray = load_gray(data)
    assert gray.shape == drawn.image.shape
    assert np.abs(gray.astype(int) - drawn.image).mean() < 5
    assert len(replace(drawn, quality=50).jpeg()) < len(data)


def test_a_coloured_image_keeps_its_colours() -> None:
    """Red, green and blue, in this order."""
    image = np.zeros((16, 48, 3), np.uint8)
    image[:, :16, 0] = image[:, 16:32, 1] = image[:, 32:, 2] = 255
    rgb = load_rgb(Drawn(image, "x", {}, 100).jpeg()).astype(int)
    assert np.abs(rgb[:, [6, 24, 42]] - image[:, [6, 24, 42]]).max() < 30


def test_paint_covers_as_far_as_it_should() -> None:
    """A colour or another picture."""
    for paint in ((10.0, 20.0, 30.0), filled((20, 30), (10, 20, 30))):
        image = filled((20, 30), (200, 200, 200))
        cover = np.zeros((20, 30), np.uint8)
        cover[5:10, 5:20], cover[10:12, 5:20] = 255, 128
        lay(image, cover, paint)
        assert (image[7, 7] == (10, 20, 30)).all()
        assert (image[0, 0] == 200).all()
        np.testing.assert_allclose(image[11, 10], (105, 110, 115), atol=2)


def test_no_cover_paints_nothing() -> None:
    """Nor does it fail."""
    image = filled((20, 30), (200, 200, 200))
    lay(image, np.zeros((20, 30), np.uint8), (0.0, 0.0, 0.0))
    assert (image == 200).all()

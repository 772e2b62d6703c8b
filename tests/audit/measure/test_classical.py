"""The classical way of cutting, on drawn captchas and on shapes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from audit.subjects import pixels
from captchascope.audit.measure.classical import WAYS, Way, cut_text, inked
from captchascope.glyphs.scheme import load_scheme
from captchascope.records import RgbImage


def bars(*edges: tuple[int, int], ground: int = 255, ink: int = 0) -> RgbImage:
    """Draw upright bars from one column to another."""
    image = np.full((40, 120, 3), ground, np.uint8)
    for left, right in edges:
        image[8:32, left:right] = ink
    return image


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.source}-{way.smooth}")
def test_characters_apart_are_cut_between(way: Way) -> None:
    """Three bars are three pieces, and the cuts lie in the middle of the gaps."""
    cut = cut_text(bars((10, 20), (40, 50), (80, 100)), way, (3, 3))
    assert (cut.pieces, cut.columns) == (3, (30, 65))
    assert len(cut.glyphs) == 3


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (20, 240), (90, 200)])
def test_ink_may_be_dark_or_light(ground: int, ink: int) -> None:
    """What there is less of is ink."""
    found = inked(bars((10, 20), (40, 50), ground=ground, ink=ink), WAYS[0])
    assert np.array_equal(found > 0, bars((10, 20), (40, 50))[..., 0] == 0)


def test_a_frame_is_no_ink() -> None:
    """Dark rows and columns along the edges are no piece."""
    image = bars((10, 20), (40, 50))
    image[:2] = image[-2:] = image[:, :2] = image[:, -2:] = 0
    assert cut_text(image, WAYS[0], None).pieces == 2


def test_ink_is_told_by_its_colour_where_it_is_as_bright_as_the_ground() -> None:
    """Orange on a blue of the same gray is found by its distance from the ground."""
    image = np.full((40, 120, 3), (40, 120, 246), np.uint8)
    image[8:32, 30:40] = image[8:32, 60:70] = (250, 60, 12)
    assert abs(np.ptp(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))) < 3
    assert cut_text(image, Way("colour"), None).pieces == 2


def test_dots_belong_to_what_is_below() -> None:
    """A piece above another is the same character, as the dot of an i is."""
    image = bars((30, 36), (60, 66))
    image[16:18, 30:36] = 255
    assert cut_text(image, WAYS[0], None).pieces == 2


def test_a_piece_that_is_too_wide_is_cut_where_there_is_least_ink() -> None:
    """Two bars that a thin bridge joins are one piece, and cut at the bridge."""
    image = bars((20, 50), (56, 80))
    image[20:22, 50:56] = 0
    cut = cut_text(image, WAYS[0], (2, 2))
    assert cut.pieces == 1
    assert 50 <= cut.columns[0] < 56


def test_pieces_too_many_are_joined() -> None:
    """Crumbs go, and then the narrowest pairs become one."""
    image = bars((10, 20), (24, 34), (60, 84))
    image[8:12, 100:104] = 0  # a crumb
    cut = cut_text(image, WAYS[0], (2, 2))
    assert (cut.pieces, cut.columns) == (4, (47,))


def test_there_may_be_fewest_and_most_characters() -> None:
    """What falls into a number of pieces that may be is left so."""
    image = bars((10, 20), (40, 50), (80, 100))
    assert [len(cut_text(image, WAYS[0], counts).glyphs) for counts in ((2, 4), (4, 6))] == [3, 4]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (40, 120)])
def test_an_image_without_ink_has_no_glyphs(shape: tuple[int, int]) -> None:
    """However small it is."""
    blank = np.full((*shape, 3), 200, np.uint8)
    for way in WAYS:
        assert cut_text(blank, way, (5, 5)).glyphs == ()


def test_cuts_are_told_in_pixels_of_the_image() -> None:
    """A large image is reduced, but its cuts are where they are in it."""
    large = bars((10, 20), (40, 50)).repeat(20, axis=0).repeat(20, axis=1)
    assert cut_text(large, WAYS[0], (2, 2)).columns[0] == pytest.approx(600, abs=20)


def test_a_scheme_has_figures_of_its_own() -> None:
    """The METU page's captchas are cut as its scheme file says."""
    way = Way(scheme=load_scheme("metu"))
    cut = cut_text(pixels("metu"), way, (6, 6))
    assert len(cut.glyphs) == 6
    assert all(30 < column < 125 for column in cut.columns)
    assert cut_text(bars(), way, (6, 6)).glyphs == ()

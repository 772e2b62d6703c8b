"""The whole chain, on what it is made for and on everything else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.errors import SegmentationError
from captchascope.generate import draw_captcha
from captchascope.glyphs.scheme import chosen, load
from captchascope.glyphs.segmentation import repair
from captchascope.glyphs.stages import Located, cut_glyphs, locate
from captchascope.image import load_gray
from captchascope.records import GrayImage

METU = load("metu")
CAPTCHAS = [load_gray(draw_captcha("metu", 990002, number).jpeg()) for number in range(1, 41)]


def check(located: Located) -> None:
    """Assert all that holds of any located text."""
    height, width = located.gray.shape
    left, top, right, bottom = located.box
    assert left == METU.clip.left < right < METU.clip.right_limit <= width
    assert 0 <= top < bottom <= height
    assert (located.columns[0], located.columns[-1]) == (0, right - left)
    assert len(located.columns) == 7
    assert all(a < b for a, b in pairwise(located.columns))
    for image in (located.denoised, located.binary, located.cleaned):
        assert image.shape == (height, width)
        assert image.dtype == np.uint8
    assert set(np.unique(located.binary)) <= {0, 255}
    assert (located.cleaned <= located.binary).all()


def test_captchas_of_both_kinds_go_through_the_chain() -> None:
    """Each gives six glyphs of 24x14, cut out of the cleaned image and repaired."""
    kinds = set()
    moved = 0
    for gray in CAPTCHAS:
        before = gray.copy()
        located = locate(gray, METU)
        check(located)
        glyphs = cut_glyphs(located, METU)
        left, top, right, bottom = located.box
        np.testing.assert_array_equal(
            np.hstack(glyphs.cuts), located.cleaned[top:bottom, left:right]
        )
        repaired, moves = repair(glyphs.cuts, METU.repair)
        assert all(map(np.array_equal, repaired, glyphs.repaired))
        assert [move.glyph for move in moves] == [move.glyph for move in glyphs.moves]
        assert glyphs.fitted.shape == (6, 24, 14)
        assert glyphs.fitted.dtype == np.uint8
        np.testing.assert_array_equal(gray, before)
        kinds.add(located.kind)
        moved += len(moves)
    assert kinds == {1, 2}
    assert moved > 0


def test_the_tutorials_crop_still_holds_the_noise() -> None:
    """The box is the same, and the small components are there again."""
    gray = np.full((50, 150), 255, np.uint8)
    gray[10:30, 40:110] = 84
    for row in (2, 15, 25, 40):
        gray[row : row + 3, 33:36] = 0  # 9 pixels are too few to be kept
    located = locate(gray, METU)
    cleaned = np.hstack(cut_glyphs(located, METU).cuts)
    uncleaned = np.hstack(cut_glyphs(located, chosen("metu", uncleaned=True)).cuts)
    _, top, _, bottom = located.box
    assert (top, bottom) == (10, 30)
    np.testing.assert_array_equal(cleaned[:, 10:], uncleaned[:, 10:])
    assert not cleaned[:, :10].any()
    assert (uncleaned[:, :10] > 0).sum() == 2 * 9


def test_without_the_repair_the_glyphs_stay_as_cut() -> None:
    """The switch reaches the chain."""
    plain = chosen("metu", repair=False)
    for gray in CAPTCHAS:
        glyphs = cut_glyphs(locate(gray, plain), plain)
        assert glyphs.moves == ()
        assert all(map(np.array_equal, glyphs.cuts, glyphs.repaired))


def test_light_ink_is_dark_ink_inverted() -> None:
    """A scheme of light digits on dark ground finds the same text; only the kind is told anew."""
    gray = CAPTCHAS[1]
    kind = METU.kinds[locate(gray, METU).kind - 1]
    dark = replace(METU, kinds=(replace(kind, more_black_than=-1),))
    light = replace(
        dark, ink="light", kinds=(replace(dark.kinds[0], threshold=254 - kind.threshold),)
    )
    np.testing.assert_array_equal(locate(255 - gray, light).cleaned, locate(gray, dark).cleaned)


def filled(shade: int, height: int = 50, width: int = 150) -> GrayImage:
    """Return an image of one shade."""
    return np.full((height, width), shade, np.uint8)


def ink_at(left: int, right: int) -> GrayImage:
    """Return a white image with a dark block between two columns."""
    image = filled(255)
    image[10:40, left:right] = 90
    return image


@pytest.mark.parametrize(
    ("gray", "message"),
    [
        (filled(255), "no ink"),
        (filled(0), "no component ends left of column 125"),
        (ink_at(126, 150), "no component ends left of column 125"),
        (ink_at(0, 29), "no component ends left of column 125"),
        (ink_at(20, 34), "columns of ink, too few for 6 glyphs"),
        (filled(0, 49, 150), "150x49 pixels are too few for the scheme metu"),
        (filled(0, 50, 149), "149x50 pixels are too few for the scheme metu"),
        (filled(0, 1, 1), "1x1 pixels are too few for the scheme metu"),
    ],
)
def test_an_image_without_a_text_is_an_error_with_a_remedy(gray: GrayImage, message: str) -> None:
    """It is never a crash, and never six empty glyphs."""
    with pytest.raises(SegmentationError, match=message) as caught:
        locate(gray, METU)
    assert caught.value.remedy


def test_a_larger_image_is_not_refused() -> None:
    """The text lies in its upper left corner."""
    gray = filled(255, 300, 400)
    gray[:50, :150] = CAPTCHAS[0]
    larger, exact = locate(gray, METU), locate(CAPTCHAS[0], METU)
    assert (larger.kind, larger.box[0]) == (exact.kind, exact.box[0])
    check(larger)


@st.composite
def images(draw_from: st.DrawFn) -> GrayImage:
    """Draw noise of two shades, blocks on it, and sometimes a captcha below them."""
    height, width = draw_from(st.integers(50, 70)), draw_from(st.integers(150, 180))
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32)))
    low, high = sorted(draw_from(st.tuples(st.integers(0, 255), st.integers(0, 255))))
    density = draw_from(st.floats(0, 1))
    image = np.where(rng.random((height, width)) < density, low, high).astype(np.uint8)
    if draw_from(st.booleans()):
        image = rng.integers(low, high + 1, (height, width), np.uint8)
    if draw_from(st.booleans()):
        image[:50, :150] = draw_from(st.sampled_from(CAPTCHAS))
    for _ in range(draw_from(st.integers(0, 4))):
        left, right = sorted(draw_from(st.tuples(st.integers(0, width), st.integers(0, width))))
        top, bottom = sorted(draw_from(st.tuples(st.integers(0, height), st.integers(0, height))))
        image[top:bottom, left:right] = draw_from(st.integers(0, 255))
    return image


@settings(derandomize=True, deadline=None, max_examples=250)
@given(images())
def test_any_image_is_cut_or_refused(gray: GrayImage) -> None:
    """There is no third way, whatever the pixels are."""
    try:
        located = locate(gray, METU)
    except SegmentationError:
        return
    check(located)
    for scheme in (METU, chosen("metu", uncleaned=True)):
        assert cut_glyphs(located, scheme).fitted.shape == (6, 24, 14)

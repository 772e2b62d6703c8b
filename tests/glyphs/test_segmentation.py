"""The box around the text, the cuts through it, the repair, and the chain of all stages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.errors import SegmentationError
from captchascope.generate import draw_captcha
from captchascope.glyphs.preprocess import ComponentMap, find_components
from captchascope.glyphs.scheme import GlyphSize, Split, load_scheme
from captchascope.glyphs.segmentation import (
    Located,
    clip_box,
    cropped,
    cut_columns,
    cut_glyphs,
    find_part,
    give_back,
    locate,
    repair,
    resized,
    split,
)
from captchascope.image import load_gray
from captchascope.records import GrayImage

METU = load_scheme("metu")
SIXTHS = METU.split


def components(*boxes: tuple[int, int, int, int]) -> ComponentMap:
    """Find the components of an image of 150x50 with these filled boxes."""
    binary = np.zeros((50, 150), np.uint8)
    for left, top, right, bottom in boxes:
        binary[top:bottom, left:right] = 255
    return find_components(binary, METU.components)


def test_the_box_begins_at_a_fixed_column() -> None:
    """Its other three edges are those of the components."""
    found = components((40, 20, 60, 35), (70, 12, 110, 30))
    assert clip_box(found, METU.clip) == (30, 12, 110, 35)


def test_a_component_must_end_left_of_the_limit() -> None:
    """One that ends at column 125 is none of the text, one that ends at 124 is."""
    text, far = (40, 20, 60, 35), (80, 5, 124, 45)
    assert clip_box(components(text, far), METU.clip) == (30, 5, 124, 45)
    farther = (80, 5, 125, 45)
    assert clip_box(components(text, farther), METU.clip) == (30, 20, 60, 35)


def test_a_component_left_of_the_text_moves_nothing() -> None:
    """It has to reach past column 30 to count for the top and the bottom."""
    text = (40, 20, 60, 35)
    assert clip_box(components(text, (10, 2, 30, 48)), METU.clip) == (30, 20, 60, 35)
    assert clip_box(components(text, (10, 2, 31, 48)), METU.clip) == (30, 2, 60, 48)


def test_noise_moves_nothing() -> None:
    """A component of less than 15 pixels is not looked at."""
    assert clip_box(components((40, 20, 60, 35), (100, 2, 114, 3)), METU.clip) == (30, 20, 60, 35)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ((), "no ink"),
        (((50, 20, 64, 21),), "no ink"),
        (((0, 0, 150, 50),), "no component ends left of column 125"),
        (((5, 5, 25, 25),), "no component ends left of column 125"),
    ],
)
def test_no_text_is_an_error_with_a_remedy(
    boxes: tuple[tuple[int, int, int, int], ...], message: str
) -> None:
    """The message tells an empty image from one whose ink is elsewhere."""
    with pytest.raises(SegmentationError) as caught:
        clip_box(components(*boxes), METU.clip)
    assert caught.value.what == message
    assert caught.value.remedy


def test_the_crop_is_the_inside_of_the_box() -> None:
    """Right and bottom are one past the last."""
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    np.testing.assert_array_equal(cropped(image, (3, 2, 7, 5)), image[2:5, 3:7])


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (6, (0, 1, 2, 3, 4, 5, 6)),
        (7, (0, 1, 2, 3, 4, 5, 7)),
        (11, (0, 1, 3, 5, 7, 9, 11)),
        (12, (0, 2, 4, 6, 8, 10, 12)),
        (83, (0, 13, 27, 41, 55, 69, 83)),
        (90, (0, 15, 30, 45, 60, 75, 90)),
    ],
)
def test_the_text_is_halved_and_each_half_cut_in_three(
    width: int, columns: tuple[int, ...]
) -> None:
    """Widths that do not divide are rounded down, half by half."""
    assert cut_columns(width, SIXTHS) == columns


@pytest.mark.parametrize("width", [0, 1, 5])
def test_too_few_columns_are_an_error(width: int) -> None:
    """Every glyph has a column at least."""
    with pytest.raises(SegmentationError, match=f"{width} columns of ink, too few for 6 glyphs"):
        cut_columns(width, SIXTHS)


SPLITS = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple).map(Split)


@given(SPLITS, st.integers(0, 200))
def test_the_strips_hold_every_column_once(rule: Split, extra: int) -> None:
    """Put side by side they are the crop, and they are about as wide as each other."""
    width = prod(rule.parts) + extra
    columns = cut_columns(width, rule)
    assert len(columns) == rule.count + 1
    binary = np.random.default_rng(width).integers(0, 2, (3, width), np.uint8) * np.uint8(255)
    strips = split(binary, columns)
    np.testing.assert_array_equal(np.hstack(strips), binary)
    widths = [b - a for a, b in pairwise(columns)]
    assert [strip.shape for strip in strips] == [(3, w) for w in widths]
    assert min(widths) >= 1
    assert max(widths) - min(widths) <= len(rule.parts)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), min_size=1, max_size=7),
    st.integers(4, 40),
    st.integers(4, 40),
)
def test_glyphs_of_any_size_are_brought_to_one(
    shapes: list[tuple[int, int]], height: int, width: int
) -> None:
    """What is all ink stays all ink, and what is none stays none."""
    glyphs = [np.full(shape, i % 2 * 255, np.uint8) for i, shape in enumerate(shapes)]
    fitted = resized(glyphs, GlyphSize(height, width))
    assert fitted.shape == (len(shapes), height, width)
    assert fitted.dtype == np.uint8
    for i, glyph in enumerate(fitted):
        assert (glyph == i % 2 * 255).all()


def test_a_glyph_of_the_right_size_is_not_touched() -> None:
    """The METU scheme asks for 24x14."""
    glyph = np.random.default_rng(0).integers(0, 256, (24, 14), np.uint8)
    np.testing.assert_array_equal(resized([glyph], METU.glyph), glyph[None])


RULE = load_scheme("metu").repair


def glyph(*rows: str) -> GrayImage:
    """Return a glyph whose ink is drawn as ``#``."""
    return np.array([[255 if c == "#" else 0 for c in row] for row in rows], np.uint8)


def drawn(image: GrayImage | NDArray[np.bool_]) -> list[str]:
    """Undo ``glyph``."""
    return ["".join("#" if pixel else "." for pixel in row) for row in image]


BEFORE = glyph(
    "..........",
    "....####..",
    "....#..#..",
    "....#..#..",
    "..........",
)
CUT = glyph(
    "..........",
    "##...####.",
    ".#...#..#.",
    "#....####.",
    "..........",
)


def test_a_narrow_part_at_the_left_border_goes_back() -> None:
    """The glyph before it shifts left to make room, and keeps its width."""
    repaired, moves = repair([BEFORE, CUT], RULE)
    assert drawn(repaired[0]) == [
        "..........",
        "..####..##",
        "..#..#...#",
        "..#..#..#.",
        "..........",
    ]
    assert drawn(repaired[1]) == [
        "..........",
        ".....####.",
        ".....#..#.",
        ".....####.",
        "..........",
    ]
    (move,) = moves
    assert (move.glyph, move.width) == (1, 2)
    assert drawn(move.part) == [
        "..........",
        "##........",
        ".#........",
        "#.........",
        "..........",
    ]


def test_the_first_glyph_has_none_before_it() -> None:
    """Its part stays where it is, while the others' move one after the other."""
    repaired, moves = repair([CUT, CUT, CUT], RULE)
    assert [move.glyph for move in moves] == [1, 2]
    assert drawn(repaired[0])[1] == "...####.##"
    assert drawn(repaired[1])[1] == "...####.##"
    assert drawn(repaired[2])[1] == ".....####."


def test_a_repair_that_is_not_enabled_does_nothing() -> None:
    """The glyphs are the very same."""
    glyphs = [BEFORE, CUT]
    repaired, moves = repair(glyphs, replace(RULE, enabled=False))
    assert moves == ()
    assert all(after is before for after, before in zip(repaired, glyphs, strict=True))


@pytest.mark.parametrize(
    "whole",
    [
        glyph("##........", ".#........", "##........"),  # one component
        glyph("####..####", "#..#..#..#", "####..####"),  # four columns of ten are too wide
        glyph(".##...####", ".##...#..#", ".##...####"),  # not at the border
        glyph("##.#######", "##.#######", "##.#######"),  # a gap that the cross closes
        glyph("..........", "..........", ".........."),
    ],
)
def test_other_parts_stay(whole: GrayImage) -> None:
    """A part goes only if it is narrow, at the border, and not alone."""
    assert find_part(whole, RULE) is None
    repaired, moves = repair([BEFORE[:3], whole], RULE)
    assert moves == ()
    np.testing.assert_array_equal(repaired[1], whole)


@pytest.mark.parametrize(("width", "moves"), [(6, True), (7, False)])
def test_the_share_itself_is_too_wide(width: int, moves: bool) -> None:
    """Of 20 columns, 7 are 35 %, which is not narrower than 35 %."""
    image = np.zeros((5, 20), np.uint8)
    image[:, :width] = image[:, 12:] = 255
    assert (find_part(image, RULE) is not None) == moves


def test_a_part_wider_than_the_glyph_before_replaces_it() -> None:
    """Nothing of the old one has room left."""
    part = glyph("###.......").astype(bool)
    before, after = give_back(glyph("##"), glyph("###....###"), part)
    assert drawn(before) == ["###"]
    assert drawn(after) == [".......###"]


def test_a_wide_cross_that_fills_where_no_ink_is() -> None:
    """What is closed at the border without any ink of its own is no part."""
    rng = np.random.default_rng(0)
    wide = replace(RULE, close_size=7, narrower_than=0.9)
    for _ in range(2000):
        image = ((rng.random((9, 9)) < 0.15) * 255).astype(np.uint8)
        part = find_part(image, wide)
        assert part is None or (image[part] == 255).all()
        assert part is None or part.any()


@settings(max_examples=300)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 24),
    width=st.integers(1, 20),
    density=st.floats(0.02, 0.5),
    close_size=st.sampled_from([1, 3, 5, 7]),
    narrower_than=st.floats(0, 1),
)
def test_ink_is_lost_at_the_left_edge_only(
    seed: int, height: int, width: int, density: float, close_size: int, narrower_than: float
) -> None:
    """The shapes stay, the arguments too, and all ink but what was shifted out is still there."""
    noise = np.random.default_rng(seed).random((2, height, width)) < density
    before, cut = (noise * 255).astype(np.uint8)
    copies = before.copy(), cut.copy()
    rule = replace(RULE, close_size=close_size, narrower_than=narrower_than)
    (grown, rest), moves = repair([before, cut], rule)
    np.testing.assert_array_equal(np.stack(copies), np.stack([before, cut]))
    assert grown.shape == rest.shape == (height, width)
    shifted = moves[0].width if moves else 0
    inked = sum(int((image > 0).sum()) for image in (grown, rest))
    assert inked == noise.sum() - noise[0, :, :shifted].sum()
    if moves:
        assert (moves[0].part & (cut == 0)).sum() == 0
        assert 1 <= shifted <= narrower_than * width
        np.testing.assert_array_equal(grown[:, : width - shifted], before[:, shifted:])


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
    uncleaned = np.hstack(cut_glyphs(located, load_scheme("metu", uncleaned=True)).cuts)
    _, top, _, bottom = located.box
    assert (top, bottom) == (10, 30)
    np.testing.assert_array_equal(cleaned[:, 10:], uncleaned[:, 10:])
    assert not cleaned[:, :10].any()
    assert (uncleaned[:, :10] > 0).sum() == 2 * 9


def test_without_the_repair_the_glyphs_stay_as_cut() -> None:
    """The switch reaches the chain."""
    plain = load_scheme("metu", repair=False)
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


@settings(max_examples=250)
@given(images())
def test_any_image_is_cut_or_refused(gray: GrayImage) -> None:
    """There is no third way, whatever the pixels are."""
    try:
        located = locate(gray, METU)
    except SegmentationError:
        return
    check(located)
    for scheme in (METU, load_scheme("metu", uncleaned=True)):
        assert cut_glyphs(located, scheme).fitted.shape == (6, 24, 14)

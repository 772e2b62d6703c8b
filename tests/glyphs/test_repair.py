"""Parts that a bad cut took, and how they go back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.glyphs.repair import find_part, give_back, repair
from captchascope.glyphs.scheme import load
from captchascope.records import GrayImage

RULE = load("metu").repair


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


@settings(derandomize=True, deadline=None, max_examples=300)
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

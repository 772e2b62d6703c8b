"""Bending."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from captchascope.generate.families import draw_height, draw_style
from captchascope.generate.style import FILLS, Style
from captchascope.generate.styled import draw_bend, draw_image, draw_styled, draw_text
from generate.styles import BARE, TEXT, border, differing, drawn, without_clutter

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
    whole = bend.bent(CHECKERED, 0.0, cv2.BORDER_REPLICATE, cv2.INTER_NEAREST)
    np.testing.assert_array_equal(whole, CHECKERED)


def test_numbers_are_moved_whole() -> None:
    """While levels are mixed."""
    numbers = (CHECKERED // 255 * 7).astype(np.uint8)
    bend = draw_bend(np.random.default_rng(0), SHAPE, Style(warp=0.1))
    whole = bend.bent(numbers, 1.0, cv2.BORDER_REPLICATE, cv2.INTER_NEAREST)
    assert set(np.unique(whole)) == {0, 7}
    assert len(np.unique(bend.bent(numbers, 1.0, cv2.BORDER_REPLICATE))) > 2


def test_a_smooth_bend_tears_nothing() -> None:
    """Neighbours stay neighbours: the displacement changes by less than a pixel per pixel."""
    for seed in range(40):
        bend = draw_bend(np.random.default_rng(seed), SHAPE, Style(warp=0.08))
        for part in (bend.dx, bend.dy):
            assert max(np.abs(np.diff(part, axis=axis)).max() for axis in (0, 1)) < 1.5


def starts(ink: NDArray[np.int32], least: int) -> list[int]:
    """Return the columns at which runs of columns with ink begin."""
    inked = np.concatenate([[0], ink.max(axis=0) > least])
    return [int(column) for column in np.flatnonzero(np.diff(inked.astype(int)) == 1)]


def changed(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    """Return how many pixels differ."""
    return int((one != other).any(axis=2).sum())


def test_a_varied_image_is_drawn_whatever_its_style() -> None:
    """In whole levels, of the height asked for, and never much wider than its text needs."""
    for seed in range(120):
        rng = np.random.default_rng([6, seed])
        style, height = draw_style(rng), draw_height(rng)
        text = draw_text(rng, style)
        image = draw_image(rng, style, text, height)
        assert image.dtype == np.uint8
        assert image.shape == (height, image.shape[1], 3)
        assert 1.4 * height <= image.shape[1] <= max(6.1 * height, 10 * len(text))
        assert image.std() > 1


def test_the_generator_decides() -> None:
    """The same seed gives the same image, another another one."""
    for seed in range(5):
        style = draw_style(np.random.default_rng(seed))
        one, same, other = (
            draw_styled(np.random.default_rng(s), style, 40) for s in (seed, seed, seed + 99)
        )
        np.testing.assert_array_equal(one.image, same.image)
        assert one.label == same.label
        assert one.image.tobytes() != other.image.tobytes()


def test_a_text_has_the_alphabet_and_the_lengths_of_its_style() -> None:
    """All of them occur."""
    style = Style(charset="ab7", length=(2, 4))
    texts = [draw_text(np.random.default_rng(seed), style) for seed in range(100)]
    assert set("".join(texts)) == set("ab7")
    assert {len(text) for text in texts} == {2, 3, 4}


@pytest.mark.parametrize("text", ["HAM47", "0123456", "abcdef", "WW", "X"])
def test_every_glyph_of_a_text_can_be_seen(text: str) -> None:
    """Each is a run of columns of its own, where they stand apart."""
    image = drawn(text=text, size=(60, 600))
    assert len(starts(differing(image), 100)) == len(text)


def test_no_text_leaves_its_image() -> None:
    """Rotated, bent and slanted, and in any size: the border stays empty, the ink stays there."""
    for seed in range(80):
        rng = np.random.default_rng([7, seed])
        style = replace(without_clutter(draw_style(rng)), contrast=1.0, warp=0.2, slant=0.5)
        image = draw_image(rng, style, draw_text(rng, style), draw_height(rng))
        ink = differing(image)
        assert border(ink).max() < 100, seed
        assert (ink > 60).mean() > 0.01, seed


@pytest.mark.parametrize("knobs", [{"lines": 5}, {"arcs": 3}, {"dots": 60}, {"speckle": 0.05}])
def test_clutter_adds_to_an_image(knobs: dict[str, Any]) -> None:
    """The text below it is the same."""
    for seed in range(5):
        bare, cluttered = drawn(seed), drawn(seed, **knobs)
        assert bare.shape == cluttered.shape
        assert 40 < changed(bare, cluttered) < bare.shape[0] * bare.shape[1] / 2


@pytest.mark.parametrize("over", [True, False])
def test_lines_lie_over_the_glyphs_or_behind_them(over: bool) -> None:
    """Behind, no glyph loses a pixel."""
    for seed in range(5):
        bare, lined = (drawn(seed, jagged=True, over=over, lines=lines) for lines in (0, 30))
        text = bare[differing(bare) > 100][0]
        inside = (bare == text).all(axis=2) & (differing(bare) > 100)
        kept = (lined == text).all(axis=2)[inside]
        assert kept.all() is np.bool_(not over)


def test_a_hollow_text_has_less_ink() -> None:
    """What is inside the strokes is gone."""
    solid, hollow = (differing(drawn(fill=fill, bold=2)) > 100 for fill in ("solid", "hollow"))
    assert 0.2 < hollow.sum() / solid.sum() < 0.8


def test_a_shadow_adds_ink_beside_the_text() -> None:
    """In a colour between that of the glyphs and the ground."""
    solid, shadow = (differing(drawn(fill=fill)) for fill in ("solid", "shadow"))
    added = shadow[solid == 0]
    assert (added > 10).sum() > 100
    assert added.max() < solid.max()


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_can_be_read(fill: str) -> None:
    """Each glyph has ink, whatever it is filled with."""
    image = drawn(fill=fill, size=(60, 600), rotation=0)
    assert len(starts(differing(image), 60)) >= len(TEXT)


def test_a_gray_image_has_no_colours() -> None:
    """Whatever else is in it."""
    for seed in range(40):
        style = replace(draw_style(np.random.default_rng(seed)), gray=True)
        image = draw_image(np.random.default_rng(seed), style, "A4", 40)
        assert (image == image[..., :1]).all()
        assert draw_styled(np.random.default_rng(seed), style, 40).image.ndim == 2


def test_every_glyph_has_a_colour_or_all_have_one() -> None:
    """Seen in hard edges, where no colours mix."""
    counts = {
        colours: [
            len(np.unique(drawn(seed, colours=colours, jagged=True).reshape(-1, 3), axis=0))
            for seed in range(10)
        ]
        for colours in (False, True)
    }
    assert set(counts[False]) == {2}
    assert max(counts[True]) > 4


def test_no_rim_of_a_glyph_has_the_colour_of_another() -> None:
    """Pixel by pixel, a soft edge lies between the ground and one of the colours."""
    for seed in range(10):
        image = drawn(seed, text="HAM", colours=True, warp=0.1, size=(60, 400), gap=0.9)
        begins = [*starts(differing(image), 40), image.shape[1]]
        assert len(begins) == 4
        for left, right in pairwise(begins):
            glyph = image[:, left - 2 : right - 2].reshape(-1, 3).astype(float) - image[0, 0]
            sizes = np.linalg.norm(glyph, axis=1)
            directions = glyph[sizes > 60] / sizes[sizes > 60, None]
            assert (directions @ directions[sizes[sizes > 60].argmax()]).min() > 0.97


@pytest.mark.parametrize("shrink", [1.0, 1.5, 2.0, 3.7])
def test_an_image_has_the_size_of_its_style(shrink: float) -> None:
    """However large it is drawn at first."""
    assert drawn(shrink=shrink, size=(47, 201)).shape == (47, 201, 3)


def test_blur_softens_edges() -> None:
    """And grain roughens the ground."""
    sharp, soft = (np.abs(np.diff(drawn(blur=b).astype(int), axis=1)).max() for b in (0, 1.2))
    assert soft < 0.7 * sharp
    assert drawn(grain=10)[:5].std() > drawn()[:5].std() + 3


def test_the_file_has_the_quality_of_the_style() -> None:
    """Or the best that is usual."""
    rng = np.random.default_rng(0)
    assert draw_styled(rng, replace(BARE, quality=33)).quality == 33
    assert draw_styled(rng, replace(BARE, quality=None)).quality == 95
    assert draw_styled(rng, BARE).columns == {}

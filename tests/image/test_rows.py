"""Rows of text: found whatever lies between and behind them, and laid side by side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.image.rows import ink_profile, row_cuts, side_by_side


def written(
    tops: list[int], height: int, tall: int = 12, width: int = 80, seed: int = 0
) -> NDArray[np.uint8]:
    """Draw rows of short upright strokes that begin at these lines."""
    image = np.full((height, width), 250, np.uint8)
    rng = np.random.default_rng(seed)
    for top in tops:
        for left in range(4, width - 4, 6):
            first = rng.integers(0, 3)
            image[top + first : top + tall, left : left + 2] = 20
    return image


@settings(max_examples=60)
@given(st.integers(2, 4), st.integers(8, 20), st.integers(3, 8), st.integers(0, 12), st.data())
def test_rows_are_cut_where_nothing_is_written(
    rows: int, tall: int, gap: int, above: int, data: st.DataObject
) -> None:
    """However many there are, and wherever they stand in the frame."""
    below = data.draw(st.integers(0, 12))
    tops = [above + number * (tall + gap) for number in range(rows)]
    height = tops[-1] + tall + below
    cuts = row_cuts(ink_profile(written(tops, height, tall)), rows)
    assert (cuts[0], cuts[-1], len(cuts)) == (0, height, rows + 1)
    for cut, top in zip(cuts[1:-1], tops[1:], strict=True):
        assert top - gap <= cut <= top + 2  # strokes begin up to two lines below the top


def changed(image: NDArray[np.uint8], way: str) -> NDArray[np.uint8]:
    """Put something around the text."""
    rng = np.random.default_rng(7)
    image = image.copy()
    if way == "grain":
        return (image + rng.normal(0, 12, image.shape)).clip(0, 255).astype(np.uint8)
    if way == "specks":
        image[rng.random(image.shape) < 0.04] = 0
    elif way == "a line along the gap":
        image[22:24] = 30
    elif way == "lines across":
        for left in (5, 30, 55):
            for row in range(len(image)):
                image[row, (left + row // 2) % 80] = 0
    elif way == "a ground that grows darker":
        shade = np.linspace(1, 0.5, len(image))[:, None]
        return (image * shade).astype(np.uint8)
    return image


@pytest.mark.parametrize(
    "way",
    [
        *("nothing", "grain", "specks", "a line along the gap", "lines across"),
        "a ground that grows darker",
    ],
)
def test_noise_and_ground_move_no_cut(way: str) -> None:
    """The gap is from line 18 to line 26."""
    cuts = row_cuts(ink_profile(changed(written([6, 26], 44), way)), 2)
    assert 17 <= cuts[1] <= 28


def test_the_rows_stand_one_after_the_other() -> None:
    """Each in its own part of the width, at about the same height, and nothing is lost."""
    upper, lower = written([4], 22, seed=1), written([5], 22, seed=2)
    strip = side_by_side(np.vstack([upper, lower]), 2, "x.png")
    assert strip.shape == (22, 160)
    for half, row in ((strip[:, :80], upper), (strip[:, 80:], lower)):
        assert (half < 128).sum() == (row < 128).sum()
        assert np.array_equal((half < 128).any(axis=0), (row < 128).any(axis=0))


def test_images_of_one_size_give_images_of_one_size() -> None:
    """Wherever the rows are cut; a row that is too high for it is made smaller, not cut off."""
    shapes = set()
    for tops, tall in (([2, 30], 12), ([2, 20], 12), ([8, 30], 12), ([1, 30], 27)):
        strip = side_by_side(written(tops, 60, tall), 2, "x.png")
        shapes.add(strip.shape)
        assert (strip[:, :80] < 200).any(axis=0).sum() == 24
        assert (strip[:, 80:] < 200).any(axis=0).sum() == 24
    assert shapes == {(30, 160)}


@pytest.mark.parametrize("shape", [(8, 1), (9, 2, 3), (8, 40)])
def test_blank_and_tiny_images_have_rows_too(shape: tuple[int, ...]) -> None:
    """They are as high as each other."""
    strip = side_by_side(np.full(shape, 255, np.uint8), 2, "x.png")
    assert strip.shape[:2] == (-(-shape[0] // 2), 2 * shape[1])


def test_an_image_too_low_for_so_many_rows_is_refused() -> None:
    """It names the image."""
    with pytest.raises(ImageError, match=r"x\.png: is 7 pixels high, too few for 2 rows"):
        side_by_side(np.full((7, 40), 255, np.uint8), 2, "x.png")

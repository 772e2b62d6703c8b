"""Faces of few pixels."""

from __future__ import annotations

import string

import numpy as np
import pytest

from captchascope.generate.pixels import PIXEL_NAMES, bitmap, enlarged
from captchascope.generate.typefaces import CHARACTERS, HAN, ink_box

EVERY = pytest.mark.parametrize("name", PIXEL_NAMES)
WRITABLE = sorted(CHARACTERS - set(HAN))


@EVERY
def test_a_bitmap_is_small_and_cut_to_its_ink(name: str) -> None:
    """Every pixel is inked or not, and capitals are 6 to 12 pixels tall."""
    for char in WRITABLE:
        mask = bitmap(name, char).mask
        assert set(np.unique(mask)) <= {0, 255}
        assert min(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 255
        assert max(mask.shape) <= 16
        assert 6 <= bitmap(name, char).cap <= 12


@EVERY
def test_digits_and_capitals_and_small_letters_differ(name: str) -> None:
    """Each among its like, but for what few pixels cannot tell apart."""
    for alphabet in (string.digits, string.ascii_uppercase, string.ascii_lowercase):
        masks = {char: bitmap(name, char).mask for char in alphabet}
        shown = {(mask.shape, mask.tobytes()) for mask in masks.values()}
        assert len(shown) == len(alphabet)


@EVERY
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_each_pixel_becomes_a_square(name: str, times: int) -> None:
    """All of the same size, however much larger a capital may be."""
    source = bitmap(name, "g")
    side = source.cap * times + 0.9 * source.cap
    mask, middle = enlarged(name, "g", (side, side), 0, 0, 2)
    left, top, right, bottom = ink_box(mask)
    expected = np.kron(source.mask, np.ones((times, times), np.uint8))
    np.testing.assert_array_equal(mask[top:bottom, left:right], expected)
    assert middle - top == pytest.approx(source.middle * times, abs=times)


def test_there_is_room_for_less_than_a_bitmap() -> None:
    """Then it is shrunk, so that a text always fits its image."""
    mask, _ = enlarged("pixel-02", "H", (5, 5), 0, 0, 0)
    _, top, _, bottom = ink_box(mask)
    assert bottom - top <= 6


def test_a_turned_bitmap_has_no_shades() -> None:
    """It is as jagged as it was."""
    mask, _ = enlarged("pixel-08", "R", (30, 30), 20, 0.2, 2)
    assert set(np.unique(mask)) == {0, 255}

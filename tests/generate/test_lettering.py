"""Glyphs of the bundled font."""

from __future__ import annotations

from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from captchascope.generate import draw, lettering
from captchascope.generate.lettering import FULL, SUBPIXELS, glyph, paste

FONT = "captchascope-digits.ttf"
OFFSETS = st.integers(0, SUBPIXELS - 1)


def test_the_font_lies_in_the_package_with_its_licence() -> None:
    """It has the ten digits, and a name that its authors did not reserve."""
    fonts = resources.files("captchascope.generate").joinpath("fonts")
    licence = fonts.joinpath("OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    with TTFont(BytesIO(fonts.joinpath(FONT).read_bytes())) as font:
        assert {ord(digit) for digit in "0123456789"} <= font.getBestCmap().keys()
        assert "Arimo" not in str(font["name"].getDebugName(1))


def test_no_font_of_the_system_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow is handed the bytes of the bundled one, and the image is the same as ever."""
    before = draw("metu", 3, 1).image
    opened = []
    real = ImageFont.truetype

    def truetype(font: Any, *args: Any, **kwargs: Any) -> ImageFont.FreeTypeFont:
        assert isinstance(font, BytesIO)
        opened.append(font)
        return real(font, *args, **kwargs)

    monkeypatch.setattr(ImageFont, "truetype", truetype)
    for cached in (lettering._face, lettering._fine_mask, lettering.glyph):
        cached.cache_clear()
    np.testing.assert_array_equal(draw("metu", 3, 1).image, before)
    assert opened


def test_the_digits_differ() -> None:
    """Each has ink, and none is the box that stands for a missing glyph."""
    digits = {char: glyph(FONT, char, 144, 0, 0).tobytes() for char in "0123456789"}
    assert len(set(digits.values())) == 10
    assert glyph(FONT, "x", 144, 0, 0).tobytes() not in digits.values()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.sampled_from("0123456789"), st.integers(134, 163), OFFSETS, OFFSETS)
def test_an_offset_moves_the_ink_and_keeps_it(char: str, eighths: int, dx: int, dy: int) -> None:
    """Coverage is counted in whole samples, so none is lost between the pixels."""
    still, moved = glyph(FONT, char, eighths, 0, 0), glyph(FONT, char, eighths, dx, dy)
    assert moved.max() <= FULL
    assert moved.sum(dtype=int) == still.sum(dtype=int) > 0
    rows = np.arange(still.shape[0]) @ still.sum(axis=1, dtype=int)
    moved_rows = np.arange(moved.shape[0]) @ moved.sum(axis=1, dtype=int)
    shift = (moved_rows - rows) / still.sum(dtype=int)
    assert abs(shift - dy / SUBPIXELS) < 0.51  # the sampling of a pixel is half of one


def test_a_glyph_is_as_high_as_asked() -> None:
    """18 pixels of digit between margins of two."""
    rows = np.flatnonzero(glyph(FONT, "1", 18 * 8, 0, 0).any(axis=1))
    assert 17 <= rows[-1] - rows[0] + 1 <= 19
    assert 1 <= rows[0] <= 3


def test_a_glyph_cannot_be_changed() -> None:
    """It is shared by all that ask for it."""
    with pytest.raises(ValueError, match="read-only"):
        glyph(FONT, "1", 144, 0, 0)[0, 0] = 1


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.integers(-30, 30), st.integers(-30, 30))
def test_pasting_cuts_what_lies_outside(left: int, top: int) -> None:
    """Inside, the darker of both stays."""
    canvas = np.full((20, 25), 3, np.uint8)
    char = np.array([[1, 9, 9], [9, 1, 9]], np.uint8)
    paste(canvas, char, left, top)
    far = np.full((100, 100), 3, np.uint8)
    far[top + 40 : top + 42, left + 40 : left + 43] = np.maximum(char, 3)
    np.testing.assert_array_equal(canvas, far[40:60, 40:65])

"""Distance fields of glyphs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from captchascope.generate.fields import CAP, EDGE, SLOPE, field, skeleton_field, thinned
from captchascope.generate.typefaces import latin_names, stamp

FONTS = latin_names()[::7]


@pytest.mark.parametrize("font", FONTS)
def test_a_field_is_inside_where_the_glyph_is(font: str) -> None:
    """Its ink is that of the glyph, but for less than a pixel along the edge."""
    for char in "8gW":
        shape = field(font, char)
        left, top, right, bottom = shape.box
        inside = shape.levels[top:bottom, left:right] > EDGE
        mask = stamp(font, char, 2 * CAP).mask
        size = right - left, bottom - top
        glyph = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 127
        assert (inside != glyph).mean() < 0.08
        assert (shape.levels > EDGE).sum() == inside.sum()


def test_a_field_rises_by_its_slope() -> None:
    """From the middle of a bar to its sides, level by level."""
    levels = field("sans-01", "I").levels
    row = levels[levels.shape[0] // 2].astype(int)
    steps = np.abs(np.diff(row[(row > 0) & (row < 255)]))
    assert np.median(steps) == SLOPE


@pytest.mark.parametrize("font", FONTS)
def test_a_skeleton_has_strokes_of_one_width(font: str) -> None:
    """No stroke is wider than the pen, but where strokes meet."""
    shape = skeleton_field(font, "N")
    inked = (shape.levels > EDGE).astype(np.uint8)
    assert inked.sum() > 100
    assert shape.half * CAP == pytest.approx(0.035 * CAP, abs=0.6)


def test_thinning_leaves_lines_that_hang_together_as_before() -> None:
    """Of a pixel's width, inside what was there, and no part is lost or broken."""
    for char in "8Bioagx":
        mask = cv2.copyMakeBorder(stamp("sans-09", char, 60).mask, *(3,) * 4, cv2.BORDER_CONSTANT)
        inked = np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)
        bones = thinned(inked)
        assert not (bones & ~inked).any()
        assert cv2.connectedComponents(bones)[0] == cv2.connectedComponents(inked)[0]
        assert (
            cv2.connectedComponents(255 - bones, connectivity=4)[0]
            == (cv2.connectedComponents(255 - inked, connectivity=4)[0])
        )
        assert not cv2.erode(bones, np.ones((3, 3), np.uint8)).any()

"""Letters drawn with a pen."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from captchascope.generate.skeletons import forms_of
from captchascope.generate.strokes import MANNERS, Pen, cut, draw_pen, written
from captchascope.generate.typefaces import CHARACTERS, HAN, Mask, ink_box

WRITABLE = sorted(CHARACTERS - set(HAN))
STEADY = replace(
    draw_pen(np.random.default_rng(0), "stroke-01"),
    unsteady=0.0,
    loose=False,
    width=0.08,
    square=False,
)


def write(pen: Pen, char: str, **how: object) -> tuple[Mask, float]:
    """Write a character at 48 pixels to the capital, upright unless asked for otherwise."""
    usual: dict[str, object] = {
        "number": 0, "scale": (48, 48), "degrees": 0, "shear": 0, "margin": 2, "jagged": False,
    }  # fmt: skip
    return written(pen, char, **{**usual, **how})  # type: ignore[arg-type]


def inked(mask: Mask) -> NDArray[np.bool_]:
    """Return the ink alone, cut to it."""
    left, top, right, bottom = ink_box(mask)
    return mask[top:bottom, left:right] > 127


def test_every_skeleton_lies_in_its_room() -> None:
    """Two points at least to a stroke; within the width of a letter, from the top to below."""
    for char in WRITABLE:
        for form in (*forms_of(char), *forms_of(char, segments=True)):
            assert form
            for stroke in form:
                assert len(stroke) >= 2
                assert all(abs(x) <= 0.35 and -0.51 <= y <= 0.85 for x, y, _ in stroke)


def test_no_two_skeletons_are_the_same() -> None:
    """Whatever the form, a character is no other one; I and l may both be a bar."""
    forms = [(char, form) for char in WRITABLE if char != "l" for form in forms_of(char)]
    for char, form in forms:
        assert all(form != other for name, other in forms if name != char)


@pytest.mark.parametrize("face", MANNERS)
def test_every_character_is_written_whole(face: str) -> None:
    """There is ink, the margin stays empty, and hard edges have no shades."""
    for seed in range(4):
        pen = draw_pen(np.random.default_rng(seed), face)
        for number, char in enumerate(WRITABLE):
            mask, _ = write(pen, char, number=number, margin=3, degrees=17, shear=0.3)
            left, top, right, bottom = ink_box(mask)
            assert right > left
            assert min(left, top, mask.shape[1] - right, mask.shape[0] - bottom) >= 3
        hard, _ = write(pen, "8", jagged=True)
        assert set(np.unique(hard)) == {0, 255}


@pytest.mark.parametrize("face", MANNERS)
def test_no_two_images_are_written_alike(face: str) -> None:
    """But the same pen writes the same."""
    pens = [draw_pen(np.random.default_rng(seed), face) for seed in range(20)]
    assert len({inked(write(pen, "5")[0]).tobytes() for pen in pens}) > 17
    np.testing.assert_array_equal(write(pens[0], "5")[0], write(pens[0], "5")[0])


def test_two_of_a_character_in_a_text_have_one_form_and_differ() -> None:
    """As they do in handwriting."""
    pen = replace(STEADY, unsteady=0.06)
    one, other = (inked(write(pen, "4", number=number)[0]) for number in (1, 2))
    assert one.shape != other.shape or (one != other).any()
    assert abs(int(one.sum()) - int(other.sum())) < 0.25 * one.sum()


def test_a_capital_is_as_tall_as_asked_and_its_middle_is_known() -> None:
    """Down and across have their own scale."""
    mask, middle = write(STEADY, "H", scale=(60, 30))
    left, top, right, bottom = ink_box(mask)
    thickness = round(STEADY.width * 60)
    assert bottom - top == pytest.approx(60 + thickness, abs=3)
    assert right - left == pytest.approx(30 * 2 / 3 * STEADY.across + thickness, abs=3)
    assert (top + bottom - 1) / 2 == pytest.approx(middle, abs=1)


def test_a_quarter_turn_lays_a_letter_down() -> None:
    """Clockwise: the bar at the top of a T comes to the right."""
    upright, turned = inked(write(STEADY, "T")[0]), inked(write(STEADY, "T", degrees=90)[0])
    np.testing.assert_allclose(upright.shape, turned.shape[::-1], atol=2)
    assert turned[:, -3].mean() > 0.8 > 0.3 > turned[:, 3].mean()


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
def test_a_stroke_is_as_wide_as_the_pen(square: bool, width: int) -> None:
    """In pixels, with a square tip or a round one."""
    pen = replace(STEADY, width=width / 48, square=square)
    mask, _ = write(pen, "T", jagged=True)
    assert (inked(mask)[-12] > 0).sum() == width


def test_cutting_keeps_ends_and_marked_corners() -> None:
    """And no other point; what it adds lies between."""
    line = [(0.0, 0.0, False), (1.0, 0.0, True), (1.0, 1.0, False), (0.0, 1.0, False)]
    assert cut(line, 0) == line
    smooth = cut(line, 3)
    assert (smooth[0], smooth[-1]) == (line[0], line[-1])
    assert line[1] in smooth
    assert line[2] not in smooth
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, _ in smooth)
    steps = np.diff([point[:2] for point in smooth[2:]], axis=0)
    assert np.hypot(*steps.T).max() < 0.6


def test_pieces_bend_what_is_straight() -> None:
    """The ink of a rough dash is on a line where it is of one piece, and far from it if of many."""
    rough = replace(STEADY, rough=0.05, width=0.02)
    for piece, least, most in ((9.0, 0.0, 0.5), (0.1, 0.6, 3.0)):
        rows, columns = np.nonzero(write(replace(rough, piece=piece), "-", jagged=True)[0])
        off = rows - np.polyval(np.polyfit(columns, rows, 1), columns)
        assert least <= np.abs(off).mean() < most


def test_strokes_that_meet_go_on_meeting_unless_they_are_loose() -> None:
    """The two loops of an 8 part now and then, and only then."""
    parts = {}
    for loose in (False, True):
        pen = replace(STEADY, unsteady=0.1, loose=loose, width=0.02)
        masks = [write(pen, "8", number=number, jagged=True)[0] for number in range(40)]
        parts[loose] = [cv2.connectedComponents(mask)[0] - 1 for mask in masks]
    assert max(parts[False]) == 1 < max(parts[True])

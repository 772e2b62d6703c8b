"""Letters set one by one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.generate.fields import EDGE
from captchascope.generate.lettering import (
    Letter,
    bounds,
    filling,
    outline,
    placed,
    printed,
)
from captchascope.generate.typefaces import latin_names

SIZE = 40.0
SHAPE = (200, 400)


def pixels(letters: list[Letter], **knobs: float) -> tuple[float, float, float, float]:
    """Return the sides of what is drawn, and check that they are those that were told."""
    spots = placed(letters, **knobs)
    left, top, _, _ = bounds(spots)
    spots = [spot.scaled(SIZE).moved(60 - left * SIZE, 60 - top * SIZE) for spot in spots]
    cover = filling(printed(spots, SHAPE).levels)
    x, y, width, height = cv2.boundingRect(np.asarray(cover > 127, np.uint8))
    told = bounds(spots)
    drawn = x, y, x + width, y + height
    assert told[0] - 1.5 <= drawn[0]
    assert told[1] - 1.5 <= drawn[1]
    assert drawn[2] <= told[2] + 1.5
    assert drawn[3] <= told[3] + 1.5
    return drawn


LETTERS = st.builds(
    Letter,
    char=st.sampled_from("0aWgj8"),
    font=st.sampled_from(latin_names()),
    size=st.floats(0.6, 1.3),
    squeeze=st.floats(0.7, 1.3),
    turn=st.floats(-60, 60),
    shear=st.floats(-0.5, 0.5),
    drop=st.floats(-0.5, 0.5),
)


@given(st.lists(LETTERS, min_size=1, max_size=4), st.floats(-20, 20), st.floats(-0.5, 0.5))
def test_no_letter_reaches_beyond_its_box(letters: list[Letter], angle: float, sag: float) -> None:
    """However they and the line are turned and bent."""
    pixels(letters, angle=angle, sag=sag)


def test_an_upright_letter_fills_its_box() -> None:
    """To within a pixel or so."""
    for char in "HAM8x":
        spots = [spot.scaled(SIZE) for spot in placed([Letter(char, "sans-05")])]
        told, drawn = bounds(spots), pixels([Letter(char, "sans-05")])
        assert drawn[2] - drawn[0] == pytest.approx(told[2] - told[0], abs=2)
        assert drawn[3] - drawn[1] == pytest.approx(told[3] - told[1], abs=2)


def weighed(**knobs: float | bool) -> int:
    """Return how many pixels an A has."""
    spot = placed([Letter("A", "sans-05", **knobs)])[0].scaled(60)  # type: ignore[arg-type]
    levels = printed([spot.moved(60 - spot.x, 60 - spot.y)], (120, 120)).levels
    return int((filling(levels) > 127).sum())


def test_strokes_gain_weight() -> None:
    """From thin to heavy, and a thin one is still there."""
    ink = [weighed(weight=weight) for weight in (-0.2, -0.03, 0.0, 0.03, 0.06)]
    assert 0 < ink[0] < ink[1] < ink[2] < ink[3] < ink[4]
    assert 0 < weighed(pen=True, weight=-0.02) < weighed(pen=True) < weighed(pen=True, weight=0.05)


def test_letters_stand_apart_by_their_gap() -> None:
    """And overlap where it is negative."""
    for gap in (-0.2, 0.1, 0.5):
        one, other = placed([Letter("H", "sans-05", gap=gap), Letter("M", "sans-05")])
        assert other.box[0] - one.box[2] == pytest.approx(gap)


def test_the_last_letter_owns_what_both_cover() -> None:
    """And every pixel of ink has an owner that covers it."""
    spots = [
        spot.scaled(SIZE).moved(20, 60)
        for spot in placed([Letter(char, "sans-09", gap=-0.25) for char in "H8M"])
    ]
    whole = printed(spots, (120, 160))
    for number, (where, part) in enumerate(whole.parts):
        mine = whole.owner[where] == number
        assert (part[mine & (whole.levels[where] > EDGE)] > EDGE - 16).all()
    where, last = whole.parts[-1]
    assert (whole.owner[where][last > EDGE] == 2).all()


def test_outlines_cross_are_hidden_or_merge() -> None:
    """What is drawn where letters overlap becomes less in this order."""
    spots = [
        spot.scaled(80).moved(20, 60)
        for spot in placed([Letter(char, "sans-09", gap=-0.35) for char in "H8M"])
    ]
    whole = printed(spots, (120, 300))
    crossing, stacked = (whole.outlines(2.0, hidden) for hidden in (False, True))
    merged = outline(whole.levels, 2.0)
    ink = [int((cover > 127).sum()) for cover in (crossing, stacked, merged)]
    assert ink[0] > ink[1] > ink[2] > 200


def test_an_outline_is_as_thick_as_asked_for() -> None:
    """In pixels; below one it is as faint as it is thin."""
    spot = placed([Letter("I", "sans-05")])[0].scaled(100)
    levels = printed([spot.moved(60 - spot.x, 80 - spot.y)], (160, 120)).levels
    for thickness in (1.0, 2.0, 4.0):
        row = outline(levels, thickness)[80].astype(float) / 255
        assert row.sum() == pytest.approx(2 * thickness, abs=0.5)
    assert int(outline(levels, 0.5).max()) == pytest.approx(127, abs=12)

"""Where the marks below a picture stand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from captchascope.records import CharReading
from captchascope.web.shown import Picture
from captchascope.web.strip import Strip, strip_of

PICTURE = Picture("data:image/png;base64,", 150, 50)
APART = 38.0


def drawn(*places: tuple[float, float], picture: Picture = PICTURE) -> Strip:
    """Return the strip of characters that were seen at these places."""
    chars = [CharReading("x", 0.9, place) for place in places]
    strip = strip_of(picture, chars)
    assert strip is not None
    return strip


def test_a_character_is_marked_where_it_was_seen() -> None:
    """The brackets are those shares of the width, and the letter is below their middle."""
    (mark,) = drawn((0.25, 0.35)).marks
    assert (mark.left, mark.right, mark.middle, mark.x) == (85.0, 119.0, 102.0, 102.0)


def test_a_tall_picture_stays_in_the_middle() -> None:
    """Marks follow it there."""
    strip = drawn((0.0, 1.0), picture=Picture("", 100, 100))
    assert strip.picture == (170.0, 170.0)
    assert strip.x == 85.0
    assert (strip.marks[0].left, strip.marks[0].right) == (85.0, 255.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).map(sorted))
def test_letters_never_touch(middles: list[float]) -> None:
    """However close the characters are, theirs are apart, in order, and within the drawing."""
    found = [mark.x for mark in drawn(*((middle, middle) for middle in middles)).marks]
    assert all(right - left >= APART - 0.11 for left, right in pairwise(found))
    assert found[0] >= APART / 2 - 0.11
    assert found[-1] <= 340 - APART / 2 + 0.11


def test_letters_that_have_room_are_not_moved() -> None:
    """Two that are close move by the same, to either side; the third stays."""
    strip = drawn((0.3, 0.3), (0.35, 0.35), (0.8, 0.8))
    first, second, third = strip.marks
    assert third.x == third.middle
    assert round(second.x - first.x, 1) == APART
    assert round(first.middle - first.x, 1) == round(second.x - second.middle, 1) > 0


def test_there_is_none_without_places_or_room() -> None:
    """A model that cuts does not say where; and nine confidences do not fit side by side."""
    assert strip_of(PICTURE, [CharReading("x", 1.0)]) is None
    assert strip_of(PICTURE, []) is None
    many = [CharReading("x", 1.0, (i / 9, (i + 1) / 9)) for i in range(9)]
    assert strip_of(PICTURE, many) is None
    assert strip_of(PICTURE, many[:8]) is not None


def test_the_drawing_is_told_in_words() -> None:
    """For those who hear the page."""
    assert "x at 25% to 35%" in drawn((0.25, 0.35)).text

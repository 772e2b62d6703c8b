"""Text that fits, whatever it holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captchascope.draw.canvas import fitting_size, legible, put, shorten, text_width, wrap


def test_characters_that_the_font_lacks_become_code_points() -> None:
    """ASCII stays; letters of other scripts, controls and surrogates do not show as boxes."""
    ascii_text = "".join(map(chr, range(32, 127)))
    assert legible(ascii_text) == ascii_text
    assert legible("Ж\n\udc80漢") == "U+0416U+000AU+DC80U+6F22"


@given(st.text(st.sampled_from("ab mWé\n"), max_size=60), st.integers(60, 300))
def test_wrapped_lines_fit_and_keep_every_character(text: str, width: int) -> None:
    """No line is wider than asked for, and only spaces get lost."""
    lines = wrap(text, 16, width)
    assert all(text_width(line, 16) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == legible(text).replace(" ", "")


@given(st.text(max_size=60), st.integers(60, 300))
def test_shortened_text_fits(text: str, width: int) -> None:
    """It is at most as wide as asked for, and unchanged where it fits."""
    shown = shorten(text, 16, width)
    assert text_width(shown, 16) <= width
    assert shown == legible(text) or "..." in shown


def test_the_largest_fitting_size_is_taken() -> None:
    """A short text is large, a long one small, an endless one has the last size."""
    sizes = range(60, 19, -4)
    assert fitting_size("1", sizes, 200) == 60
    assert 20 < fitting_size("1" * 10, sizes, 200) < 60
    assert fitting_size("1" * 99, sizes, 200) == 20


@pytest.mark.parametrize(("align", "place"), [("left", 10), ("center", 100), ("right", 190)])
def test_text_stands_where_it_is_put(align: str, place: int) -> None:
    """The ink begins, centres or ends within three pixels of the place."""
    canvas = Image.new("RGB", (200, 40), "white")
    put(canvas, (place, 5), "HHH", 20, (0, 0, 0), align=align)  # type: ignore[arg-type]
    columns = np.flatnonzero((np.asarray(canvas)[:, :, 0] < 128).any(axis=0))
    ends = {"left": columns[0], "center": columns.mean(), "right": columns[-1]}
    assert abs(ends[align] - place) <= 3

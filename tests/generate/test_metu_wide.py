"""What the wide relative of the METU captchas keeps of them, and what it varies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from captchascope.generate import draw_captcha
from captchascope.generate import metu_wide as wide
from captchascope.generate.metu import draw_metu
from captchascope.generate.noise import BoolMap
from captchascope.generate.typefaces import Mask, font_names

DRAWN = [draw_captcha("metu-wide", 990007, number) for number in range(1, 301)]
FACES = {font for faces, _ in wide._FACES for font in faces}
STROKED = FACES - set(font_names())


def test_the_frame_is_the_schemes() -> None:
    """The image is 150x50 and gray, with six digits and a kind, as those of metu."""
    for drawn in DRAWN:
        assert drawn.image.shape == (50, 150)
        assert drawn.image.dtype == np.uint8
        assert len(drawn.label) == 6
        assert set(drawn.label) <= set("0123456789")
        assert drawn.columns in ({"kind": "1"}, {"kind": "2"})
        assert 60 <= drawn.quality <= 98


def test_some_images_are_the_schemes_own() -> None:
    """About a quarter, pixel by pixel."""
    own = 0
    for number in range(1, 301):
        rng = np.random.default_rng([990007, number])
        if rng.random() < wide._ITSELF:
            np.testing.assert_array_equal(
                draw_metu(rng).image, draw_captcha("metu-wide", 990007, number).image
            )
            own += 1
    assert 45 < own < 105


def drawn_one_way(way: str, font: str, char: str) -> Mask:
    """Return six times the same digit, typed or turned, from one seed."""
    rng, line = np.random.default_rng(5), wide._Line(font, 18.0, 14.0, 30.0, 16.0, 0.0)
    if way == "typed":
        return wide._typed(rng, char * 6, line)
    return wide._turned(rng, char * 6, line, 0.0)


@pytest.mark.parametrize(
    ("way", "font"),
    [*(("typed", f) for f in sorted(FACES - STROKED)), *(("turned", f) for f in sorted(FACES))],
)
def test_every_face_has_digits_that_differ(way: str, font: str) -> None:
    """Whichever way they are drawn, they lie where the line has them."""
    masks = [drawn_one_way(way, font, char) for char in "0123456789"]
    for mask in masks:
        columns = np.flatnonzero(mask.max(axis=0) > 127)
        assert 28 <= columns[0] < columns[-1] <= 118
    assert len({mask.tobytes() for mask in masks}) == 10


def test_the_digits_lie_where_the_scheme_has_them() -> None:
    """Far from the spread's end too: a reader looks at no more columns than it needs."""
    for number in range(200):
        rng = np.random.default_rng(number)
        inked = np.flatnonzero(wide._strokes(rng, "888888", 1.0).max(axis=0) > 127)
        assert wide._LEFT - 3 <= inked[0] < inked[-1] <= wide._RIGHT + 3


def test_bolder_strokes_have_more_ink() -> None:
    """And thinner ones less; the digit stays as tall as it was, but for that."""
    ink = [int(wide._digit("sans-01", "8", by).mask.sum()) for by in (-1, 0, 1, 2)]
    assert ink == sorted(ink)
    assert ink[0] < 0.9 * ink[1] < 0.81 * ink[2]


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in wide._PATTERNS])
def test_a_pattern_varies(pattern: Callable[..., BoolMap]) -> None:
    """Of twenty seeds nearly all give another one of its make."""
    drawn = {pattern(np.random.default_rng(seed), (50, 150)).tobytes() for seed in range(20)}
    assert len(drawn) > 15


def test_no_pattern_hides_the_digits() -> None:
    """It covers a third of the image at most, and there is one."""
    for seed in range(100):
        share = wide._pattern(np.random.default_rng(seed), (50, 150)).mean()
        assert wide._LEAST_INKED < share < wide._MOST_INKED


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_clumps_cover_about_as_much_as_asked(share: float) -> None:
    """A few spots of several pixels cover no more than single ones."""
    covered = [
        wide._clumped(np.random.default_rng(seed), (200, 200), share).mean() for seed in range(40)
    ]
    assert max(covered) < 1.5 * share
    assert min(covered) > 0.4 * share

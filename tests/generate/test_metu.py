"""What the generated METU captchas have in common with the real ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from captchascope.generate import draw_captcha
from captchascope.glyphs.preprocess import count_black, kind_of
from captchascope.glyphs.scheme import load_scheme
from captchascope.image import load_gray

DRAWN = [draw_captcha("metu", 990006, number) for number in range(1, 301)]
KINDS = {kind: [d for d in DRAWN if d.columns["kind"] == kind] for kind in ("1", "2")}


def test_every_captcha_has_six_digits_and_a_kind() -> None:
    """The image is 150x50 and gray, and the columns of its row hold nothing else."""
    for drawn in DRAWN:
        assert drawn.image.shape == (50, 150)
        assert drawn.image.dtype == np.uint8
        assert len(drawn.label) == 6
        assert set(drawn.label) <= set("0123456789")
        assert drawn.columns in ({"kind": "1"}, {"kind": "2"})


def test_digits_and_kinds_are_about_equally_frequent() -> None:
    """Of 1800 digits each is there 180 times, give or take five deviations."""
    counts = Counter("".join(drawn.label for drawn in DRAWN))
    assert all(116 < counts[digit] < 244 for digit in "0123456789")
    assert 106 < len(KINDS["1"]) < 194


def test_kind_1_is_speckled_with_black() -> None:
    """Of 7500 pixels 13 to 16 in a hundred are speckle, a quarter of the images less after scaling.

    With nearly black ink among them they pass the bound of 500, mostly in the file as well.
    """
    raw = [count_black(drawn.image) for drawn in KINDS["1"]]
    files = [load_gray(drawn.jpeg()) for drawn in KINDS["1"]]
    assert 700 < np.mean(raw) < 1000
    assert np.mean([black > 500 for black in raw]) > 0.7
    assert 400 < np.mean([count_black(gray) for gray in files]) < 600
    assert np.mean([kind_of(gray, load_scheme("metu").kinds) == 1 for gray in files]) > 0.6
    assert all(drawn.image.min() <= 31 for drawn in KINDS["1"])


def test_kind_2_has_no_black_at_all() -> None:
    """Its ink is a dark gray, and a JPEG does not reach black from there."""
    for drawn in KINDS["2"]:
        gray = load_gray(drawn.jpeg())
        assert 84 <= drawn.image.min() <= 107
        assert gray.min() > 0
        assert kind_of(gray, load_scheme("metu").kinds) == 2


@pytest.mark.parametrize("kind", ["1", "2"])
def test_most_of_an_image_is_white(kind: str) -> None:
    """Digits and noise together cover a third at most, on the average."""
    white = [(drawn.image == 255).mean() for drawn in KINDS[kind]]
    assert 0.6 < np.mean(white) < 0.85
    assert min(white) > 0.25


def test_the_digits_lie_where_the_scheme_looks() -> None:
    """The columns from 30 on hold more ink than those at both sides, where there is only noise."""
    ink = np.stack([drawn.image < 128 for drawn in DRAWN]).mean(axis=(0, 1))
    assert ink[32:104].mean() > 1.3 * max(ink[2:26].mean(), ink[128:148].mean())


def test_the_qualities_are_in_their_range() -> None:
    """From 72 to 94, both of them included."""
    qualities = {drawn.quality for drawn in DRAWN}
    assert qualities <= set(range(72, 95))
    assert len(qualities) > 15

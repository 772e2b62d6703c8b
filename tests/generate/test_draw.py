"""Drawing by name, seed and number."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from captchascope.errors import UsageError
from captchascope.generate import SCHEMES, draw_captcha

PINNED = "2f782b10219e8a2e38b7b2321dd1b8850728a9aa65db8d90af6e3cec52241c41"


def test_the_pixels_are_pinned() -> None:
    """The first 20 images of seed 1 are the same on every machine and in every version.

    Reports and benchmarks name a seed in place of the images, so these must not change unnoticed,
    be it by this package, numpy's generators, Pillow's FreeType, or OpenCV. The files are not
    pinned: JPEG encoders differ.
    """
    images = [draw_captcha("metu", 1, number).image for number in range(1, 21)]
    assert hashlib.sha256(b"".join(image.tobytes() for image in images)).hexdigest() == PINNED
    assert [draw_captcha("metu", 1, number).label for number in (1, 2, 3)] == [
        "533665",
        "649404",
        "408174",
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_image_depends_on_seed_and_number_alone(scheme: str) -> None:
    """The order in which they are drawn has no say, so a larger set begins with the same ones."""
    forwards = [draw_captcha(scheme, 7, number) for number in range(8)]
    backwards = [draw_captcha(scheme, 7, number) for number in reversed(range(8))][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert (one.label, one.columns, one.quality) == (other.label, other.columns, other.quality)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_seeds_and_numbers_give_other_images(scheme: str) -> None:
    """Seed 1 number 2 is not seed 2 number 1 either."""
    pixels = {
        draw_captcha(scheme, s, n).image.tobytes()
        for s in (0, 1, 2, 2**70)
        for n in (0, 1, 2, 9999)
    }
    assert len(pixels) == 16


def test_an_unknown_scheme_is_wrong_usage() -> None:
    """The error lists the valid ones."""
    with pytest.raises(UsageError, match=f"metoo: .*choose one of {', '.join(SCHEMES)}"):
        draw_captcha("metoo", 1, 1)


@pytest.mark.parametrize(("seed", "number"), [(-1, 1), (1, -1)])
def test_a_negative_number_is_wrong_usage(seed: int, number: int) -> None:
    """Nought is allowed."""
    with pytest.raises(UsageError, match="must be at least 0, not -1"):
        draw_captcha("metu", seed, number)


STYLED = [name for name in SCHEMES if name not in ("metu", "metu-wide", "general")]


@pytest.mark.parametrize("scheme", STYLED)
def test_a_knob_overrides_the_scheme(scheme: str) -> None:
    """What it says holds for every image; the rest is the scheme's."""
    knobs = {"charset": "XY", "length": (3, 3), "size": (40, 90), "gray": True, "quality": 31}
    for number in range(5):
        drawn = draw_captcha(scheme, 1, number, knobs)
        assert set(drawn.label) <= set("XY")
        assert len(drawn.label) == 3
        assert drawn.image.shape == (40, 90)
        assert drawn.quality == 31


@pytest.mark.parametrize("scheme", STYLED)
def test_an_unusable_knob_is_wrong_usage(scheme: str) -> None:
    """Whatever the scheme; the error names the option."""
    with pytest.raises(UsageError, match=r"^lines: must be 0 to 200, not -1 \("):
        draw_captcha(scheme, 1, 1, {"lines": -1})


@pytest.mark.parametrize("scheme", ["metu", "metu-wide", "general"])
def test_what_has_no_style_has_no_knobs(scheme: str) -> None:
    """The one imitates real ones, the other has many styles; the error names those that have."""
    expected = rf"^{scheme}: cannot be changed by --font .*plain.*varied\)$"
    with pytest.raises(UsageError, match=expected):
        draw_captcha(scheme, 1, 1, {"fonts": ("sans-01",)})
    assert draw_captcha("metu", 1, 1, {}).label == "533665"

"""What the network is given: sizes, interpolation, and batches of equal ones."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.ctc.inputs import CtcSpec, fitted_width, normalise, prepare, text_frame
from captchascope.records import build

FIXED = CtcSpec("whole", 50, 150, 150, 150, 1)
FREE = CtcSpec("whole", 48, None, 48, 320, 1)
NOISE = np.random.default_rng(0).integers(0, 256, (60, 200), np.uint8)
SPECS = st.builds(
    CtcSpec,
    kind=st.just("whole"),
    height=st.integers(8, 80),
    width=st.none() | st.integers(8, 200),
    min_width=st.integers(8, 80),
    max_width=st.integers(80, 400),
    channels=st.sampled_from([1, 3]),
)


@given(SPECS)
def test_a_spec_comes_back_from_metadata(spec: CtcSpec) -> None:
    """As the table that a model file holds."""
    assert build(CtcSpec, asdict(spec)) == spec


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "window"},
        {"height": 7},
        {"height": 513},
        {"width": 0},
        {"width": 4097},
        {"width": True},
        {"width": "none"},
        {"min_width": 4},
        {"min_width": 320, "max_width": 48},
        {"max_width": 10**9},
        {"channels": 2},
        {"left": 8},
        {"right": 40},
        {"width": 150, "left": -4},
        {"width": 150, "left": 145},
        {"width": 150, "right": 151},
        {"width": 150, "left": 80, "right": 84},
    ],
)
def test_an_impossible_spec_is_refused(change: dict[str, Any]) -> None:
    """The error names the value that is at fault."""
    with pytest.raises(
        ValueError, match=next(iter(change)).removeprefix("min_").removeprefix("max_")
    ):
        build(CtcSpec, {**asdict(FREE), **change})


@given(SPECS, st.integers(1, 300), st.integers(1, 600))
def test_every_image_gets_the_size_of_the_spec(spec: CtcSpec, height: int, width: int) -> None:
    """The height always; the width where there is one, and else one within the bounds."""
    shape = (height, width) if spec.channels == 1 else (height, width, 3)
    fitted = prepare(np.full(shape, 77, np.uint8), spec)
    assert fitted.shape[:2] == (spec.height, fitted_width(height, width, spec))
    assert fitted.shape[2:] == shape[2:]
    assert (fitted == 77).all()
    if spec.width is not None:
        assert fitted.shape[1] == spec.width
    else:
        assert spec.min_width <= fitted.shape[1] <= spec.max_width


@given(st.integers(20, 100), st.integers(100, 200))
def test_a_free_width_keeps_the_shape(height: int, width: int) -> None:
    """Up to half of the eight pixels that widths are rounded to."""
    fitted = fitted_width(height, width, replace(FREE, max_width=4096))
    assert fitted % 8 == 0
    assert abs(fitted - width * 48 / height) <= 4


def test_an_image_that_fits_is_not_copied() -> None:
    """It is the common case, and must cost nothing."""
    for spec, shape in ((FIXED, (50, 150)), (FREE, (48, 160))):
        image = np.zeros(shape, np.uint8)
        assert prepare(image, spec) is image


def test_shrinking_averages_and_enlarging_interpolates() -> None:
    """Half the size is the mean of four pixels; twice the size has no level that is not between."""
    half = prepare(NOISE, CtcSpec("whole", 30, 100, 100, 100, 1))
    means = NOISE.reshape(30, 2, 100, 2).mean(axis=(1, 3))
    assert np.abs(half - means).max() <= 0.5
    steps = np.repeat([[0, 200]], 50, axis=0).astype(np.uint8)
    twice = prepare(steps, CtcSpec("whole", 100, 8, 8, 8, 1))
    assert (np.diff(twice.astype(int), axis=1) >= 0).all()
    assert len(np.unique(twice)) > 2


def test_a_gray_batch_is_a_255th_of_its_images() -> None:
    """In their order, with one channel, 0 to 1."""
    images = [NOISE, 255 - NOISE, NOISE // 2]
    batch = normalise(images)
    assert batch.shape == (3, 1, 60, 200)
    assert str(batch.dtype) == "float32"
    assert batch.flags.c_contiguous
    np.testing.assert_allclose(batch[:, 0], np.stack(images) / 255, atol=1e-7)


def test_a_colour_batch_has_its_channels_first() -> None:
    """Red, green, blue."""
    image = np.stack([NOISE, 255 - NOISE, NOISE // 3], axis=2)
    batch = normalise([image, image[::-1]])
    assert batch.shape == (2, 3, 60, 200)
    assert batch.flags.c_contiguous
    for channel in range(3):
        np.testing.assert_allclose(batch[0, channel], image[..., channel] / 255, atol=1e-7)
    np.testing.assert_array_equal(batch[1], batch[0][:, ::-1])


def test_the_batch_is_no_view_of_its_images() -> None:
    """Writing into it changes no image."""
    image = NOISE.copy()
    normalise([image])[:] = 0
    np.testing.assert_array_equal(image, NOISE)


def test_images_of_different_sizes_are_no_batch() -> None:
    """Nothing is padded or cut in silence."""
    with pytest.raises(ValueError, match="shape"):
        normalise([NOISE, NOISE[:50]])


NARROW = replace(FIXED, left=20, right=140)


def test_only_its_columns_are_looked_at() -> None:
    """Of the image as resized, whatever its own size."""
    assert np.array_equal(prepare(NOISE, NARROW), prepare(NOISE, FIXED)[:, 20:140])
    assert normalise([prepare(NOISE, NARROW)]).shape == (1, 1, 50, 120)


def test_the_columns_are_told_as_shares() -> None:
    """A reading tells where in the whole image its characters are."""
    assert NARROW.span == (20 / 150, 140 / 150)
    assert FIXED.span == FREE.span == (0.0, 1.0)


TRIMMED = CtcSpec("whole", 40, None, 48, 320, 3, trimmed=True)


def framed(tall: int, wide: int, top: int, left: int) -> np.ndarray[Any, Any]:
    """Return a wide white frame with a dark block in it."""
    image = np.full((120, 400, 3), 250, np.uint8)
    image[top : top + tall, left : left + wide] = 30
    return image


@given(st.integers(8, 60), st.integers(8, 200), st.integers(5, 50), st.integers(5, 190))
def test_a_plain_margin_goes_and_no_ink(tall: int, wide: int, top: int, left: int) -> None:
    """As much of it stays around the text as the text's height asks for, and not more."""
    rows, columns = text_frame(framed(tall, wide, top, left))
    assert rows.start <= top < top + tall <= rows.stop
    assert columns.start <= left < left + wide <= columns.stop
    assert rows.stop - rows.start <= 1.9 * tall + 4
    assert columns.stop - columns.start <= wide + 1.3 * tall + 4


@pytest.mark.parametrize("what", ["noise", "a line to the edges", "nothing"])
def test_what_reaches_the_edges_keeps_the_frame(what: str) -> None:
    """And so does an empty image."""
    image = np.full((60, 200, 3), 250, np.uint8)
    if what == "noise":
        image = np.random.default_rng(1).integers(0, 256, image.shape, np.uint8)
    elif what == "a line to the edges":
        for column in range(200):
            image[column * 59 // 199, column] = 0
    assert text_frame(image) == (slice(0, 60), slice(0, 200))


def test_a_trimmed_image_is_seen_at_the_scale_of_its_text() -> None:
    """In gray as in colour, whatever the frame."""
    image = framed(20, 80, 50, 100)
    small = image[40:80, 80:200]
    assert prepare(image, TRIMMED).shape[0] == 40
    ink = (prepare(image, TRIMMED)[..., 0] < 128).any(axis=1).sum()
    assert abs(int(ink) - 22) <= 2  # of 40 rows; 7 without
    assert np.array_equal(
        prepare(image[..., 0], replace(TRIMMED, channels=1)), prepare(image, TRIMMED)[..., 0]
    )
    assert abs((prepare(small, TRIMMED)[..., 0] < 128).any(axis=1).sum() - int(ink)) <= 3

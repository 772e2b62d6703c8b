"""Arrays: every shape and type to the same gray and the same RGB, and the others refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image import Channels, load, load_gray
from captchascope.pixels import on_white

BOTH: tuple[Channels, ...] = (1, 3)


def _picture() -> NDArray[np.uint8]:
    """Return many colours, shape (24, 37, 4), that fade out to the left."""
    rows, columns = np.mgrid[0:24, 0:37]
    channels = (rows * 10, columns * 6, 255 - rows * 5 - columns * 3, columns * 7)
    return np.stack(channels, axis=2).astype(np.uint8)


RGBA = _picture()
RGB = np.ascontiguousarray(RGBA[:, :, :3])
GRAY = np.array(Image.fromarray(RGB).convert("L"))


def _wanted(pixels: NDArray[np.uint8], channels: Channels) -> NDArray[np.uint8]:
    """Return what Pillow makes of an image on white."""
    white = Image.new("RGBA", (pixels.shape[1], pixels.shape[0]), "white")
    white.alpha_composite(Image.fromarray(pixels).convert("RGBA"))
    return np.array(white.convert("L" if channels == 1 else "RGB"))


def _distance(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Return the largest difference in levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("channels", BOTH)
@pytest.mark.parametrize("pixels", [GRAY, RGB, RGBA], ids=["gray", "RGB", "RGBA"])
def test_arrays_of_every_shape_and_type(channels: Channels, pixels: NDArray[np.uint8]) -> None:
    """Gray, RGB and RGBA on white, of 8 and 16 bits, also as a view, come out alike."""
    wanted = _wanted(pixels, channels)
    deep = pixels.astype(np.uint16) * 256 + 77
    for source in (pixels, deep, deep.astype(">u2")):
        assert _distance(load(source, channels), wanted) <= 2
    assert _distance(load(pixels[:, ::-1], channels), wanted[:, ::-1]) <= 2


def test_colour_is_exact_and_gray_is_the_same_three_times() -> None:
    """Nothing is lost on the way to RGB."""
    assert _distance(load(RGB, 3), RGB) == 0
    assert _distance(load(GRAY, 3), np.repeat(GRAY[..., None], 3, axis=2)) == 0
    assert _distance(load(GRAY[..., None], 3), load(GRAY, 3)) == 0


@pytest.mark.parametrize("channels", BOTH)
def test_a_bool_is_black_or_white(channels: Channels) -> None:
    """True is white."""
    assert _distance(load(GRAY > 99, channels), load((GRAY > 99) * np.uint8(255), channels)) == 0


@settings(deadline=None)
@given(level=st.integers(0, 255), alpha=st.integers(0, 255))
def test_compositing_rounds_to_the_nearest_level(level: int, alpha: int) -> None:
    """In both, for every level and alpha, whatever the position in the row."""
    rgba = np.full((2, 33, 4), (level, level, level, alpha), np.uint8)
    exact = 255 - (255 - level) * alpha / 255
    for channels in BOTH:
        assert np.abs(on_white(rgba, channels) - exact).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("channels", BOTH)
def test_an_array_is_copied(channels: Channels) -> None:
    """Writing into the result leaves the source alone, also a read-only one."""
    for source in (GRAY.copy(), GRAY.T.copy().T, GRAY[:, :, None].copy(), RGB.copy(), RGBA.copy()):
        kept = source.copy()
        source.flags.writeable = False
        levels = load(source, channels)
        assert (levels.flags.c_contiguous, levels.flags.writeable) == (True, True)
        assert not np.shares_memory(levels, source)
        levels[:] = 7
        assert _distance(source, kept) == 0


def _refusal(source: NDArray[Any]) -> str:
    with pytest.raises(ImageError) as caught:
        load_gray(source)
    assert caught.value.remedy
    return caught.value.what


def test_what_is_no_image() -> None:
    """Floats may mean anything, and a batch is too much."""
    for dtype in (np.float32, np.int64, np.uint32, object):
        assert f"type {np.dtype(dtype)}" in _refusal(np.zeros((4, 5), dtype))
    for shape in ((20,), (2, 4, 5, 3), (3, 4, 5), (4, 5, 2)):
        assert f"shape {shape}" in _refusal(np.zeros(shape, np.uint8))
    assert "0 x 5 pixels" in _refusal(np.zeros((5, 0), np.uint8))

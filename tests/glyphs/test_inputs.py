"""What the network is given, in training and in reading alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from captchascope.generate import draw
from captchascope.glyphs.inputs import InputSpec, normalise, prepare
from captchascope.glyphs.scheme import load
from captchascope.glyphs.stages import cut_glyphs, locate

METU = load("metu")
LOCATED = locate(draw("metu", 990003, 1).image, METU)


@pytest.mark.parametrize("kind", ["glyph", "window"])
def test_the_spec_takes_its_size_from_the_scheme(kind: Literal["glyph", "window"]) -> None:
    """Every glyph of a text has the size that the metadata gives."""
    spec = InputSpec.of_scheme(METU, kind)
    size = METU.glyph if kind == "glyph" else METU.window
    assert spec == InputSpec(kind, size.height, size.width)
    prepared = prepare(LOCATED, METU, spec)
    assert prepared.shape == (6, size.height, size.width)
    assert prepared.dtype == np.uint8


@pytest.mark.parametrize("size", [(0, 22), (28, -1), (28, 100_000)])
def test_an_impossible_size_is_refused(size: tuple[int, int]) -> None:
    """A model file with such metadata is refused when it is opened, not when it reads."""
    with pytest.raises(ValueError, match="height and width must be"):
        InputSpec("window", *size)


def test_glyphs_are_the_repaired_ones() -> None:
    """They are what the last stage gives."""
    prepared = prepare(LOCATED, METU, InputSpec.of_scheme(METU, "glyph"))
    np.testing.assert_array_equal(prepared, cut_glyphs(LOCATED, METU).fitted)


def test_light_ink_is_high_as_well() -> None:
    """The network sees the same windows of an inverted image."""
    spec = InputSpec.of_scheme(METU, "window")
    inverted = replace(LOCATED, gray=255 - LOCATED.gray)
    np.testing.assert_array_equal(
        prepare(inverted, replace(METU, ink="light"), spec), prepare(LOCATED, METU, spec)
    )


def test_the_batch_goes_from_nought_to_one() -> None:
    """It has a channel axis, and 32-bit floats."""
    levels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)
    batch = normalise(levels)
    assert batch.shape == (2, 1, 8, 16)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[:, 0], levels / 255, atol=1e-7)
    assert (batch.min(), batch.max()) == (0, 1)

"""A reading with everything that led to it: by hand, and of a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.draw import explain_reading
from captchascope.errors import SegmentationError
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.image import load_gray
from captchascope.reader import load
from draw.scenes import generated


def test_shapes_must_agree() -> None:
    """Probabilities and windows are one per glyph."""
    it = generated()
    with pytest.raises(ValueError, match=r"probabilities must have the shape \(6, 10\)"):
        replace(it, probabilities=it.probabilities[1:])
    with pytest.raises(ValueError, match=r"seen must have the shape \(6, "):
        replace(it, seen=it.glyphs.fitted[1:])


def test_the_explanation_of_a_reading_is_that_of_the_reader() -> None:
    """The text and how sure it is, and the cuts that the network saw."""
    reader = load("metu-glyphs")
    assert isinstance(reader.recogniser, GlyphRecogniser)
    shown = explain_reading(reader.recogniser, load_gray("examples/1.jpeg"), "examples/1.jpeg")
    reading = reader.read("examples/1.jpeg")
    assert (shown.name, shown.text) == ("1.jpeg", reading.text)
    assert shown.confidence == pytest.approx(reading.confidence)
    assert shown.seen is not None
    assert len(shown.seen) == len(shown.glyphs.fitted) == 6


def test_an_image_that_cannot_be_cut_is_named() -> None:
    """The error is the one of reading it."""
    recogniser = load("metu-glyphs").recogniser
    assert isinstance(recogniser, GlyphRecogniser)
    blank = generated().located.gray * 0 + 255
    with pytest.raises(SegmentationError, match=r"^blank\.png: "):
        explain_reading(recogniser, blank, "blank.png")

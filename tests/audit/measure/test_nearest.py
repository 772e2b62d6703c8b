"""The nearest-neighbour classifier of cut glyphs."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.audit.measure.nearest import Glyphbook, features_of
from captchascope.records import GrayImage


def upright(height: int = 20) -> GrayImage:
    """Draw a bar."""
    return np.full((height, 4), 255, np.uint8)


def ring(side: int = 20) -> GrayImage:
    """Draw a square without its middle."""
    image = np.full((side, side), 255, np.uint8)
    image[4:-4, 4:-4] = 0
    return image


def book(*glyphs: GrayImage, characters: str, images: list[int]) -> Glyphbook:
    """Return glyphs whose characters are known."""
    return Glyphbook(features_of(glyphs), np.array(list(characters)), np.array(images))


def test_the_likest_glyph_tells_the_character() -> None:
    """Whatever its size and wherever it stands in its picture."""
    known = book(upright(), ring(), characters="10", images=[0, 0])
    moved = np.pad(ring(30), ((5, 0), (9, 2)))
    assert known.read(features_of([upright(33), moved]), np.array([1, 1])) == ["1", "0"]


def test_glyphs_of_the_same_image_tell_nothing() -> None:
    """An image is read by others, or it would read itself."""
    known = book(upright(), ring(), characters="10", images=[0, 1])
    assert known.read(features_of([upright()]), np.array([0])) == ["0"]
    alone = book(upright(), characters="1", images=[0])
    assert alone.read(features_of([upright()]), np.array([0])) == [""]


def test_nothing_is_read_by_nothing() -> None:
    """Without glyphs that are known there are no characters; without glyphs, no reading."""
    empty = book(characters="", images=[])
    assert empty.read(features_of([upright()]), np.array([0])) == [""]
    assert book(upright(), characters="1", images=[0]).read(features_of([]), np.array([])) == []


def test_likeness_is_that_of_unit_vectors() -> None:
    """A glyph is as like itself as can be; one without ink is like nothing."""
    features = features_of([ring(), np.zeros((5, 5), np.uint8)])
    assert features[0] @ features[0] == pytest.approx(1, abs=1e-5)
    assert not features[1].any()

"""Augmentation: the same shape and type, another image, the same one for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from captchascope.train.ctc.augment import augment_image


def image(shape: tuple[int, ...]) -> np.ndarray:
    """Return an image with a dark bar on a light ground."""
    drawn = np.full(shape, 230, np.uint8)
    drawn[10:30, 40:60] = 20
    return drawn


@pytest.mark.parametrize("shape", [(40, 100), (40, 100, 3)])
def test_shape_and_type_stay(shape: tuple[int, ...]) -> None:
    """Whatever is done to an image, gray or in colour."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        changed = augment_image(image(shape), rng, 1.0)
        assert changed.shape == shape
        assert changed.dtype == np.uint8


def test_no_strength_changes_nothing() -> None:
    """And gives a copy, which may be written to."""
    given = image((40, 100))
    same = augment_image(given, np.random.default_rng(0), 0.0)
    assert np.array_equal(same, given)
    assert not np.shares_memory(same, given)


def test_the_given_image_stays_as_it_was() -> None:
    """It is seen again in the next pass."""
    given = image((40, 100, 3))
    before = given.copy()
    rng = np.random.default_rng(0)
    for _ in range(50):
        augment_image(given, rng, 1.0)
    assert np.array_equal(given, before)


def test_the_same_seed_gives_the_same_image() -> None:
    """So that a training that is taken up again sees what it would have seen."""
    one, other = (augment_image(image((40, 100)), np.random.default_rng(5), 1.0) for _ in range(2))
    assert np.array_equal(one, other)


def test_the_text_stays_in_place() -> None:
    """The bar moves by a few pixels, not out of the image."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        changed = augment_image(image((40, 100)), rng, 1.0).astype(int)
        dark = changed[8:32, 36:64].mean()
        assert dark < changed[:, :20].mean() - 30

"""Each way to make images harder: seen, the same for a seed, and fit for any image."""

from __future__ import annotations

import numpy as np
import pytest

from audit.subjects import pixels
from captchascope.audit.measure.changes import CHANGES, Change, fade, ground_colour, ink_colour
from captchascope.audit.measure.legibility import contrast_of
from captchascope.records import RgbImage

EACH = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)


def changed(change: Change, image: RgbImage, strength: float) -> RgbImage:
    """Change an image by the random numbers of one seed."""
    return change.apply(np.random.default_rng(1), image, strength)


@EACH
def test_a_change_is_the_same_for_a_seed(change: Change) -> None:
    """The same random numbers and strength give the same pixels, and leave the image alone."""
    image = pixels("plain")
    before, strength = image.copy(), change.steps[-1][0]
    once, again = changed(change, image, strength), changed(change, image, strength)
    assert np.array_equal(once, again)
    assert np.array_equal(image, before)


@EACH
def test_a_change_is_seen(change: Change) -> None:
    """Each setting gives other pixels than the one before."""
    image = pixels("plain")
    shown = [image, *(changed(change, image, strength) for strength, _ in change.steps)]
    assert len({picture.tobytes() for picture in shown}) == len(shown)


@EACH
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 90, 3), (240, 12, 3)])
def test_a_change_takes_any_image(change: Change, shape: tuple[int, int, int]) -> None:
    """Tiny, narrow and empty images are changed, too."""
    image = np.full(shape, 200, np.uint8)
    for strength, _ in change.steps:
        assert changed(change, image, strength).ndim == 3


def test_few_lines_are_among_many() -> None:
    """More lines are those that were there, and others."""
    image, lines = pixels("plain"), CHANGES[0]
    hit = [(changed(lines, image, n) != image).any(axis=2) for n in (3, 6)]
    assert (hit[1] | ~hit[0]).mean() > 0.99


def test_colours_are_told_of_text_and_ground() -> None:
    """The ink's colour and the ground's are those of the image, whichever is darker."""
    image = np.full((40, 100, 3), (10, 20, 90), np.uint8)
    image[10:30, 30:36] = image[10:30, 60:66] = (240, 200, 30)
    assert np.allclose(ground_colour(image), (10, 20, 90), atol=2)
    assert np.allclose(ink_colour(image), (240, 200, 30), atol=2)


def test_an_image_that_fades_keeps_its_ground() -> None:
    """Contrast falls, and the colour that most pixels have stays."""
    image = pixels("plain")
    pale = fade(image, 0.25)
    assert np.allclose(ground_colour(pale), ground_colour(image), atol=2)
    assert 1 < contrast_of(pale) < contrast_of(image)

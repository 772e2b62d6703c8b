"""The human side: contrast, as WCAG has it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from audit.subjects import pixels
from captchascope.audit.legibility import contrast_of, relative_luminance
from captchascope.records import RgbImage

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def _written(ink: Colour, ground: Colour, scale: float = 1.2, thickness: int = 3) -> RgbImage:
    """Write a text in a colour on another one, with soft edges."""
    image = np.full((60, 180, 3), ground, np.uint8)
    place, face = (12, 42), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, "K7Xm3", place, face, scale, ink, thickness, cv2.LINE_AA)
    return image


@pytest.mark.parametrize(
    ("ink", "ground", "ratio"),
    [
        (_BLACK, _WHITE, 21.0),
        (_WHITE, _BLACK, 21.0),
        ((118, 118, 118), _WHITE, 4.54),
        ((119, 119, 119), _WHITE, 4.48),
        ((255, 0, 0), _WHITE, 4.0),
        ((0, 0, 255), (255, 255, 0), 8.0),
        ((255, 0, 0), (0, 128, 0), 1.28),
    ],
)
def test_the_contrast_is_that_of_the_colours(ink: Colour, ground: Colour, ratio: float) -> None:
    """As calculators for WCAG give it: #767676 on white is the lightest gray that passes 4.5."""
    assert contrast_of(_written(ink, ground)) == pytest.approx(ratio, abs=0.02)


def test_luminance_has_its_ends() -> None:
    """Black has 0, white 1, and green most of it."""
    colours = np.array([_BLACK, _WHITE, (0, 255, 0)], np.uint8)
    assert relative_luminance(colours) == pytest.approx([0, 1, 0.7152])


def test_noise_leaves_the_contrast_as_it_is() -> None:
    """Black specks on a gray text's ground are not its ink."""
    image = _written((118, 118, 118), _WHITE)
    specks = np.random.default_rng(1).random(image.shape[:2]) < 0.05
    image[specks] = 0
    assert contrast_of(image) == pytest.approx(4.54, abs=0.3)


def test_a_ground_that_changes_counts_where_the_text_stands() -> None:
    """Black on what becomes white from the left to the right: the middle of both."""
    image = np.repeat(np.linspace(90, 255, 180, dtype=np.uint8)[None, :, None], 60, 0).repeat(3, 2)
    text = _written(_BLACK, _WHITE) < 128
    image[text] = 0
    left, right = contrast_of(image[:, :60]), contrast_of(image[:, 120:])
    assert left < contrast_of(image) < right


def test_more_of_the_contrast_knob_is_more_contrast() -> None:
    """The median of twenty images rises with each turn."""
    medians = [
        np.median([contrast_of(pixels("plain", n, contrast=knob)) for n in range(1, 21)])
        for knob in (0.1, 0.4, 0.7, 1.0)
    ]
    assert medians == sorted(medians)
    assert medians[0] < medians[-1] - 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (30, 90), (3000, 1000)])
def test_an_empty_image_has_no_contrast(shape: tuple[int, int]) -> None:
    """Whatever its size."""
    assert contrast_of(np.full((*shape, 3), 200, np.uint8)) == 1

"""One ink of several is kept, by its name or its colour, and shown black on white."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.image.ink import ground_of, one_ink
from captchascope.image.preprocessing import INKS

COLOURS = {
    "black": (20, 20, 20),
    "gray": (128, 128, 128),
    "white": (255, 255, 255),
    "red": (204, 0, 0),
    "orange": (238, 120, 0),
    "yellow": (220, 205, 0),
    "brown": (130, 70, 10),
    "green": (0, 130, 20),
    "cyan": (0, 170, 180),
    "blue": (0, 20, 200),
    "purple": (130, 0, 170),
    "pink": (240, 70, 170),
}
WHITE = (255, 255, 255)
LEFT, RIGHT = "8P", "F3"


def mask(text: str, left: int) -> NDArray[np.float32]:
    """Draw a text with smooth edges, shape (40, 100): the share of ink of each pixel."""
    drawn = np.zeros((40, 100), np.uint8)
    cv2.putText(drawn, text, (left, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2, cv2.LINE_AA)
    return np.divide(drawn, 255, dtype=np.float32)


def painted(
    inks: dict[str, tuple[int, int, int]], ground: tuple[int, int, int] = WHITE
) -> NDArray[np.uint8]:
    """Draw texts over one another in these inks, shape (40, 100, 3)."""
    image = np.empty((40, 100, 3), np.float32)
    image[:] = ground
    for text, colour in inks.items():
        share = mask(text, 4 if text == LEFT else 52)[:, :, None]
        image = image * (1 - share) + share * np.array(colour, np.float32)
    return np.rint(image).astype(np.uint8)


def test_every_name_has_a_colour() -> None:
    """And none is left out here."""
    assert set(COLOURS) == set(INKS)


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("told", ["name", "colour"])
def test_an_ink_becomes_black_by_its_share(ink: str, told: str) -> None:
    """To a few levels, the smooth edges too, and whatever the other ink leaves is white."""
    ground = (0, 0, 60) if ink == "white" else WHITE
    other = (
        (200, 0, 0) if ink in ("green", "cyan", "blue", "purple", "white", "gray") else (0, 0, 200)
    )
    image = painted({LEFT: COLOURS[ink], RIGHT: other}, ground)
    name = ink if told == "name" else "#" + bytes(COLOURS[ink]).hex()
    found = one_ink(image, name, "x.png")
    wanted = 255 * (1 - mask(LEFT, 4))
    assert np.abs(found - wanted).mean() < 2
    assert found[:, 52:].min() > 200


@pytest.mark.parametrize("ground", [WHITE, (240, 230, 200), (180, 200, 220), (30, 30, 40)])
def test_whatever_the_ground_is(ground: tuple[int, int, int]) -> None:
    """It is the colour that most pixels have."""
    image = painted({LEFT: (220, 20, 20), RIGHT: (20, 160, 60)}, ground)
    assert np.abs(ground_of(image) - ground).max() < 3
    found = one_ink(image, "red", "x.png")
    assert np.abs(found - 255 * (1 - mask(LEFT, 4))).mean() < 3


def test_an_image_without_the_ink_is_refused() -> None:
    """It names the image and the ink: nothing could be read there."""
    image = painted({LEFT: COLOURS["blue"]})
    for ink in ("red", "#00cc00", "black"):
        with pytest.raises(ImageError, match=rf"x\.png: shows nothing in the ink {ink}"):
            one_ink(image, ink, "x.png")


def test_an_ink_may_cover_most_of_an_image() -> None:
    """It is not taken for the ground then."""
    image = np.full((20, 40, 3), 255, np.uint8)
    image[2:18, 2:30] = (204, 0, 0)
    found = one_ink(image, "red", "x.png")
    assert np.array_equal(found == 0, image[:, :, 1] == 0)
    assert np.array_equal(found == 255, image[:, :, 1] == 255)

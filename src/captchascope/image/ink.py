"""One ink of several: what is written in other colours is blanked."""

from __future__ import annotations

from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.image.preprocessing import INKS
from captchascope.records import GrayImage, RgbImage

_Floats: TypeAlias = NDArray[np.float32]

_BINS = 16  # of a channel, in which the ground's colour is looked for
_GROUND = 0.25  # of an image is ground, at least
_APART = 48.0  # levels that ink is from the ground at least
_COLOURED = 0.35  # of its largest channel that the others are apart in a colour, at least
_PALE = 40  # levels that they are apart at least
_NEAR = 90.0  # levels to either side of a colour that is told in figures
_FEWEST = 6  # pixels of an ink: less is a speck
_STRONG = 0.5  # of the way to the farthest pixels of an ink are those that tell its colour
_SAME, _OTHER = 10.0, 22.0  # degrees between directions from the ground: of one ink, of another
_PART = 0.2  # as many pixels as an ink has another, at least, that is written with as well
_DEEPER = 1.5  # times as far from the ground as an ink is another

_GRAYS = {"black": (0, 110), "gray": (70, 200), "white": (190, 255)}
"""Of each name that is no colour the lightest channel, from and to."""

_HUES = {
    "red": (355, 22, 255),
    "orange": (28, 15, 255),
    "yellow": (55, 15, 255),
    "brown": (25, 20, 180),
    "green": (120, 50, 255),
    "cyan": (183, 18, 255),
    "blue": (228, 32, 255),
    "purple": (282, 26, 255),
    "pink": (325, 25, 255),
}
"""Of each other name the hue and how far it goes to either side, in degrees; and how light."""


def ground_of(image: RgbImage) -> _Floats:
    """Return the colour that most pixels have, shape (3,)."""
    pixels = image.reshape(-1, 3)
    coarse = (pixels // (256 // _BINS)).astype(np.int32)
    place = (coarse[:, 0] * _BINS + coarse[:, 1]) * _BINS + coarse[:, 2]
    most = np.bincount(place, minlength=_BINS**3).argmax()
    return np.asarray(pixels[place == most].mean(axis=0), np.float32)


def one_ink(image: RgbImage, ink: str, where: str) -> GrayImage:
    """Return what is written in one ink, black on white.

    A pixel at the edge of a stroke is a mixture of the ground and the ink: it becomes as dark as
    its share of the ink is.

    Args:
        image: Shape (H, W, 3).
        ink: A name or ``#rrggbb``, as ``Preprocessing`` has it.
        where: What an error names.

    Returns:
        Shape (H, W).

    Raises:
        ImageError: If nothing is written in it.
    """
    alike = _near(image, ink) if ink.startswith("#") else _named(image, ink)
    ground = ground_of(image)
    apart = image.astype(np.float32) - ground
    if (alike & (np.abs(apart).max(axis=2) < 256 / _BINS)).any() and (~alike).mean() >= _GROUND:
        apart = image - ground_of(image[~alike])  # the ink covers more than the ground does
    far = np.sqrt((apart**2).sum(axis=2))
    alike &= far >= _APART
    if alike.sum() < _FEWEST:
        what = f"shows nothing in the ink {ink}"
        raise ImageError(where, what, "tell another colour, or 'all' for all of them")
    strong = alike & (far >= _STRONG * np.quantile(far[alike], 0.95))
    own = np.median(apart[strong], axis=0)
    length = float(np.sqrt((own**2).sum()))
    along = apart @ (own / length)
    angle = np.degrees(np.arccos(np.clip(along / np.maximum(far, 1e-6), -1, 1)))
    same, other = _limits(angle[far >= _STRONG * length], int(strong.sum()))
    share = np.clip(along / length, 0, 1) * np.clip((other - angle) / (other - same), 0, 1)
    deeper = (far > _DEEPER * length).astype(np.uint8)
    share[cv2.dilate(deeper, np.ones((3, 3), np.uint8)) > 0] = 0
    return cast("GrayImage", 255 - np.rint(255 * share).astype(np.uint8))


def _limits(angles: _Floats, own: int) -> tuple[float, float]:
    """Return up to which angle all of a pixel is of the ink, and from which on nothing is.

    Where another ink is near, that is as far as the middle between both.

    Args:
        angles: From the ink, of all pixels that are clearly written, in degrees.
        own: How many of them tell the ink's colour.
    """
    beside = angles[(angles > _SAME) & (angles < 2 * _OTHER)]
    if len(beside) < _PART * own:
        return _SAME, _OTHER
    middle = float(np.median(beside)) / 2
    return min(_SAME, 0.7 * middle), min(_OTHER, 1.3 * middle)


def ink_masks(image: RgbImage) -> dict[str, NDArray[np.bool_]]:
    """Return which pixels are clearly written in an ink, by each name that inks go by.

    Args:
        image: Shape (H, W, 3).

    Returns:
        Masks of shape (H, W). A pixel may go by two names, as between red and orange.
    """
    far = ((image - ground_of(image)) ** 2).sum(axis=2) >= _APART**2
    masks = dict.fromkeys(INKS, far)
    if far.any():
        inked = image[far][None]
        for ink in INKS:
            masks[ink] = far.copy()
            masks[ink][far] = _named(inked, ink)[0]
    return masks


def _colour(ink: str) -> NDArray[np.float32]:
    return np.array([int(ink[at : at + 2], 16) for at in (1, 3, 5)], np.float32)


def _near(image: RgbImage, ink: str) -> NDArray[np.bool_]:
    """Tell which pixels have about the colour ``#rrggbb``."""
    return np.asarray(((image - _colour(ink)) ** 2).sum(axis=2) < _NEAR**2)


def _named(image: RgbImage, ink: str) -> NDArray[np.bool_]:
    """Tell which pixels have a colour that goes by a name."""
    lightest, darkest = image.max(axis=2), image.min(axis=2)
    coloured = (lightest - darkest).astype(np.float32)
    coloured = coloured >= np.maximum(_COLOURED * lightest, _PALE)
    if ink in _GRAYS:
        low, high = _GRAYS[ink]
        return np.asarray(~coloured & (lightest >= low) & (lightest <= high))
    hues = 2.0 * cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[:, :, 0]
    middle, aside, high = _HUES[ink]
    named = np.abs((hues - middle + 180) % 360 - 180) <= aside
    return np.asarray(coloured & named & (lightest <= high))

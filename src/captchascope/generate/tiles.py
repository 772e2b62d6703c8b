"""Tiles below letters: boxes around each, discs, or grounds of their own side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from captchascope.generate.colours import draw_colour, draw_ink, fainter
from captchascope.generate.lettering import Spot
from captchascope.generate.noise import uniform
from captchascope.generate.paint import Colour
from captchascope.records import RgbImage

TILES = ("boxes", "filled", "discs", "columns")
"""Outlines in the letter's ink; grounds of their own, turned with the letter; round ones; and
grounds side by side over the picture's whole height."""

_PARTS = 4  # bits below a pixel that OpenCV's lines know


def draw_tiles(
    rng: np.random.Generator,
    image: RgbImage,
    kind: str,
    spots: Sequence[Spot],
    inks: Sequence[Colour],
    *,
    ground: Colour,
    cap: float,
    contrast: float,
    gray: bool,
) -> list[Colour]:
    """Draw a tile for each letter in place.

    Args:
        rng: The source of randomness.
        image: What lies behind.
        kind: Of ``TILES``.
        spots: The letters, in pixels.
        inks: Their colours, or one for all.
        ground: The picture's.
        cap: Height of a capital, pixels.
        contrast: By how much letters differ from their tiles.
        gray: Whether there are no hues.
    Returns:
        The letters' colours, one for each or for all: those that tiles with a ground of their own
        call for.
    """
    large = uniform(rng, 0.62, 0.8) * cap
    thickness = max(1, round(cap * uniform(rng, 0.02, 0.1)))
    bordered = kind == "boxes" or rng.random() < 0.4
    own, edges = [], _edges(spots, image.shape[1])
    for number, spot in enumerate(spots):
        ink = inks[number % len(inks)]
        back = None
        if kind != "boxes":
            strong = uniform(rng, 25, 255)
            back = fainter(draw_colour(rng, gray), ground, strong)
            ink = draw_ink(rng, [back], "any", contrast, gray)
        own.append(ink)
        if kind == "columns":
            cv2.rectangle(
                image, (edges[number], 0), (edges[number + 1], image.shape[0]), back or ground, -1
            )
            continue
        if kind == "discs":
            centre = tuple(round(side * 2**_PARTS) for side in (spot.x, spot.y))
            radius = round(large * 1.15 * 2**_PARTS)
            if back is not None:
                cv2.circle(image, centre, radius, back, -1, cv2.LINE_AA, _PARTS)
            if bordered:
                cv2.circle(image, centre, radius, ink, thickness, cv2.LINE_AA, _PARTS)
            continue
        points = [np.round(_corners(spot, large) * 2**_PARTS).astype(np.int32)]
        if back is not None:
            cv2.fillPoly(image, points, back, cv2.LINE_AA, _PARTS)
        if bordered:
            cv2.polylines(image, points, True, ink, thickness, cv2.LINE_AA, _PARTS)
    return own if len(inks) > 1 or kind != "boxes" else list(inks)


def _corners(spot: Spot, large: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the corners of a box that is turned as the letter is."""
    across = np.array([spot.matrix[0], spot.matrix[2]])
    across = across / (np.hypot(*across) or 1.0)
    down = np.array([-across[1], across[0]])
    wide = max(large, (spot.box[2] - spot.box[0]) / 2)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corners: np.ndarray[tuple[int, int], np.dtype[np.float64]] = (
        np.array([spot.x, spot.y]) + signs[:, :1] * across * wide + signs[:, 1:] * down * large
    )
    return corners


def _edges(spots: Sequence[Spot], width: int) -> list[int]:
    """Return where columns side by side begin and end."""
    inner = [round((one.box[2] + other.box[0]) / 2) for one, other in pairwise(spots)]
    return [0, *inner, width]

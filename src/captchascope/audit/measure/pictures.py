"""Images that are looked at, and pictures of them that show what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import captchascope.draw.canvas as draw
from captchascope.audit.figures import Picture
from captchascope.audit.subject import evenly
from captchascope.errors import ImageError
from captchascope.image import load_rgb
from captchascope.records import GrayImage, RgbImage

_LARGEST = 80_000
"""Characters of a picture: a larger one has a palette."""


def looked_at(paths: Sequence[Path], most: int) -> Iterator[tuple[Path, RgbImage]]:
    """Decode images, so many at most, evenly chosen; those that cannot be are left out."""
    for path in evenly(paths, most):
        try:
            yield path, load_rgb(path)
        except ImageError:
            continue


def titled(pixels: GrayImage | RgbImage, title: str, room: tuple[int, int]) -> Image.Image:
    """Draw an image of at most this height and width, enlarged if it is small, below a title."""
    height, width = pixels.shape[:2]
    image = draw.View(pixels, draw.scale_for(height, width, room)).image
    return draw.captioned(draw.shorten(title, draw.SMALL, draw.WIDTH // 3), image)


def picture_of(drawing: Image.Image, caption: str) -> Picture:
    """Return a drawing as a piece of evidence, in all its colours if it is small enough."""
    uri = draw.image_uri(np.asarray(drawing, np.uint8))
    if len(uri) > _LARGEST:
        uri = draw.drawing_uri(drawing)
    return Picture(uri.partition(",")[2], caption)

"""What a page shows of an image that was uploaded, and of the stages of reading it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from captchascope.draw import panels
from captchascope.draw.datauri import drawing_uri, image_uri
from captchascope.draw.reading import explained
from captchascope.errors import ImageError
from captchascope.image import load_gray, load_rgb
from captchascope.methods import GlyphMethod
from captchascope.web.settings import Limits

__all__ = ["Picture", "Stage", "Stages", "picture_of", "stages_of"]

_WIDEST = 680  # pixels; twice what the widest place on a page has, for fine screens


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as an address that holds it, and its size in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the glyphs way: its number, its name, what it did, and pictures of that."""

    number: str
    name: str
    caption: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """Every stage of reading one image."""

    scheme: str
    text: str | None
    confidence: float
    stages: tuple[Stage, ...]


def picture_of(image: bytes, limits: Limits) -> Picture | None:
    """Return an uploaded image as the reader sees it, made smaller where it is large.

    None where it cannot be decoded. It is encoded anew: of the upload's own bytes, none reaches
    the page.
    """
    try:
        pixels = load_rgb(image, max_bytes=limits.body, max_pixels=limits.pixels)
    except ImageError:
        return None
    height, width = pixels.shape[:2]
    if (scale := _WIDEST / max(height, width)) < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(pixels.dtype)
        return Picture(image_uri(pixels), *size)
    return Picture(image_uri(pixels), width, height)


def stages_of(method: GlyphMethod, image: bytes, limits: Limits) -> Stages:
    """Return pictures of every stage of reading an uploaded image.

    Raises:
        ImageError: If it cannot be decoded.
        SegmentationError: If it cannot be cut into glyphs.
    """
    gray = load_gray(image, name="image", max_bytes=limits.body, max_pixels=limits.pixels)
    it = explained(method, gray, "image")
    stages = []
    for panel in panels(it):
        number, name = panel.title.split(" ", 1)
        pictures = [Picture(drawing_uri(one), *one.size) for one in panel.pictures]
        stages.append(Stage(number, name, panel.caption, tuple(pictures)))
    return Stages(it.scheme.name, it.text, it.confidence, tuple(stages))

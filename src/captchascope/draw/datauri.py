"""Pictures as addresses that hold the picture itself."""

from __future__ import annotations

import base64
from io import BytesIO

import cv2
from PIL import Image

from captchascope.records import GrayImage, RgbImage

__all__ = ["drawing_uri", "image_uri", "png"]

_START = "data:image/png;base64,"


def png(pixels: GrayImage | RgbImage) -> bytes:
    """Return an image, shape (H, W) or (H, W, 3), as the bytes of a PNG."""
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr)[1].tobytes()


def image_uri(pixels: GrayImage | RgbImage) -> str:
    """Return an image, shape (H, W) or (H, W, 3), as it is."""
    return _START + base64.b64encode(png(pixels)).decode()


def drawing_uri(drawing: Image.Image) -> str:
    """Return an RGB drawing with a palette: a third of the bytes, and off by a level at most."""
    file = BytesIO()
    small = drawing.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(file, "PNG", compress_level=6)
    return _START + base64.b64encode(file.getvalue()).decode()

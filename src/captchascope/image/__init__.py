"""Encoded images to arrays: the only decoder, and the header walk before it.

Example:
    >>> from captchascope.image import load_rgb
    >>> load_rgb("captcha.jpeg").shape
    (50, 150, 3)
"""

from captchascope.image.decode import (
    MAX_PIXELS,
    Channels,
    ImageSource,
    load_gray,
    load_image,
    load_rgb,
)
from captchascope.image.frames import MAX_BYTES
from captchascope.image.preprocessing import Preprocessing

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "Channels",
    "ImageSource",
    "Preprocessing",
    "load_gray",
    "load_image",
    "load_rgb",
]

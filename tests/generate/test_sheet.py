"""One drawn captcha as a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captchascope.generate import Drawn, draw_captcha
from captchascope.image import load_gray, load_rgb


def test_the_file_is_a_gray_jpeg_of_its_quality() -> None:
    """It decodes to nearly the same image, and a lower quality takes fewer bytes."""
    drawn = replace(draw_captcha("metu", 990007, 1), quality=95)
    data = drawn.jpeg()
    assert data.startswith(b"\xff\xd8\xff")
    gray = load_gray(data)
    assert gray.shape == drawn.image.shape
    assert np.abs(gray.astype(int) - drawn.image).mean() < 5
    assert len(replace(drawn, quality=50).jpeg()) < len(data)


def test_a_coloured_image_keeps_its_colours() -> None:
    """Red, green and blue, in this order."""
    image = np.zeros((16, 48, 3), np.uint8)
    image[:, :16, 0] = image[:, 16:32, 1] = image[:, 32:, 2] = 255
    rgb = load_rgb(Drawn(image, "x", {}, 100).jpeg()).astype(int)
    assert np.abs(rgb[:, [6, 24, 42]] - image[:, [6, 24, 42]]).max() < 30

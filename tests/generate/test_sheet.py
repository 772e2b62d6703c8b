"""One drawn captcha as a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captchascope.generate import draw
from captchascope.image import load_gray


def test_the_file_is_a_gray_jpeg_of_its_quality() -> None:
    """It decodes to nearly the same image, and a lower quality takes fewer bytes."""
    drawn = replace(draw("metu", 990007, 1), quality=95)
    data = drawn.jpeg()
    assert data.startswith(b"\xff\xd8\xff")
    gray = load_gray(data)
    assert gray.shape == drawn.image.shape
    assert np.abs(gray.astype(int) - drawn.image).mean() < 5
    assert len(replace(drawn, quality=50).jpeg()) < len(data)

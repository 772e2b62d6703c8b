"""Stage 1: tell the kinds of image apart by how much pure black they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from captchascope.glyphs.scheme import Kind
from captchascope.records import GrayImage

__all__ = ["count_black", "histogram", "kind_of"]


def histogram(gray: GrayImage) -> NDArray[np.int64]:
    """Return how many pixels there are of each gray value, shape (256,)."""
    return np.bincount(gray.ravel(), minlength=256)


def count_black(gray: GrayImage) -> int:
    """Return the number of pixels that are exactly 0."""
    return gray.size - int(np.count_nonzero(gray))


def kind_of(gray: GrayImage, kinds: Sequence[Kind]) -> int:
    """Return the 1-based number of the first kind whose bound the image passes, in black pixels.

    Args:
        gray: Shape (H, W).
        kinds: The kinds of a scheme, of which the last takes every image.
    """
    black = count_black(gray)
    return next(i for i, kind in enumerate(kinds, 1) if black > kind.more_black_than)

"""A style with nothing in it but the text, and images drawn in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from captchascope.generate.style import Style, restyled
from captchascope.generate.styled import draw_image
from captchascope.records import RgbImage

BARE = Style(fonts=("sans-05",), size=(60, 220), height=(0.5, 0.5), contrast=1.0, gap=0.3)
TEXT = "HAM47"


def drawn(seed: int = 0, text: str = TEXT, **knobs: object) -> RgbImage:
    """Draw a text in the bare style with some knobs turned."""
    return draw_image(np.random.default_rng(seed), restyled(BARE, knobs), text)


def without_clutter(style: Style) -> Style:
    """Return a style of which only the text is left, on a ground of one colour."""
    return replace(
        style, backdrop="plain", lines=0, arcs=0, dots=0, speckle=0.0, grain=0.0, blur=0.0
    )


def differing(image: RgbImage) -> NDArray[np.int32]:
    """Return how far each pixel is from the one in the corner, shape (H, W)."""
    far: NDArray[np.int32] = np.abs(image.astype(np.int32) - image[0, 0]).max(axis=2)
    return far


def border(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the outermost pixels."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])

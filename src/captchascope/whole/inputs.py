"""What a whole-image network is given: the same function prepares it in training and in reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np

from captchascope.pixels import Channels
from captchascope.records import FloatArray, GrayImage, RgbImage

__all__ = ["NORMALISATION", "WholeSpec", "fitted_width", "normalise", "prepare"]

NORMALISATION = "divide by 255"

_STEP = 8  # widths that follow the image are multiples of it, so that few differ in a batch
_HEIGHTS, _WIDTHS = (8, 512), (8, 4096)


@dataclass(frozen=True, slots=True)
class WholeSpec:
    """What the network looks at, as the model file's metadata has it.

    Attributes:
        kind: Always ``whole``.
        height: In pixels.
        width: In pixels; None where it follows from the image's shape, see ``fitted_width``.
        min_width: The least of a width that follows.
        max_width: The greatest.
        channels: 1 for gray, 3 for RGB.

    Raises:
        ValueError: If a size is not within its bounds.
    """

    kind: Literal["whole"]
    height: int
    width: int | None
    min_width: int
    max_width: int
    channels: Channels

    def __post_init__(self) -> None:
        if not _HEIGHTS[0] <= self.height <= _HEIGHTS[1]:
            raise ValueError(f"height must be {_HEIGHTS[0]} to {_HEIGHTS[1]}, not {self.height}")
        if not _WIDTHS[0] <= self.min_width <= self.max_width <= _WIDTHS[1]:
            given = f"{self.min_width} to {self.max_width}"
            raise ValueError(f"widths must be within {_WIDTHS[0]} to {_WIDTHS[1]}, not {given}")
        if self.width is not None and not _WIDTHS[0] <= self.width <= _WIDTHS[1]:
            raise ValueError(f"width must be {_WIDTHS[0]} to {_WIDTHS[1]}, not {self.width}")


def fitted_width(height: int, width: int, spec: WholeSpec) -> int:
    """Return the width at which the network sees an image of this size.

    Where the spec has none, the image keeps its shape but for the rounding to a multiple of eight
    and the bounds: nothing is ever padded, so that a text never depends on its neighbours.
    """
    if spec.width is not None:
        return spec.width
    free = round(width * spec.height / height / _STEP) * _STEP
    return min(max(free, spec.min_width), spec.max_width)


def prepare(image: GrayImage | RgbImage, spec: WholeSpec) -> GrayImage | RgbImage:
    """Return the image at the network's size, shape (height, w) or (height, w, 3).

    Args:
        image: Shape (H, W) where ``spec.channels`` is 1, (H, W, 3) where it is 3.
        spec: What the network looks at.

    Returns:
        ``image`` itself where its size already fits.
    """
    height, width = image.shape[:2]
    size = (fitted_width(height, width, spec), spec.height)
    if size == (width, height):
        return image
    shrinks = size[0] * size[1] < width * height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast("GrayImage | RgbImage", cv2.resize(image, size, interpolation=way))


def normalise(prepared: Sequence[GrayImage | RgbImage]) -> FloatArray:
    """Return the network's batch, shape (B, channels, height, width), 0 to 1.

    Args:
        prepared: At least one image; all of one shape, (height, width) or (height, width, 3).
    """
    shape = prepared[0].shape
    batch = np.empty((len(prepared), *shape[2:], *shape[:2]), np.float32)
    for place, image in zip(batch, prepared, strict=True):
        place[...] = image if image.ndim == 2 else image.transpose(2, 0, 1)
    batch *= np.float32(1 / 255)
    return batch if batch.ndim == 4 else batch[:, None]

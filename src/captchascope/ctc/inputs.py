"""Inputs of a CTC network: the same function prepares them in training and in reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np

from captchascope.image import Channels
from captchascope.records import FloatArray, GrayImage, RgbImage

NORMALISATION = "divide by 255"

_STEP = 8  # widths that follow the image are multiples of it, so that few differ in a batch
_HEIGHTS, _WIDTHS = (8, 512), (8, 4096)


@dataclass(frozen=True, slots=True)
class CtcSpec:
    """The input of a CTC network, as the model file's metadata has it.

    Attributes:
        kind: Always ``whole``.
        height: In pixels.
        width: In pixels; None where it follows from the image's shape, see ``fitted_width``.
        min_width: The least of a width that follows.
        max_width: The greatest.
        channels: 1 for gray, 3 for RGB.
        left: The first column, of an image of ``width``, that the network looks at.
        right: The one after the last; None for the image's end.
        trimmed: Whether a plain margin around the text is left out first, so that the network sees
            the text at its own scale and not at that of its frame.

    Raises:
        ValueError: If a size is not within its bounds.
    """

    kind: Literal["whole"]
    height: int
    width: int | None
    min_width: int
    max_width: int
    channels: Channels
    left: int = 0
    right: int | None = None
    trimmed: bool = False

    def __post_init__(self) -> None:
        if not _HEIGHTS[0] <= self.height <= _HEIGHTS[1]:
            raise ValueError(f"height must be {_HEIGHTS[0]} to {_HEIGHTS[1]}, not {self.height}")
        if not _WIDTHS[0] <= self.min_width <= self.max_width <= _WIDTHS[1]:
            given = f"{self.min_width} to {self.max_width}"
            raise ValueError(f"widths must be within {_WIDTHS[0]} to {_WIDTHS[1]}, not {given}")
        if self.width is not None and not _WIDTHS[0] <= self.width <= _WIDTHS[1]:
            raise ValueError(f"width must be {_WIDTHS[0]} to {_WIDTHS[1]}, not {self.width}")
        if self.trimmed and self.width is not None:
            raise ValueError("trimmed images need a width that follows")
        if (self.left, self.right) != (0, None):
            end = self.end
            if self.width is None or end is None:
                raise ValueError("left and right need a width")
            if not 0 <= self.left <= end - _WIDTHS[0] <= self.width - _WIDTHS[0]:
                raise ValueError(f"left and right, {self.left} and {end}, are no part of the width")

    @property
    def end(self) -> int | None:
        """The column after the last that is looked at; None where that is the image's end."""
        return self.width if self.right is None else self.right

    @property
    def span(self) -> tuple[float, float]:
        """Where what the network looks at begins and ends, as shares of the image's width."""
        if self.width is None or self.end is None:
            return 0.0, 1.0
        return self.left / self.width, self.end / self.width


def fitted_width(height: int, width: int, spec: CtcSpec) -> int:
    """Return the width at which the network sees an image of this size.

    Where the spec has none, the image keeps its shape but for the rounding to a multiple of eight
    and the bounds: nothing is ever padded, so that a text never depends on its neighbours.
    """
    if spec.width is not None:
        return spec.width
    free = round(width * spec.height / height / _STEP) * _STEP
    return min(max(free, spec.min_width), spec.max_width)


_PLAIN = 28  # levels that a margin's pixels are apart at most, in any channel
_SHARE = 0.9  # of the outermost pixels are so, where there is a margin
_LEAST = 6  # pixels of text, either way: less is a speck
_ABOVE, _BESIDE = 0.4, 0.6  # of the text's height that stay above and below it, and beside it


def text_frame(image: GrayImage | RgbImage) -> tuple[slice, slice]:
    """Return the rows and columns of an image in which what stands on a plain ground lies.

    Only what is far outside it is left out. Where the ground is not plain, or something on it
    reaches the edges, nothing is.
    """
    height, width = image.shape[:2]
    everything = slice(0, height), slice(0, width)
    image = image.reshape(height, width, -1)
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    ground = np.median(edge, axis=0)
    low, high = np.maximum(ground - _PLAIN, 0), np.minimum(ground + _PLAIN, 255)
    if ((edge >= low) & (edge <= high)).all(axis=1).mean() < _SHARE:
        return everything
    x, y, wide, tall = cv2.boundingRect(cv2.bitwise_not(cv2.inRange(image, low, high)))
    if min(wide, tall) < _LEAST:
        return everything
    above, beside = max(2, round(_ABOVE * tall)), max(2, round(_BESIDE * tall))
    return (
        slice(max(0, y - above), min(height, y + tall + above)),
        slice(max(0, x - beside), min(width, x + wide + beside)),
    )


def prepare(image: GrayImage | RgbImage, spec: CtcSpec) -> GrayImage | RgbImage:
    """Return what the network looks at, shape (height, w) or (height, w, 3).

    Args:
        image: Shape (H, W) where ``spec.channels`` is 1, (H, W, 3) where it is 3.
        spec: What the network looks at.

    Returns:
        ``image`` itself, or a view of it, where its size already fits.
    """
    return resized(image[text_frame(image)] if spec.trimmed else image, spec)


def resized(image: GrayImage | RgbImage, spec: CtcSpec) -> GrayImage | RgbImage:
    """Do what ``prepare`` does to an image that is trimmed already."""
    height, width = image.shape[:2]
    size = (fitted_width(height, width, spec), spec.height)
    if size != (width, height):
        shrinks = size[0] * size[1] < width * height
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        image = cast("GrayImage | RgbImage", cv2.resize(image, size, interpolation=way))
    if (spec.left, spec.right) == (0, None):
        return image
    return image[:, spec.left : spec.right]


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

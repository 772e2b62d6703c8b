"""Stages 1 to 4: the kind of an image, denoising, binarization, and connected components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.glyphs.scheme import Components, Kind
from captchascope.records import GrayImage


def histogram(gray: GrayImage) -> NDArray[np.int64]:
    """Return how many pixels there are of each gray value, shape (256,)."""
    return np.bincount(gray.ravel(), minlength=256)


def count_black(gray: GrayImage) -> int:
    """Return the number of pixels that are exactly 0."""
    return gray.size - int(np.count_nonzero(gray))


def kind_of(gray: GrayImage, kinds: Sequence[Kind]) -> int:
    """Return the 1-based number of the first kind whose bound the image passes, in black pixels.

    The last kind of a scheme takes every image.
    """
    black = count_black(gray)
    return next(i for i, kind in enumerate(kinds, 1) if black > kind.more_black_than)


_THRESHOLD_OF_INK = {"dark": cv2.THRESH_BINARY_INV, "light": cv2.THRESH_BINARY}


@dataclass(frozen=True, slots=True, eq=False)
class ComponentMap:
    """The connected components of a binary image.

    Attributes:
        labels: Shape (H, W); 0 is the ground, component i has the number i + 1.
        boxes: Shape (N, 4): left, top, right and bottom edge; right and bottom are one past.
        areas: Shape (N,), in pixels.
        kept: Shape (N,): whether the component is large enough to be ink.
    """

    labels: NDArray[np.integer]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int32]
    kept: NDArray[np.bool_]


def blur(gray: GrayImage, kind: Kind) -> GrayImage:
    """Stage 2: return ``gray``, shape (H, W), blurred as ``kind`` asks."""
    if kind.blur == "median":
        return np.asarray(cv2.medianBlur(gray, kind.blur_size), np.uint8)
    if kind.blur == "gaussian":
        return np.asarray(cv2.GaussianBlur(gray, (kind.blur_size, kind.blur_size), 0), np.uint8)
    return gray


def binarize(gray: GrayImage, threshold: int, ink: str = "dark") -> GrayImage:
    """Stage 3: return 255 where there is ink and 0 elsewhere, shape (H, W).

    Dark ink is at most the threshold, light ink above it; ``ink`` says which.
    """
    return np.asarray(cv2.threshold(gray, threshold, 255, _THRESHOLD_OF_INK[ink])[1], np.uint8)


def find_components(binary: GrayImage, rule: Components) -> ComponentMap:
    """Stage 4, first half: number the components of ``binary``, and tell which are kept."""
    # 16-bit labels take half the time; a component and the gap after it fill two pixels at least.
    depth = cv2.CV_16U if binary.size < 2 * 0xFFFF else cv2.CV_32S
    _, labels, measured, _ = cv2.connectedComponentsWithStats(
        binary, connectivity=rule.connectivity, ltype=depth
    )
    stats: NDArray[np.int32] = np.asarray(measured, np.int32)[1:]
    boxes = stats[:, :4].copy()
    boxes[:, 2:] += boxes[:, :2]
    areas = stats[:, cv2.CC_STAT_AREA]
    return ComponentMap(np.asarray(labels), boxes, areas, areas >= rule.min_area)


def clean(found: ComponentMap) -> GrayImage:
    """Stage 4, second half: return the kept components as 255 on 0, shape (H, W)."""
    shades = np.zeros(len(found.kept) + 1, np.uint8)
    shades[1:][found.kept] = 255
    return shades.take(found.labels)

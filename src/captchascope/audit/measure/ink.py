"""Text and ground of any captcha: what is written, on what, and in which colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.records import FloatArray, RgbImage

_TALLEST = 200  # pixels: taller images are measured reduced
_LARGEST = 800 * _TALLEST  # pixels in all, likewise
_WINDOW = 1.5  # of the height is the window whose median is the ground: wider than any stroke
_APART = 12  # levels that ink is from the ground at least
_RIM = 0.1  # of the shorter side is a frame at most, two pixels at least
_UNLIKE = 40  # levels that a frame is from what lies inside at least, ...
_FRAMED = 0.9  # ... in as much of a row or column
_SPECK = 1 / 150  # of the height squared is the area of what is noise, at most
_SURE = 0.8  # of the nearest pixels' distance from the ground has the inside of a stroke


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """What is written in an image, as far as it can be told.

    Attributes:
        image: The image, shape (H, W, 3), reduced where it is huge.
        ground: What lies behind, likewise.
        apart: How far each pixel is from its ground, 0 to 255, shape (H, W).
        mask: Pixels that are written, shape (H, W); specks are not.
        inside: Of these, those of full ink, which no ground shines through.
        scale: How much the image was reduced, 1 or less.
        size: The height and width that it had.
    """

    image: RgbImage
    ground: RgbImage
    apart: FloatArray
    mask: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    scale: float
    size: tuple[int, int]


def ink_of(rgb: RgbImage) -> Ink:
    """Tell what is written in an image, shape (H, W, 3).

    The ground is what most pixels around have; where Otsu's threshold (1979) divides the distances
    from it, ink begins.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _TALLEST / height, (_LARGEST / (height * width)) ** 0.5)
    if scale < 1:
        less = max(1, round(width * scale)), max(1, round(height * scale))
        rgb = np.asarray(cv2.resize(rgb, less, interpolation=cv2.INTER_AREA), np.uint8)
    window = max(3, int(len(rgb) * _WINDOW) // 2 * 2 + 1)
    plain = _unframed(rgb)
    ground = np.asarray(cv2.medianBlur(plain, min(window, 255)), np.uint8)
    apart = np.abs(plain.astype(np.float32) - ground).max(axis=2)
    apart[(plain != rgb).any(axis=2)] = 0
    level, _ = cv2.threshold(apart.astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = _without_specks(apart > max(level, _APART), len(rgb))
    nearby = cv2.dilate(np.where(mask, apart, 0), np.ones((3, 3), np.uint8))
    inside = mask & (apart >= _SURE * nearby)
    return Ink(rgb, ground, apart, mask, inside, scale, (height, width))


def _unframed(rgb: RgbImage) -> RgbImage:
    """Return an image whose frame has the colours just inside of it: it is neither ink nor ground.

    A row or column along an edge is part of one if it is unlike what lies a little further in.
    """
    plain = rgb.copy()
    for turns in range(4):
        side = np.rot90(plain, turns)  # a view: what is changed there, is in the image
        inner = max(2, round(_RIM * min(rgb.shape[:2])))
        if len(side) <= 2 * inner:
            continue
        unlike = np.abs(side[:inner].astype(np.int16) - side[inner]).max(axis=2) > _UNLIKE
        framed = np.flatnonzero(unlike.mean(axis=1) >= _FRAMED)
        if len(framed):
            side[: framed[-1] + 1] = side[framed[-1] + 1]
    return plain


def _without_specks(mask: NDArray[np.bool_], height: int) -> NDArray[np.bool_]:
    whole = mask.astype(np.uint8)
    count, names, facts, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] > _SPECK * height**2
    large[0] = False
    kept = large[names] if count > 1 and large.any() else mask
    return np.asarray(kept, np.bool_)

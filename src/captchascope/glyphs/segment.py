"""Stages 5 and 6: cut the text out of the image, and the glyphs out of the text."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from captchascope.errors import SegmentationError
from captchascope.glyphs.denoise import ComponentMap
from captchascope.glyphs.scheme import Clip, GlyphSize, Split
from captchascope.records import GrayImage

__all__ = ["Box", "clip_box", "crop", "cut_columns", "fit", "split"]

Box = tuple[int, int, int, int]
"""Left, top, right and bottom edge in pixels; right and bottom are one past the last."""


def clip_box(found: ComponentMap, rule: Clip) -> Box:
    """Stage 5: return where the text is, from the components that were kept.

    Raises:
        SegmentationError: If nothing was kept between the left edge and the right limit.
    """
    right = found.boxes[:, 2]
    inside = found.boxes[found.kept & (right > rule.left) & (right < rule.right_limit)]
    if not len(inside):
        what = (
            "no ink"
            if not found.kept.any()
            else f"no component ends left of column {rule.right_limit}"
        )
        raise SegmentationError("image", what, "is it a captcha of this scheme?")
    top, bottom = inside[:, 1].min(), inside[:, 3].max()
    return rule.left, int(top), int(inside[:, 2].max()), int(bottom)


def crop(binary: GrayImage, box: Box) -> GrayImage:
    """Return the part of ``binary`` inside ``box``, shape (bottom - top, right - left)."""
    left, top, right, bottom = box
    return binary[top:bottom, left:right]


@lru_cache(maxsize=256)
def cut_columns(width: int, rule: Split) -> tuple[int, ...]:
    """Stage 6: return the count + 1 columns at which to cut, both ends included.

    Raises:
        SegmentationError: If a glyph would have no column.
    """
    edges = [0, width]
    for parts in rule.parts:
        steps = [(a, b - a, i) for a, b in pairwise(edges) for i in range(parts)]
        edges = [start + length * i // parts for start, length, i in steps] + [width]
    if min(b - a for a, b in pairwise(edges)) < 1:
        what = f"{width} columns of ink, too few for {rule.count} glyphs"
        raise SegmentationError("image", what, "is it a captcha of this scheme?")
    return tuple(edges)


def split(binary: GrayImage, columns: tuple[int, ...]) -> list[GrayImage]:
    """Return the strips of ``binary`` between consecutive columns, left to right."""
    return [binary[:, a:b] for a, b in pairwise(columns)]


def fit(glyphs: list[GrayImage], size: GlyphSize) -> GrayImage:
    """Resize the glyphs to one size; shape (N, size.height, size.width)."""
    result = np.empty((len(glyphs), size.height, size.width), np.uint8)
    for glyph, place in zip(glyphs, result, strict=True):
        cv2.resize(glyph, (size.width, size.height), dst=place)
    return result

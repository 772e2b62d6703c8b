"""Stages 5 to 7, and the chain of all: where the text is, its cuts, and the glyphs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import SegmentationError
from captchascope.glyphs.preprocess import (
    ComponentMap,
    binarize,
    blur,
    clean,
    find_components,
    kind_of,
)
from captchascope.glyphs.scheme import Clip, GlyphSize, Repair, Scheme, Split
from captchascope.records import GrayImage

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
        what = f"no component ends left of column {rule.right_limit}"
        if not found.kept.any():
            what = "no ink"
        raise SegmentationError("image", what, "is it a captcha of this scheme?")
    top, bottom = inside[:, 1].min(), inside[:, 3].max()
    return rule.left, int(top), int(inside[:, 2].max()), int(bottom)


def cropped(binary: GrayImage, box: Box) -> GrayImage:
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


def resized(glyphs: list[GrayImage], size: GlyphSize) -> GrayImage:
    """Resize the glyphs to one size; shape (N, size.height, size.width)."""
    result = np.empty((len(glyphs), size.height, size.width), np.uint8)
    for glyph, place in zip(glyphs, result, strict=True):
        cv2.resize(glyph, (size.width, size.height), dst=place)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """A part that went from one glyph back to the one before.

    Attributes:
        glyph: 0-based number of the glyph that lost the part.
        part: Where the part was in that glyph, shape (H, W).
        width: How many columns of that glyph the part reaches over.
    """

    glyph: int
    part: NDArray[np.bool_]
    width: int


def find_part(glyph: GrayImage, rule: Repair) -> NDArray[np.bool_] | None:
    """Return the part of ``glyph`` that belongs to the glyph before it, or None; all are (H, W).

    Where the closed glyph falls into several components, it is the one (or those) at the left
    border that is narrower than the rule's share of the glyph.
    """
    if not glyph[:, 0].any():  # what only the closing brings to the border is no part
        return None
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (rule.close_size, rule.close_size))
    closed = cv2.morphologyEx(glyph, cv2.MORPH_CLOSE, cross)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count <= 2:
        return None
    narrow = stats[:, cv2.CC_STAT_WIDTH] < rule.narrower_than * glyph.shape[1]
    belongs = (stats[:, cv2.CC_STAT_LEFT] == 0) & narrow
    belongs[0] = False  # the ground
    part = belongs[labels] & (glyph > 0)
    return part if part.any() else None  # a wide cross may fill where no ink is near


def give_back(
    before: GrayImage, glyph: GrayImage, part: NDArray[np.bool_]
) -> tuple[GrayImage, GrayImage]:
    """Return both glyphs with ``part`` moved: the first one shifts left to make room for it."""
    width = _reach(part)
    moved = np.where(part, glyph, 0)[:, :width].astype(np.uint8)
    keep = max(before.shape[1] - width, 0)
    grown = np.hstack([before[:, before.shape[1] - keep :], moved])
    return grown, np.where(part, 0, glyph).astype(np.uint8)


def _reach(part: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(part.any(axis=0))[-1]) + 1


def repair(glyphs: list[GrayImage], rule: Repair) -> tuple[list[GrayImage], tuple[Move, ...]]:
    """Return the repaired glyphs, left to right, and what was moved; the first glyph stays.

    The glyphs, each of shape (H, W), are not changed; where the rule is not enabled, they come
    back as they are.
    """
    repaired = list(glyphs)
    moves = []
    for i in range(1, len(repaired) if rule.enabled else 0):
        part = find_part(repaired[i], rule)
        if part is not None:
            repaired[i - 1], repaired[i] = give_back(repaired[i - 1], repaired[i], part)
            moves.append(Move(i, part, _reach(part)))
    return repaired, tuple(moves)


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A located text: what stages 1 to 6 made of one image.

    Attributes:
        gray: The image, shape (H, W).
        kind: The 1-based number of its kind.
        denoised: After the blur, shape (H, W).
        binary: Ink 255, ground 0, shape (H, W).
        components: Its connected components.
        cleaned: The components that were kept, shape (H, W).
        box: Where the text is.
        columns: The N + 1 cuts, counted from the left of the box.
    """

    gray: GrayImage
    kind: int
    denoised: GrayImage
    binary: GrayImage
    components: ComponentMap
    cleaned: GrayImage
    box: Box
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """The glyphs of a text: what stage 7 made of a located one.

    Attributes:
        cuts: The glyphs as cut, each of shape (bottom - top, its width).
        repaired: The same after the repair.
        moves: What the repair moved.
        fitted: The repaired glyphs in one size, shape (N, 24, 14) in the METU scheme.
    """

    cuts: list[GrayImage]
    repaired: list[GrayImage]
    moves: tuple[Move, ...]
    fitted: GrayImage


def locate(gray: GrayImage, scheme: Scheme) -> Located:
    """Find the text in ``gray``, shape (H, W), and where to cut it.

    Raises:
        SegmentationError: If the image is smaller than the scheme's, or holds no text.
    """
    height, width = gray.shape
    if height < scheme.height or width < scheme.width:
        what = f"{width}x{height} pixels are too few for the scheme {scheme.name}"
        remedy = f"it needs {scheme.width}x{scheme.height}: take whole captchas, or another scheme"
        raise SegmentationError("image", what, remedy)
    number = kind_of(gray, scheme.kinds)
    kind = scheme.kinds[number - 1]
    denoised = blur(gray, kind)
    binary = binarize(denoised, kind.threshold, scheme.ink)
    components = find_components(binary, scheme.components)
    box = clip_box(components, scheme.clip)
    columns = cut_columns(box[2] - box[0], scheme.split)
    return Located(gray, number, denoised, binary, components, clean(components), box, columns)


def cut_glyphs(located: Located, scheme: Scheme) -> Glyphs:
    """Cut the located text into glyphs, repair them, and bring them to one size."""
    binary = located.cleaned if scheme.clip.crop == "cleaned" else located.binary
    cuts = split(cropped(binary, located.box), located.columns)
    repaired, moves = repair(cuts, scheme.repair)
    return Glyphs(cuts, repaired, moves, resized(repaired, scheme.glyph))

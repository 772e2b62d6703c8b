"""Stage 7: give a part that a bad cut took from a glyph back to it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.glyphs.scheme import Repair
from captchascope.records import GrayImage

__all__ = ["Move", "find_part", "give_back", "repair"]


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
    """Return the part of ``glyph`` that belongs to the glyph before it, or None.

    Where the closed glyph falls into several components, it is the one (or those) at the left
    border that is narrower than the rule's share of the glyph.

    Args:
        glyph: Shape (H, W), ink 255.
        rule: The figures.
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

    Args:
        glyphs: Each of shape (H, W), ink 255; they are not changed.
        rule: The figures; where it is not enabled, the glyphs come back as they are.
    """
    repaired = list(glyphs)
    moves = []
    for i in range(1, len(repaired) if rule.enabled else 0):
        part = find_part(repaired[i], rule)
        if part is not None:
            repaired[i - 1], repaired[i] = give_back(repaired[i - 1], repaired[i], part)
            moves.append(Move(i, part, _reach(part)))
    return repaired, tuple(moves)

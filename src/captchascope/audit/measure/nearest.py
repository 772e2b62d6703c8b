"""Nearest neighbours among cut glyphs: what a glyph's character is, by those that are most alike.

Cover and Hart (1967), "Nearest neighbor pattern classification", IEEE Trans. Inf. Theory 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.records import FloatArray, GrayImage

_SIDE, _MARGIN = 20, 2  # pixels of what is compared, and of the ground around the glyph in it
_NEIGHBOURS = 3
_SHARP = 8  # the power of the likeness by which a neighbour counts


@dataclass(frozen=True, slots=True, eq=False)
class Glyphbook:
    """Glyphs whose characters are known.

    Attributes:
        features: As ``features_of`` returns them, shape (N, D).
        characters: What each is, shape (N,).
        images: The number of the image that each is of, shape (N,).
    """

    features: FloatArray
    characters: NDArray[np.str_]
    images: NDArray[np.int64]

    def read(self, features: FloatArray, images: NDArray[np.int64]) -> list[str]:
        """Return the character of each glyph, as the glyphs of other images tell it.

        Args:
            features: Shape (M, D).
            images: The number of the image that each is of, shape (M,).
        Returns:
            M characters; "" where there is no glyph of another image.
        """
        if not len(features) or not len(self.features):
            return [""] * len(features)
        alike = features @ self.features.T
        alike[images[:, None] == self.images[None]] = -1
        count = min(_NEIGHBOURS, len(self.features))
        nearest = np.argpartition(-alike, count - 1, axis=1)[:, :count]
        return [self._vote(each, row[each]) for each, row in zip(nearest, alike, strict=True)]

    def _vote(self, places: NDArray[np.int64], likeness: FloatArray) -> str:
        votes: dict[str, float] = {}
        for place, alike in zip(places.tolist(), likeness.tolist(), strict=True):
            if alike > -1:
                char = str(self.characters[place])
                votes[char] = votes.get(char, 0.0) + max(alike, 0.0) ** _SHARP
        return max(sorted(votes), key=votes.__getitem__, default="")


def features_of(glyphs: Sequence[GrayImage]) -> FloatArray:
    """Return what is compared of glyphs: their shape, centred and of one size, as unit vectors.

    Args:
        glyphs: Ink above 0, each of its own shape (H, W).
    Returns:
        Shape (N, 400); the product of two is how alike they are, -1 to 1.
    """
    found = np.zeros((len(glyphs), _SIDE, _SIDE), np.float32)
    room = _SIDE - 2 * _MARGIN
    for glyph, place in zip(glyphs, found, strict=True):
        left, top, width, height = cv2.boundingRect(glyph)
        if not width:
            continue
        ink = (glyph[top : top + height, left : left + width] > 0).astype(np.float32)
        scale = room / max(width, height)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        fitted = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
        x, y = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
        place[y : y + size[1], x : x + size[0]] = fitted
        cv2.GaussianBlur(place, (3, 3), 0, dst=place)
    flat = found.reshape(len(glyphs), _SIDE * _SIDE)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat

"""Rows of text: found by where there is least ink, and laid side by side as one."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import ImageError
from captchascope.records import GrayImage, RgbImage

_LEAST = 4  # pixels that a row of text is high
_SMOOTHED = 40  # one such part of the height is averaged over
_OUTSIDE = 0.02  # of the ink that may lie above the text or below it
_EMPTY = 0.08  # of the way from the emptiest to the fullest line is as empty as that
_WHOLE = 0.97  # of a row's ink that must be within what is kept of it


def ink_profile(image: GrayImage | RgbImage) -> NDArray[np.float64]:
    """Return how much is written in every line of pixels, shape (H,).

    What changes from left to right is: strokes do, but neither do horizontal lines nor a ground
    that grows darker.
    """
    gray = image if image.ndim == 2 else image.max(axis=2) // 2 + image.min(axis=2) // 2
    gray = cv2.copyMakeBorder(gray, 0, 0, 0, 1, cv2.BORDER_REPLICATE)
    profile = np.asarray(cv2.absdiff(gray[:, 1:], gray[:, :-1]), np.float64).mean(axis=1)
    size = max(3, len(profile) // _SMOOTHED | 1)
    return np.convolve(np.pad(profile, size // 2, "edge"), np.full(size, 1 / size), "valid")


def written_lines(profile: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first and the last line of the text, of a profile of shape (H,)."""
    below = np.cumsum(profile - profile.min())
    if below[-1] == 0:
        return 0, len(profile) - 1
    first, last = np.searchsorted(below, [_OUTSIDE * below[-1], (1 - _OUTSIDE) * below[-1]])
    return int(first), int(last)


def row_cuts(profile: NDArray[np.float64], rows: int) -> list[int]:
    """Return where each row of text begins, and the height: between them it is emptiest.

    Where much is empty, the rows are cut as evenly as that allows.

    Args:
        profile: How much ink there is in every line, shape (H,), H of at least ``rows``.
        rows: How many there are.
    """
    height = len(profile)
    ink = profile - profile.min()
    top, bottom = written_lines(profile)
    pitch = (bottom + 1 - top) / rows
    cuts = [0]
    for number in range(1, rows):
        low = max(cuts[-1] + 1, round(top + (number - 0.5) * pitch))
        high = min(height - rows + number, max(low, round(top + (number + 0.5) * pitch)))
        first, last = _emptiest(ink[low : high + 1])
        spare = (last - first) // 4
        wanted = round(number * height / rows) - low
        cuts.append(low + min(max(wanted, first + spare), last - spare))
    return [*cuts, height]


def _emptiest(ink: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first and the last line of the widest of the emptiest stretches."""
    least = ink.min()
    empty = ink <= least + _EMPTY * (ink.max() - least)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty, [0]])))
    widths = edges[1::2] - edges[::2]
    widest = int(widths.argmax())
    return int(edges[2 * widest]), int(edges[2 * widest + 1]) - 1


def side_by_side(image: GrayImage | RgbImage, rows: int, where: str) -> GrayImage | RgbImage:
    """Return the rows of text one after the other.

    Args:
        image: Shape (H, W) or (H, W, 3).
        rows: How many there are.
        where: What an error names.

    Returns:
        ``rows`` times as wide, and as high as a row is in the mean; of images of one size, all are
        of one size.

    Raises:
        ImageError: If the image is too low for so many.
    """
    height = image.shape[0]
    if height < _LEAST * rows:
        what = f"is {height} pixels high, too few for {rows} rows of text"
        raise ImageError(where, what, "tell how many rows there are")
    profile = ink_profile(image)
    cuts = row_cuts(profile, rows)
    common = -(-height // rows)
    parts = [
        _of_height(image[top:bottom], profile[top:bottom], common) for top, bottom in pairwise(cuts)
    ]
    return cast("GrayImage | RgbImage", cv2.hconcat(parts))


def _of_height(
    part: GrayImage | RgbImage, profile: NDArray[np.float64], height: int
) -> GrayImage | RgbImage:
    """Return a row of text so high: with more of its ground, or less, or else made smaller."""
    missing = height - len(part)
    if missing >= 0:
        above = missing // 2
        padded = cv2.copyMakeBorder(part, above, missing - above, 0, 0, cv2.BORDER_REPLICATE)
        return cast("GrayImage | RgbImage", padded)
    ink = profile - profile.min()
    within = np.convolve(ink, np.ones(height), "valid")
    best = np.flatnonzero(within >= within.max() * (1 - 1e-9))
    if within.max() < _WHOLE * ink.sum():
        size = part.shape[1], height
        return cast("GrayImage | RgbImage", cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    top = int(best[len(best) // 2])
    return part[top : top + height]

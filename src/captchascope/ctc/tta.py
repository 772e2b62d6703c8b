"""Test-time augmentation: an image that is not read surely is read again, moved by rows.

A network that makes the image smaller with every stage sees other things in an image that is moved:
what it errs on is often read right by the mean of several views.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from captchascope.ctc.inputs import normalise
from captchascope.records import FloatArray, GrayImage, RgbImage

Network: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]
"""A batch (B, channels, H, W) to logits (B, T, K), and distances (B,) where it tells them."""

_MOVES = (-2, -1, 1, 2)  # rows, beside the image as it is
_AT_ONCE = 8  # images, of which each is moved so often


def augmented_logits(
    network: Network, images: Sequence[GrayImage | RgbImage], first: FloatArray
) -> FloatArray:
    """Return the mean of the logits of images as they are and as they are moved.

    Args:
        network: What gave the first logits.
        images: N, at least one, as the network saw them: each of shape (H, W) or (H, W, 3).
        first: Their logits as they are, shape (N, T, K).

    Returns:
        Shape (N, T, K). The first logits, where a mean has no highest: views may exclude what
        others do not.
    """
    moved = []
    for start in range(0, len(images), _AT_ONCE):
        batch = normalise(images[start : start + _AT_ONCE])
        rows = np.arange(batch.shape[2])
        views = [batch.take((rows + by).clip(0, rows[-1]), axis=2) for by in _MOVES]
        logits, _ = network(np.concatenate(views))
        moved.append(logits.reshape(len(_MOVES), len(batch), *logits.shape[1:]).sum(axis=0))
    mean = (first + np.concatenate(moved)) / (1 + len(_MOVES))
    lost = ~np.isfinite(mean.max(axis=2)).all(axis=1)
    mean[lost] = first[lost]
    return np.asarray(mean)

"""Cropping of margins where no text ever stands: a network's time goes with the width."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK
from captchascope.ctc.inputs import CtcSpec
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import best_path, outputs_of

_ASKED = 2000  # training images that tell where texts stand
_STEP = 4  # columns of a timestep: the network's grid must stay where it was
_MARGIN = 8  # columns: two timesteps; with half of that the texts at the edge suffer
_STRAY = 1e-3  # of the images: where fewer have a character, it is noise that was taken for one


def cropped_spec(
    network: CtcNet, spec: CtcSpec, train: TextImages, validation: TextImages
) -> CtcSpec:
    """Return the spec with the columns that are worth looking at.

    Those where the network finds characters in training images that it reads right, and a margin.
    All of them, where widths differ or where fewer would cost texts of ``validation``.

    Args:
        network: Trained on whole images, in evaluation mode.
        spec: What it was trained to look at.
        train: What it was trained on.
        validation: What was held out; may be empty.
    """
    if spec.width is None:
        return spec
    first, last = _seen(network, train)
    left = max(0, (first * _STEP - _MARGIN) // _STEP * _STEP)
    right = min(spec.width, (last + 1) * _STEP + _MARGIN)
    if first > last or right - left == spec.width:
        return spec
    fewer = replace(spec, left=left, right=right)
    return fewer if _as_good(network, fewer, validation) else spec


def within(spec: CtcSpec, images: TextImages) -> TextImages:
    """Return images of the spec's whole width as views of the columns that it looks at."""
    kept = tuple(image[:, spec.left : spec.right] for image in images.images)
    return replace(images, images=kept)


def _seen(network: CtcNet, train: TextImages) -> tuple[int, int]:
    """Return the first and the last timestep of characters; (T, -1) where no text is right."""
    every = -(-len(train) // _ASKED)
    logits = outputs_of(network, train.images[::every])
    found: NDArray[np.int64] = np.zeros(len(logits[0]), np.int64)
    for given, target in zip(logits, train.targets[::every], strict=True):
        if np.array_equal(best_path(given), target):
            found += given.argmax(axis=1) != BLANK
    steps = np.flatnonzero(found > _STRAY * len(logits))
    return (int(steps[0]), int(steps[-1])) if len(steps) else (len(found), -1)


def _as_good(network: CtcNet, fewer: CtcSpec, validation: TextImages) -> bool:
    """Tell whether no more texts are lost than chance explains (McNemar 1947), by two deviations.

    A text that is barely read may be lost for a column of noise as easily as won.
    """
    if not len(validation):
        return True
    whole, part = (_right(network, images) for images in (validation, within(fewer, validation)))
    lost, won = int((whole & ~part).sum()), int((part & ~whole).sum())
    return lost - won <= 2 * math.sqrt(lost + won)


def _right(network: CtcNet, images: TextImages) -> NDArray[np.bool_]:
    """Return which of the texts are read right."""
    given = zip(outputs_of(network, images.images), images.targets, strict=True)
    return np.array([np.array_equal(best_path(logits), target) for logits, target in given])

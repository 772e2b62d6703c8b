"""Cropping of margins where no text ever stands: a network's time goes with the width."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK
from captchascope.ctc.inputs import CtcSpec
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import best_path, outputs_of, score

_ASKED = 2000  # training images that tell where texts stand
_STEP = 4  # columns of a timestep: the network's grid must stay where it was
_MARGIN = 8  # columns: two timesteps; with half of that the texts at the edge suffer


def cropped_spec(
    network: CtcNet, spec: CtcSpec, train: TextImages, validation: TextImages
) -> CtcSpec:
    """Return the spec with the columns that are worth looking at.

    Those where the network finds a character in any training image that it reads right, and a
    margin. All of them, where widths differ or where fewer would cost a text of ``validation``.

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
    """Return the first and the last timestep of any character; (T, -1) where none is right."""
    every = -(-len(train) // _ASKED)
    logits = outputs_of(network, train.images[::every])
    found: NDArray[np.bool_] = np.zeros(len(logits[0]), np.bool_)
    for given, target in zip(logits, train.targets[::every], strict=True):
        if np.array_equal(best_path(given), target):
            found |= given.argmax(axis=1) != BLANK
    steps = np.flatnonzero(found)
    return (int(steps[0]), int(steps[-1])) if len(steps) else (len(found), -1)


def _as_good(network: CtcNet, fewer: CtcSpec, validation: TextImages) -> bool:
    if not len(validation):
        return True
    whole, part = (
        score(outputs_of(network, images.images), validation.targets).exact
        for images in (validation, within(fewer, validation))
    )
    return part >= whole

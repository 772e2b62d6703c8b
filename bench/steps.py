"""The classic tutorial's steps as a beginner writes them, to have their time; ours are elsewhere.

The steps and their figures are those that docs/tutorial.md retells: a file is read in gray, its
histogram says the kind, then come blur, threshold, components, crop, six cuts with a repair, and
PyTorch is asked for one digit at a time. The network has the tutorial's shape and random weights,
for its time does not depend on them: the texts mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs.network import TutorialNet

Image = npt.NDArray[np.uint8]

_SMALLEST, _LEFT, _RIGHT = 15, 30, 125
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def tutorial() -> Callable[[Sequence[Path], Sequence[bytes]], list[str]]:
    """Return what reads images in these steps, in one thread."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = TutorialNet(InputSpec("glyph", 24, 14), 10).eval()

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        with torch.inference_mode():
            return ["".join(_digit(network, cut) for cut in _cuts(path)) for path in paths]

    return read


def _digit(network: TutorialNet, cut: Image) -> str:
    glyph = cv2.resize(cut, (14, 24)).astype(np.float32) / 255
    return str(int(network(torch.from_numpy(glyph)[None, None]).argmax()))


def _cuts(path: Path) -> list[Image]:
    """Return the six digits of a captcha."""
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert gray is not None, path
    histogram = cv2.calcHist([gray], [0], None, [256], [0, 256])
    if histogram.ravel()[0] > 500:
        _, binary = cv2.threshold(cv2.medianBlur(gray, 3), 170, 255, cv2.THRESH_BINARY_INV)
    else:
        blurred = cv2.GaussianBlur(gray, (3, 3), 0)
        _, binary = cv2.threshold(blurred, 155, 255, cv2.THRESH_BINARY_INV)
    cropped = _cropped(binary.astype(np.uint8))
    half = cropped.shape[1] // 2
    cuts = []
    for part in (cropped[:, :half], cropped[:, half:]):
        third = max(1, part.shape[1] // 3)
        cuts += [part[:, :third], part[:, third : 2 * third], part[:, 2 * third :]]
    return _repaired(cuts)


def _cropped(binary: Image) -> Image:
    """Return the part of the image that its larger components are in."""
    count, marks, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    cleaned = np.zeros_like(binary)
    right, top, bottom = _LEFT + 6, binary.shape[0], 0
    for label in range(1, count):
        left, above, width, height, area = stats[label]
        if area >= _SMALLEST:
            cleaned[marks == label] = 255
            top, bottom = min(top, above), max(bottom, above + height)
            if left + width < _RIGHT:
                right = max(right, left + width)
    return cleaned[top:bottom, _LEFT:right] if bottom else cleaned[:, _LEFT:right]


def _repaired(cuts: list[Image]) -> list[Image]:
    """Give what a cut took from its left neighbour back to it."""
    for place in range(1, len(cuts)):
        closed = cv2.morphologyEx(cuts[place], cv2.MORPH_CLOSE, _CROSS)
        count, marks, stats, _ = cv2.connectedComponentsWithStats(closed.astype(np.uint8))
        for label in range(1, count if count > 2 else 1):
            left, _, width, _, _ = stats[label]
            if left == 0 and width < 0.35 * cuts[place].shape[1]:
                part = np.where(marks == label, cuts[place], 0)[:, :width]
                cuts[place - 1] = np.hstack([cuts[place - 1][:, width:], part]).astype(np.uint8)
                cuts[place] = np.where(marks == label, 0, cuts[place]).astype(np.uint8)
    return cuts

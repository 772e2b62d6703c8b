"""Windows of the gray image around the cuts: what the recipe ``default`` reads.

The cuts of stages 1 to 6 say where to look, and the network looks at the pixels themselves, which
still hold what the blur, the threshold and the components took away.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import cv2
import numpy as np

from captchascope.glyphs.scheme import GlyphSize, Scheme
from captchascope.glyphs.segmentation import Box, Located, cut_glyphs
from captchascope.image import Channels
from captchascope.records import FloatArray, GrayImage

_SPARE = 12  # one part in so many of the ink, above and below, may be noise


def middle_row(cleaned: GrayImage, box: Box) -> int:
    """Return the row in the middle of the ink of ``cleaned``, shape (H, W), inside ``box``.

    A speck above or below the text moves the box, but hardly this.
    """
    left, _, right, _ = box
    ink = cv2.reduce(cleaned[:, left:right], 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    below = np.asarray(ink).cumsum().tolist()
    spare = below[-1] // _SPARE
    return (bisect_left(below, spare) + bisect_left(below, below[-1] - spare) + 1) // 2


def windows(
    gray: GrayImage, left: int, columns: tuple[int, ...], row: int, size: GlyphSize
) -> GrayImage:
    """Return one window around the middle of every cut, shape (N, size.height, size.width).

    Dark ink becomes high: the windows hold 255 less the gray value, and 0 outside the image.
    The text begins at ``left``, from which the N + 1 cuts are counted; ``row`` is its middle.
    """
    edge = max(size.height, size.width)
    padded = cv2.copyMakeBorder(gray, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=255)
    result = np.empty((len(columns) - 1, size.height, size.width), np.uint8)
    top = row - size.height // 2 + edge
    for place, (a, b) in zip(result, pairwise(columns), strict=True):
        start = min(left + (a + b) // 2 - size.width // 2 + edge, padded.shape[1] - size.width)
        place[:] = padded[top : top + size.height, start : start + size.width]
    return 255 - result


NORMALISATION = "divide by 255"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The input of a glyph network, as the model file's metadata has it.

    Attributes:
        kind: ``glyph`` for the repaired binary glyph, ``window`` for the gray image around a cut.
        height: In pixels.
        width: In pixels.
    """

    channels: ClassVar[Channels] = 1  # what an image is decoded to: gray

    kind: Literal["glyph", "window"]
    height: int
    width: int

    def __post_init__(self) -> None:
        GlyphSize(self.height, self.width)  # checks both

    @classmethod
    def of_scheme(cls, scheme: Scheme, kind: Literal["glyph", "window"]) -> InputSpec:
        """Return the sizes that ``scheme`` gives for ``kind``."""
        size = scheme.glyph if kind == "glyph" else scheme.window
        return cls(kind, size.height, size.width)


def prepare_glyphs(
    located: Located, scheme: Scheme, spec: InputSpec, shift: tuple[int, int] = (0, 0)
) -> GrayImage:
    """Return what the network sees of every glyph, shape (N, height, width), ink high.

    Windows are moved by ``shift``, in pixels right and down; glyphs stay where they are.
    """
    size = GlyphSize(spec.height, spec.width)
    if spec.kind == "glyph":
        return cut_glyphs(located, replace(scheme, glyph=size)).fitted
    left, row = located.box[0] + shift[0], middle_row(located.cleaned, located.box) + shift[1]
    kind = scheme.kinds[located.kind - 1]
    gray = located.gray if kind.window_of == "gray" else located.denoised
    ink = gray if scheme.ink == "dark" else 255 - gray
    return windows(ink, left, located.columns, row, size)


def normalise_glyphs(prepared: GrayImage) -> FloatArray:
    """Return the network's batch, shape (N, 1, height, width), 0 to 1."""
    return np.multiply(prepared[:, None], np.float32(1 / 255), dtype=np.float32)

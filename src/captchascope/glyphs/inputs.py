"""What a glyph network is given: the same function prepares it in training and in reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from captchascope.glyphs.scheme import GlyphSize, Scheme
from captchascope.glyphs.stages import Located, cut_glyphs
from captchascope.glyphs.window import middle_row, windows
from captchascope.records import FloatArray, GrayImage

__all__ = ["NORMALISATION", "InputSpec", "normalise", "prepare"]

NORMALISATION = "divide by 255"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the network looks at, as the model file's metadata has it.

    Attributes:
        kind: ``glyph`` for the repaired binary glyph, ``window`` for the gray image around a cut.
        height: In pixels.
        width: In pixels.
    """

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


def prepare(
    located: Located, scheme: Scheme, spec: InputSpec, shift: tuple[int, int] = (0, 0)
) -> GrayImage:
    """Return what the network sees of every glyph, shape (N, height, width), ink high.

    Args:
        located: The text and its cuts.
        scheme: How they were found.
        spec: What the network looks at.
        shift: Pixels by which windows are moved, right and down; glyphs stay where they are.
    """
    if spec.kind == "glyph":
        size = GlyphSize(spec.height, spec.width)
        return cut_glyphs(located, replace(scheme, glyph=size)).fitted
    left, row = located.box[0] + shift[0], middle_row(located.cleaned, located.box) + shift[1]
    kind = scheme.kinds[located.kind - 1]
    gray = located.gray if kind.window_of == "gray" else located.denoised
    ink = gray if scheme.ink == "dark" else 255 - gray
    size = GlyphSize(spec.height, spec.width)
    return windows(ink, left, located.columns, row, size)


def normalise(prepared: GrayImage) -> FloatArray:
    """Return the network's batch, shape (N, 1, height, width), 0 to 1."""
    return np.multiply(prepared[:, None], np.float32(1 / 255), dtype=np.float32)

"""The chain of stages 1 to 7: from a grayscale image to glyphs of one size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.errors import SegmentationError
from captchascope.glyphs.denoise import ComponentMap, binarize, blur, clean, find_components
from captchascope.glyphs.kind import kind_of
from captchascope.glyphs.repair import Move, repair
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segment import Box, clip_box, crop, cut_columns, fit, split
from captchascope.records import GrayImage

__all__ = ["Stages", "run"]


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """What every stage made of one image.

    Attributes:
        gray: The image, shape (H, W).
        kind: The 1-based number of its kind.
        denoised: After the blur, shape (H, W).
        binary: Ink 255, ground 0, shape (H, W).
        components: Its connected components.
        cleaned: The components that were kept, shape (H, W).
        box: Where the text is.
        columns: The cuts, counted from the left of the box, shape (N + 1,).
        cuts: The glyphs as cut, each of shape (bottom - top, its width).
        repaired: The glyphs after the repair.
        moves: What the repair moved.
        glyphs: The repaired glyphs in one size, shape (N, 24, 14) in the METU scheme.
    """

    gray: GrayImage
    kind: int
    denoised: GrayImage
    binary: GrayImage
    components: ComponentMap
    cleaned: GrayImage
    box: Box
    columns: NDArray[np.int64]
    cuts: list[GrayImage]
    repaired: list[GrayImage]
    moves: tuple[Move, ...]
    glyphs: GrayImage


def run(gray: GrayImage, scheme: Scheme) -> Stages:
    """Take ``gray``, shape (H, W), through every stage.

    Raises:
        SegmentationError: If the image is smaller than the scheme's, or holds no text.
    """
    if gray.shape[0] < scheme.height or gray.shape[1] < scheme.width:
        what = f"{gray.shape[1]}x{gray.shape[0]} pixels"
        remedy = f"the scheme {scheme.name} needs {scheme.width}x{scheme.height}"
        raise SegmentationError("image", what, remedy)
    number = kind_of(gray, scheme.kinds)
    kind = scheme.kinds[number - 1]
    denoised = blur(gray, kind)
    binary = binarize(denoised, kind.threshold, scheme.ink)
    components = find_components(binary, scheme.components)
    cleaned = clean(components)
    box = clip_box(components, scheme.clip)
    text = crop(cleaned if scheme.clip.crop == "cleaned" else binary, box)
    columns = cut_columns(text.shape[1], scheme.split)
    cuts = split(text, columns)
    repaired, moves = repair(cuts, scheme.repair)
    glyphs = fit(repaired, scheme.glyph)
    return Stages(
        gray, number, denoised, binary, components, cleaned,
        box, columns, cuts, repaired, moves, glyphs,
    )  # fmt: skip

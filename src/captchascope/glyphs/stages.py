"""The chain: stages 1 to 6 locate the text and its cuts, stage 7 makes the glyphs of them."""

from __future__ import annotations

from dataclasses import dataclass

from captchascope.errors import SegmentationError
from captchascope.glyphs.preprocess import (
    ComponentMap,
    binarize,
    blur,
    clean,
    find_components,
    kind_of,
)
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import (
    Box,
    Move,
    clip_box,
    crop,
    cut_columns,
    fit,
    repair,
    split,
)
from captchascope.records import GrayImage

__all__ = ["Glyphs", "Located", "cut_glyphs", "locate"]


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """What stages 1 to 6 made of one image.

    Attributes:
        gray: The image, shape (H, W).
        kind: The 1-based number of its kind.
        denoised: After the blur, shape (H, W).
        binary: Ink 255, ground 0, shape (H, W).
        components: Its connected components.
        cleaned: The components that were kept, shape (H, W).
        box: Where the text is.
        columns: The N + 1 cuts, counted from the left of the box.
    """

    gray: GrayImage
    kind: int
    denoised: GrayImage
    binary: GrayImage
    components: ComponentMap
    cleaned: GrayImage
    box: Box
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """What stage 7 made of a located text.

    Attributes:
        cuts: The glyphs as cut, each of shape (bottom - top, its width).
        repaired: The same after the repair.
        moves: What the repair moved.
        fitted: The repaired glyphs in one size, shape (N, 24, 14) in the METU scheme.
    """

    cuts: list[GrayImage]
    repaired: list[GrayImage]
    moves: tuple[Move, ...]
    fitted: GrayImage


def locate(gray: GrayImage, scheme: Scheme) -> Located:
    """Find the text in ``gray``, shape (H, W), and where to cut it.

    Raises:
        SegmentationError: If the image is smaller than the scheme's, or holds no text.
    """
    _check_size(gray, scheme)
    number = kind_of(gray, scheme.kinds)
    kind = scheme.kinds[number - 1]
    denoised = blur(gray, kind)
    binary = binarize(denoised, kind.threshold, scheme.ink)
    components = find_components(binary, scheme.components)
    box = clip_box(components, scheme.clip)
    columns = cut_columns(box[2] - box[0], scheme.split)
    return Located(gray, number, denoised, binary, components, clean(components), box, columns)


def cut_glyphs(located: Located, scheme: Scheme) -> Glyphs:
    """Cut the located text into glyphs, repair them, and bring them to one size."""
    binary = located.cleaned if scheme.clip.crop == "cleaned" else located.binary
    cuts = split(crop(binary, located.box), located.columns)
    repaired, moves = repair(cuts, scheme.repair)
    return Glyphs(cuts, repaired, moves, fit(repaired, scheme.glyph))


def _check_size(gray: GrayImage, scheme: Scheme) -> None:
    height, width = gray.shape
    if height < scheme.height or width < scheme.width:
        what = f"{width}x{height} pixels are too few for the scheme {scheme.name}"
        remedy = f"it needs {scheme.width}x{scheme.height}: take whole captchas, or another scheme"
        raise SegmentationError("image", what, remedy)

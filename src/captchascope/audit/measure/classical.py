"""The classical way: ink by a threshold, its connected pieces, and cuts where there is least of it.

It needs no scheme file. What is known beforehand is how many characters there are, as anybody sees
who looks at the image. A line that runs through the text is not removed.

Connected pieces of one colour are what colour-filling segmentation finds, and the columns of least
ink are the vertical projection's: Yan and El Ahmad (2008), "A low-cost attack on a Microsoft
CAPTCHA", CCS '08.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.errors import SegmentationError
from captchascope.glyphs.preprocess import binarize, blur, clean, find_components
from captchascope.glyphs.scheme import Components, Kind, Scheme
from captchascope.glyphs.segmentation import Box, cropped, cut_glyphs, locate
from captchascope.image.ink import ground_of
from captchascope.records import GrayImage, RgbImage

_LARGEST = 480  # pixels of the longer side: a larger image is reduced to that
_CLEAR = 0.65  # of an image is ground: then that is clear, however its border is
_FRAME = 0.9  # of a row or column along an edge is ink: it belongs to a frame
_SPECK = 1 / 12  # of the height is the side of a square that is noise if a piece is smaller
_SAME = 0.5  # of the narrower of two pieces stands above or below the other: they are one character
_CRUMB = 0.2  # of the pieces' median area, or less, is dropped first where there are too many
_SEARCHED = 0.35  # of a character's width is looked to either side for the column of least ink
_FAR = 0.25  # of the height in ink is as bad as a cut that far away

Source: TypeAlias = Literal["gray", "colour"]
"""What tells ink: how dark a pixel is, or how far its colour is from the ground's."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to cut.

    Attributes:
        source: What tells ink from ground.
        smooth: How the image is denoised first.
        scheme: Cut by this scheme's figures instead; None for no scheme.
    """

    source: Source = "gray"
    smooth: Literal["none", "median", "gaussian"] = "none"
    scheme: Scheme | None = None

    def __str__(self) -> str:
        """Return it in plain words."""
        if self.scheme is not None:
            return (
                f"The known figures of the scheme {self.scheme.name} say where ink ends and where "
                "the text stands; it is cut into parts of equal width, which are then mended."
            )
        how = {"none": "", "median": ", smoothed by a median", "gaussian": ", blurred a little"}
        tells = {"gray": "brightness", "colour": "distance from the colour of the ground"}
        return (
            f"Each image is taken by its {tells[self.source]}{how[self.smooth]}, and parted into "
            "ink and ground at one threshold (Otsu's). Connected pieces of ink are characters; "
            "specks are dropped, and a piece that is too wide is cut where there is least ink."
        )


WAYS = tuple(
    Way(source, smooth)
    for source in ("gray", "colour")
    for smooth in ("none", "median", "gaussian")
)
"""What is tried on any scheme."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A text that was cut.

    Attributes:
        pieces: Into how many pieces it falls by itself.
        glyphs: The characters, left to right, ink 255, each of its own shape (H, W); none where
            there is too little ink for so many.
        columns: The cuts between them, in pixels of the image.
    """

    pieces: int
    glyphs: tuple[GrayImage, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Ink that belongs together: where it is, and it alone, shape (bottom - top, right - left)."""

    box: Box
    ink: GrayImage

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]


def cut_text(image: RgbImage, way: Way, counts: tuple[int, int] | None) -> Cut:
    """Cut an image into characters.

    Args:
        image: Shape (H, W, 3).
        way: How.
        counts: Fewest and most characters that there may be; None for as many as there are pieces.
    """
    if way.scheme is not None:
        return _cut_by_scheme(image, way.scheme)
    scale = min(1.0, _LARGEST / max(image.shape[:2]))
    if scale < 1:
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
    pieces = _pieces(inked(image, way))
    found = len(pieces)
    if counts is not None:
        pieces = _split(_joined(pieces, counts[1]), counts[0])
    between = (round((a.box[2] + b.box[0]) / 2 / scale) for a, b in pairwise(pieces))
    return Cut(found, tuple(piece.ink for piece in pieces), tuple(between))


def inked(image: RgbImage, way: Way) -> GrayImage:
    """Return the ink of an image, 255 on 0, without a frame and specks; shape (H, W)."""
    if way.source == "gray":
        levels = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    else:
        ground = np.full(image.shape, np.rint(ground_of(image)), np.uint8)
        red, green, blue = cv2.split(cv2.absdiff(image, ground))
        levels = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
    levels = blur(levels, Kind(way.smooth, -1, way.smooth, 3, 0))
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    binary = _unframed(binarize(levels, int(threshold), ink_side(levels, threshold)))
    least = max(2, round((image.shape[0] * _SPECK) ** 2))
    return clean(find_components(binary, Components(8, least)))


def ink_side(levels: GrayImage, threshold: float) -> Literal["dark", "light"]:
    """Tell which side of the threshold is ink: the smaller, or what is less along the border."""
    light = float((levels > threshold).mean())
    if 1 - _CLEAR < light < _CLEAR:
        border = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
        light = float((border > threshold).mean())
    return "dark" if light >= 0.5 else "light"


def _unframed(binary: GrayImage) -> GrayImage:
    """Return ink without the rows and columns along the edges that are nearly nothing but ink."""
    for turned in (binary, binary[::-1], binary.T, binary.T[::-1]):
        for row in turned[: len(turned) // 4]:
            if cv2.countNonZero(np.ascontiguousarray(row)) < _FRAME * len(row):
                break
            row[:] = 0
    return binary


def _cut_by_scheme(image: RgbImage, scheme: Scheme) -> Cut:
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    try:
        located = locate(gray, scheme)
    except SegmentationError:
        return Cut(0, (), ())
    found = len(_pieces(cropped(located.cleaned, located.box)))
    columns = tuple(located.box[0] + column for column in located.columns[1:-1])
    return Cut(found, tuple(cut_glyphs(located, scheme).repaired), columns)


def _pieces(ink: GrayImage) -> list[_Piece]:
    """Return what is connected, or stands above or below one another, from left to right."""
    found = find_components(ink, Components(8, 1))
    groups: list[tuple[int, int, list[int]]] = []
    for number in np.argsort(found.boxes[:, 0], kind="stable").tolist():
        left, right = int(found.boxes[number, 0]), int(found.boxes[number, 2])
        if groups and _overlap(groups[-1][:2], (left, right)) >= _SAME:
            first, last, numbers = groups[-1]
            groups[-1] = first, max(last, right), [*numbers, number]
        else:
            groups.append((left, right, [number]))
    return [_piece(found.labels, found.boxes[numbers], numbers) for _, _, numbers in groups]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared / min(one[1] - one[0], other[1] - other[0])


def _piece(labels: NDArray[np.integer], boxes: NDArray[np.int32], numbers: Sequence[int]) -> _Piece:
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    shades = np.zeros(int(labels.max()) + 1, np.uint8)
    shades[np.asarray(numbers) + 1] = 255
    return _Piece((left, top, right, bottom), shades[labels[top:bottom, left:right]])


def _joined(pieces: list[_Piece], count: int) -> list[_Piece]:
    """Return at most ``count`` pieces: crumbs are dropped, and then the narrowest pairs joined."""
    pieces = list(pieces)
    areas = [cv2.countNonZero(piece.ink) for piece in pieces]
    while len(pieces) > count and min(areas) <= _CRUMB * float(np.median(areas)):
        least = areas.index(min(areas))
        del pieces[least], areas[least]
    while len(pieces) > count:
        spans = [b.box[2] - a.box[0] for a, b in pairwise(pieces)]
        at = spans.index(min(spans))
        pieces[at : at + 2] = [_together(pieces[at], pieces[at + 1])]
    return pieces


def _together(one: _Piece, other: _Piece) -> _Piece:
    edges = np.array([one.box, other.box])
    left, top = edges[:, :2].min(axis=0).tolist()
    right, bottom = edges[:, 2:].max(axis=0).tolist()
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for piece in (one, other):
        x, y = piece.box[0] - left, piece.box[1] - top
        ink[y : y + piece.ink.shape[0], x : x + piece.ink.shape[1]] |= piece.ink
    return _Piece((left, top, right, bottom), ink)


def _split(pieces: list[_Piece], count: int) -> list[_Piece]:
    """Return ``count`` pieces: the widest are cut; none where there are too few columns."""
    if sum(piece.width for piece in pieces) < count:
        return []
    parts = [1] * len(pieces)
    while sum(parts) < count:
        widths = [piece.width / part for piece, part in zip(pieces, parts, strict=True)]
        parts[widths.index(max(widths))] += 1
    return [
        part for piece, number in zip(pieces, parts, strict=True) for part in _parts(piece, number)
    ]


def _parts(piece: _Piece, count: int) -> list[_Piece]:
    """Cut a piece into ``count``, near where equal parts would end, where there is least ink."""
    projection = (piece.ink > 0).sum(axis=0) / piece.ink.shape[0]
    step = piece.width / count
    edges = [0]
    for number in range(1, count):
        aim = number * step
        low = max(edges[-1] + 1, round(aim - _SEARCHED * step))
        high = min(piece.width - (count - number), round(aim + _SEARCHED * step))
        columns = np.arange(low, max(low, high) + 1)
        away = np.abs(columns - aim) / step
        edges.append(int(columns[np.argmin(projection[columns] + _FAR * away)]))
    left, top, _, bottom = piece.box
    return [
        replace(piece, box=(left + a, top, left + b, bottom), ink=piece.ink[:, a:b])
        for a, b in pairwise([*edges, piece.width])
    ]

"""A wide relative of the METU captchas: what the model ``metu`` is trained on.

The same texts and the same two kinds in a frame of the same size, but in many typefaces, weights
and sizes, under noise of any grain and patterns of any make: a network that has seen one typeface
alone takes another's 1 for a 4, and is sure of it. Some images are the scheme's own, since those
are what is read most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captchascope.generate.families import one_of
from captchascope.generate.metu import draw_metu
from captchascope.generate.noise import BoolMap, chance, dashes, displace, scattered_dashes, uniform
from captchascope.generate.paint import Drawn
from captchascope.generate.typefaces import Mask, Stamp, face, stamp, turned
from captchascope.records import GrayImage

_HEIGHT, _WIDTH, _DIGITS = 50, 150, 6
_ITSELF = 0.25  # of the images are as the scheme has them
_LEFT, _RIGHT = 28.0, 124.5  # columns within which digits stand

_NEAR = ("sans-01", "sans-04", "sans-06", "sans-08", "sans-11", "sans-02", "sans-05")
_SANS = (
    "sans-03", "sans-07", "sans-09", "sans-10", "sans-13", "sans-14", "sans-15", "sans-16",
    "sans-18", "sans-19", "sans-20", "sans-21", "hand-01", "hand-02", "display-13", "serif-10",
)  # fmt: skip
_OTHERS = (
    "mono-01", "mono-02", "mono-03", "mono-04", "mono-05", "mono-06", "mono-07", "mono-08",
    "serif-01", "serif-02", "serif-03", "serif-05", "serif-07", "serif-09", "serif-11",
)  # fmt: skip
_STROKED = {
    "plotter-1": cv2.FONT_HERSHEY_SIMPLEX,
    "plotter-2": cv2.FONT_HERSHEY_DUPLEX,
    "plotter-3": cv2.FONT_HERSHEY_PLAIN,
    "plotter-4": cv2.FONT_HERSHEY_COMPLEX,
}
"""The faces that OpenCV brings, which are lines that a pen has drawn."""

_FACES = ((_NEAR, 0.56), (_SANS, 0.24), (_OTHERS, 0.14), (tuple(_STROKED), 0.06))

_FINE = 48  # pixels of a digit's height where its strokes are made thinner or bolder
_TWICE = 2  # as large as the image is what glyphs are laid on before they are shrunk
_LEAST_INKED, _MOST_INKED = 0.03, 0.34  # of the pixels: a denser pattern hides the digits

_T = TypeVar("_T")


def draw_metu_wide(rng: np.random.Generator) -> Drawn:
    """Draw one captcha of either kind, with its label and the JPEG quality to save it with."""
    if rng.random() < _ITSELF:
        return draw_metu(rng)
    label = "".join(map(str, rng.integers(0, 10, _DIGITS)))
    kind = int(rng.integers(1, 3))
    spread = float(rng.random()) ** 2  # how far it may be from the scheme
    strokes = _strokes(rng, label, spread)
    if rng.random() < 0.4:
        scatter, shift = uniform(rng, 0.0, 0.18), uniform(rng, 0.0, 0.12)
        strokes = displace(rng, strokes, scatter=scatter, shift=shift)
    if rng.random() < 0.4:  # few grays at the edges of strokes
        steep = uniform(rng, 1.3, 3.0)
        strokes = np.clip((strokes - 127.5) * steep + 127.5, 0, 255).astype(np.uint8)
    image = (_speckled if kind == 1 else _patterned)(rng, strokes, spread)
    if rng.random() < 0.2:
        image = _resampled(rng, image)
    if rng.random() < 0.2 * spread:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), uniform(rng, 0.3, 0.65)), np.uint8)
    return Drawn(image, label, {"kind": str(kind)}, int(rng.integers(60, 99)))


class _Line(NamedTuple):
    """How the digits of an image stand, in pixels."""

    font: str
    height: float
    advance: float
    left: float
    top: float
    jitter: float


def _strokes(rng: np.random.Generator, label: str, spread: float) -> Mask:
    """Lay the digits on a line, and each a little off it."""
    font = _one(rng, one_of(rng, _FACES))
    height = uniform(rng, 17.0 - 3.5 * spread, 20.0 + 2.5 * spread)
    left = uniform(rng, _LEFT, 31.0 + 2.5 * spread)
    share = uniform(rng, 0.72 - 0.05 * spread, 0.8 + 0.1 * spread)
    advance = min(max(height * share, 12.0), (_RIGHT - left) / _DIGITS)
    top = uniform(rng, 0.0, _HEIGHT - height)
    jitter = uniform(rng, 0.0, 0.8 + 1.4 * spread) if rng.random() < 0.7 else 0.0
    line = _Line(font, height, advance, left, top, jitter)
    if font not in _STROKED and rng.random() < 0.4:
        return _typed(rng, label, line)
    return _turned(rng, label, line, spread)


def _places(rng: np.random.Generator, line: _Line) -> NDArray[np.float64]:
    """Return the left end and the top of each digit, shape (6, 2)."""
    places = np.empty((_DIGITS, 2))
    places[:, 0] = line.left + line.advance * np.arange(_DIGITS)
    places[:, 1] = line.top
    places += rng.uniform(-1, 1, places.shape) * (0.4 * line.jitter, line.jitter)
    return places


def _typed(rng: np.random.Generator, label: str, line: _Line) -> Mask:
    """Draw as Pillow does at once: whole pixels, strokes fitted to them, with grays or without."""
    canvas = Image.new("L", (_WIDTH, _HEIGHT))
    brush = ImageDraw.Draw(canvas)
    if rng.random() < 0.2:
        brush.fontmode = "1"
    tall, wide = _em(line.font)
    size = max(9, round(min(line.height * tall, line.advance * uniform(rng, 0.92, 1.06) * wide)))
    drawn, base = face(line.font, size), line.top + size / tall
    if rng.random() < 0.4:
        brush.text((line.left, base), label, fill=255, font=drawn, anchor="ls")
        return np.asarray(canvas)
    for char, (x, y) in zip(label, _places(rng, line), strict=True):
        middle = round(x + line.advance / 2), round(y - line.top + base)
        brush.text(middle, char, fill=255, font=drawn, anchor="ms")
    return np.asarray(canvas)


@lru_cache(maxsize=128)
def _em(font: str) -> tuple[float, float]:
    """Return the ems in a digit's height, and in the advance."""
    large = face(font, 200)
    top = large.getbbox("5", anchor="ls")[1]
    return 200 / -top, 200 / large.getlength("0")


def _turned(rng: np.random.Generator, label: str, line: _Line, spread: float) -> Mask:
    """Draw digits of any weight, width, slant and angle, each between the pixels."""
    bolder = int(np.clip(round(rng.normal(0.3, 0.5 + 0.7 * spread)), -1, 2))
    slant = rng.normal(0, 0.1 * spread) if rng.random() < 0.3 else 0.0
    turn = uniform(rng, 0, 8) * spread if rng.random() < 0.5 else 0.0
    down = _TWICE * line.height / _FINE
    widest = max(_digit(line.font, char, bolder).mask.shape[1] - 8 for char in label)
    fitting = _TWICE * line.advance * uniform(rng, 0.82, 1.04) / widest
    across = min(down * uniform(rng, 1 - 0.15 * spread, 1 + 0.2 * spread), fitting)
    canvas = np.zeros((_HEIGHT * _TWICE, _WIDTH * _TWICE), np.uint8)
    for char, (x, y) in zip(label, _places(rng, line), strict=True):
        source = _digit(line.font, char, bolder)
        mask, middle = turned(source, (down, across), uniform(rng, -turn, turn), slant, 0)
        column = round(_TWICE * (x + line.advance / 2) - mask.shape[1] / 2)
        row = round(_TWICE * (y + line.height / 2) - middle)
        _lay(canvas, mask, row, column)
    size = _WIDTH, _HEIGHT
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=8192)
def _digit(font: str, char: str, bolder: int) -> Stamp:
    """Return a digit ``_FINE`` pixels tall, its strokes wider by so many pixels on either side."""
    source = _stroked(_STROKED[font], char) if font in _STROKED else stamp(font, char, _FINE)
    mask = cv2.copyMakeBorder(source.mask, 4, 4, 4, 4, cv2.BORDER_CONSTANT)
    size = 2 * abs(bolder) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    changed = cv2.erode(mask, kernel) if bolder < 0 else cv2.dilate(mask, kernel)
    return Stamp(np.asarray(changed, np.uint8), source.cap, source.middle + 4)


def _stroked(font: int, char: str) -> Stamp:
    """Draw a digit with OpenCV's pen."""
    canvas = np.zeros((3 * _FINE, 3 * _FINE), np.uint8)
    scale = cv2.getFontScaleFromHeight(font, _FINE - 4, 4)
    cv2.putText(canvas, char, (_FINE, 2 * _FINE), font, scale, 255, 4, cv2.LINE_AA)
    x, y, width, height = cv2.boundingRect(canvas)
    mask = canvas[y : y + height, x : x + width].copy()
    return Stamp(mask, height, height / 2)


def _lay(canvas: Mask, mask: Mask, row: int, column: int) -> None:
    """Lay a glyph onto ``canvas`` in place, the darker of both; what lies outside is cut."""
    top, left = max(row, 0), max(column, 0)
    part = canvas[top : max(row + mask.shape[0], 0), left : max(column + mask.shape[1], 0)]
    cut = mask[top - row :, left - column :][: part.shape[0], : part.shape[1]]
    np.maximum(part, cut, out=part)


def _inked(rng: np.random.Generator, strokes: Mask, ink: int) -> GrayImage:
    """Shade coverage from the ground, which is white more often than not, to ``ink``."""
    ground = 255 if rng.random() < 0.85 else int(rng.integers(228, 256))
    return (ground - strokes.astype(np.int32) * (ground - ink) // 255).astype(np.uint8)


def _speckled(rng: np.random.Generator, strokes: Mask, spread: float) -> GrayImage:
    """Kind 1: dark digits, eaten away, under speckle of one pixel or a few together."""
    ink = int(rng.integers(0, 36 + round(64 * spread)))
    eaten = _clumped(rng, strokes.shape, uniform(rng, 0.0, 0.06 + 0.02 * spread))
    image = _inked(rng, np.where(eaten, 0, strokes).astype(np.uint8), ink)
    share = uniform(rng, 0.12 - 0.07 * spread, 0.16 + 0.03 * spread)
    speckle = _clumped(rng, strokes.shape, share)
    lightest = int(rng.integers(1, 100)) if rng.random() < 0.3 else 1
    grays = rng.integers(0, lightest, strokes.shape, np.uint8)
    image[speckle] = np.minimum(image, grays)[speckle]
    return image


def _clumped(rng: np.random.Generator, shape: tuple[int, ...], share: float) -> BoolMap:
    """Return spots that cover about this share: most of one pixel, in some images of two or four.

    Those of several pixels cover less, since they hide more.
    """
    if rng.random() < 0.65:
        return chance(rng, shape, share)
    spots = chance(rng, shape, 0.5 * share)
    for height, width in ((1, 2), (2, 1), (2, 2)):
        if rng.random() < 0.5:
            large = chance(rng, shape, 0.3 * share / (height * width)).astype(np.uint8)
            spots |= cv2.dilate(large, np.ones((height, width), np.uint8)) > 0
    return spots


def _patterned(rng: np.random.Generator, strokes: Mask, spread: float) -> GrayImage:
    """Kind 2: gray digits on a periodic pattern, in the same gray or in one close to it."""
    ink = int(rng.integers(84 - round(60 * spread), 109 + round(20 * spread)))
    image = _inked(rng, strokes, ink)
    other = ink if rng.random() < 0.7 else int(np.clip(ink + rng.integers(-25, 60), 0, 160))
    pattern = _pattern(rng, (_HEIGHT, _WIDTH))
    choice = rng.random()
    if choice < 0.06:  # the digits stand clear of it
        around = int(rng.integers(1, 3))
        near = cv2.dilate(strokes, np.ones((2 * around + 1, 2 * around + 1), np.uint8)) > 40
        pattern &= ~near
    elif choice < 0.12:  # and are eaten away themselves
        image[chance(rng, strokes.shape, uniform(rng, 0.0, 0.08))] = 255
    image[pattern] = np.minimum(image[pattern], other)
    return image


def _pattern(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    """Draw a pattern that is neither empty nor too dense."""
    while True:
        pattern = one_of(rng, _PATTERNS)(rng, shape)
        if _LEAST_INKED < pattern.mean() < _MOST_INKED:
            return pattern


def _lattice(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    rows, columns = (int(step) for step in rng.integers(3, 10, 2))
    period = int(rng.integers(2, 13))
    on = int(rng.integers(1, period + 1))
    return dashes(rng, shape, step=(rows, columns), period=period, on=on)


def _scattered(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    tile = int(rng.integers(5, 15)), int(rng.integers(6, 33))
    return scattered_dashes(rng, shape, tile=tile, ink=uniform(rng, 0.08, 0.26))


def _tiled(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    """Repeat a tile of single spots."""
    tall, wide = int(rng.integers(3, 13)), int(rng.integers(3, 25))
    tile = chance(rng, (tall, wide), uniform(rng, 0.06, 0.26))
    return np.tile(tile, (-(-shape[0] // tall), -(-shape[1] // wide)))[: shape[0], : shape[1]]


def _hatched(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    """Rule lines in one direction or in two, whole or dashed."""
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    ruled = np.zeros(shape, np.bool_)
    for _ in range(int(rng.integers(1, 3))):
        down, across = (int(step) for step in rng.integers(-3, 4, 2))
        along = down * y + across * x
        lines = (along + int(rng.integers(12))) % int(rng.integers(4, 13)) == 0
        if rng.random() < 0.5:
            period = int(rng.integers(2, 9))
            lines = lines & ((across * y - down * x + x) % period < int(rng.integers(1, period)))
        ruled |= lines
    return ruled


def _dotted(rng: np.random.Generator, shape: tuple[int, int]) -> BoolMap:
    """Set dots of one to two pixels each way at even distances, each row shifted by as much."""
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    rows, columns = (int(step) for step in rng.integers(2, 9, 2))
    tall, wide = (int(side) for side in rng.integers(1, 3, 2))
    shift = int(rng.integers(columns))
    return (y % rows < tall) & ((x + y // rows * shift) % columns < wide)


_PATTERNS: tuple[tuple[Callable[[np.random.Generator, tuple[int, int]], BoolMap], float], ...] = (
    (_lattice, 0.4),
    (_scattered, 0.25),
    (_tiled, 0.1),
    (_hatched, 0.15),
    (_dotted, 0.1),
)


def _resampled(rng: np.random.Generator, image: GrayImage) -> GrayImage:
    """Scale by a few percent and move by a part of a pixel, as a screenshot would."""
    across, down = uniform(rng, 0.95, 1.04), uniform(rng, 0.95, 1.04)
    moved = np.array([[across, 0, uniform(rng, -0.5, 0.5)], [0, down, uniform(rng, -0.5, 0.5)]])
    size, border = (_WIDTH, _HEIGHT), cv2.BORDER_CONSTANT
    resampled = cv2.warpAffine(
        image, moved, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=255
    )
    return np.asarray(resampled, np.uint8)


def _one(rng: np.random.Generator, values: Sequence[_T]) -> _T:
    return values[int(rng.integers(len(values)))]

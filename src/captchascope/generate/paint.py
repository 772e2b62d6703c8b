"""Paint: colours that can be told apart, backdrops, lines, dots and grain; and what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.noise import chance, uniform
from captchascope.generate.style import Style
from captchascope.generate.typefaces import Mask
from captchascope.records import GrayImage, RgbImage


@dataclass(frozen=True, slots=True)
class Drawn:
    """A generated image with all that its row in the label file will say.

    Attributes:
        image: Shape (H, W), or (H, W, 3) where it has colours.
        label: The text in the image.
        columns: Further columns of the row, such as ``kind``.
        quality: JPEG quality to save it with.
    """

    image: GrayImage | RgbImage
    label: str
    columns: Mapping[str, str]
    quality: int

    def jpeg(self) -> bytes:
        """Return the image as the bytes of a JPEG file."""
        image = self.image if self.image.ndim == 2 else cv2.cvtColor(self.image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpeg", image, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return data.tobytes()


Colour: TypeAlias = tuple[float, float, float]
"""RGB, 0 to 255."""

_BLACK, _WHITE = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
_ATTEMPTS = 8
_LEAST = 20  # levels of brightness: who sees no colours must read it too


def luma(colour: Colour) -> float:
    """Return how bright a colour is, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def ground(rng: np.random.Generator, style: Style) -> Colour:
    """Return a colour for what lies behind."""
    if style.ink == "any":
        return _any(rng, style, 0, 255)
    dark_ink = style.ink == "dark"
    if rng.random() >= 0.6:
        return _WHITE if dark_ink else _BLACK
    if dark_ink:
        return _any(rng, style, 145 + 110 * style.contrast - 40 * float(rng.random()), 255)
    return _any(rng, style, 0, 90)


def near(rng: np.random.Generator, style: Style, base: Colour) -> Colour:
    """Return another ground, from which what stands out from ``base`` stands out as well."""
    other, reach = ground(rng, style), 20 + 60 * style.contrast
    red, green, blue = (
        min(max(new, old - reach), old + reach) for new, old in zip(other, base, strict=True)
    )
    return red, green, blue


def ink_colour(rng: np.random.Generator, style: Style, behind: Colour) -> Colour:
    """Return a colour for glyphs that differs from what lies behind as much as the style asks."""
    best, best_gap = behind, -1000.0
    wanted = 45 + 150 * style.contrast
    extreme = _BLACK if luma(behind) > 128 else _WHITE
    for _ in range(_ATTEMPTS):
        colour = extreme if rng.random() < 0.3 else _any(rng, style, 0, 255)
        brighter = luma(colour) - luma(behind)
        differing = max(abs(one - other) for one, other in zip(colour, behind, strict=True))
        wrong = (style.ink == "dark" and brighter > 0) or (style.ink == "light" and brighter < 0)
        alike = abs(brighter) < _LEAST
        gap = abs(brighter) + 0.35 * differing - 255 * (wrong + alike)  # how well they differ
        if gap > best_gap:
            best, best_gap = colour, gap
        if gap >= wanted:
            break
    return best


def between(rng: np.random.Generator, one: Colour, other: Colour) -> Colour:
    """Return a colour somewhere between two."""
    share = uniform(rng, 0.1, 0.9)
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _any(rng: np.random.Generator, style: Style, low: float, high: float) -> Colour:
    red, green, blue = (low + (high - low) * number for number in rng.random(3).tolist())
    if style.gray:
        return (luma((red, green, blue)),) * 3
    return red, green, blue


_Share: TypeAlias = NDArray[np.uint8]
"""How much of the other colour there is, 0 to 255; shape (H, W), or (H, W, 3) for each channel."""


def backdrop(
    rng: np.random.Generator, shape: tuple[int, int], style: Style, base: Colour
) -> RgbImage:
    """Draw the ground in the style's manner around its colour."""
    if style.backdrop == "plain":
        return filled(shape, base)
    other = between(rng, base, near(rng, style, base))
    if style.backdrop == "patches":
        return _patches(rng, shape, base, other)
    share = SHARES[style.backdrop](rng, shape)
    if share.ndim == 2:
        share = np.asarray(cv2.cvtColor(share, cv2.COLOR_GRAY2RGB), np.uint8)
    table = np.linspace(base, other, 256).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(share, table), np.uint8)


def filled(shape: tuple[int, ...], colour: Colour) -> RgbImage:
    """Return an image of one colour."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = np.tile(np.array(colour, np.uint8), shape[1]).reshape(1, shape[1], 3)
    return image


def _gradient(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    angle = float(rng.uniform(0, 2 * np.pi))
    down, across = (np.linspace(-45, 45, side, dtype=np.float32) for side in shape)
    share = across * np.float32(2 * np.cos(angle)) + (down * np.float32(2 * np.sin(angle)))[:, None]
    return (share + np.float32(127.5)).astype(np.uint8)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    (height, width), cell = shape, int(rng.integers(1, 4))
    channels = (3,) if rng.random() < 0.5 else ()
    small = rng.integers(0, 256, (-(-height // cell), -(-width // cell), *channels), np.uint8)
    size = small.shape[1] * cell, small.shape[0] * cell
    large = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large[:height, :width], np.uint8)


def _blobs(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    knots = int(rng.integers(2, 6)), int(rng.integers(3, 10)), 3
    small = rng.integers(0, 256, knots, np.uint8)
    large = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def _stripes(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    period, angle = float(rng.uniform(3, 14)), float(rng.uniform(0, np.pi))
    down, across = (np.arange(side, dtype=np.float32) for side in shape)
    phase = across * np.float32(np.cos(angle)) + (down * np.float32(np.sin(angle)))[:, None]
    on = phase % np.float32(period) < period * float(rng.uniform(0.15, 0.6))
    return on.astype(np.uint8) * np.uint8(255)


def _grid(rng: np.random.Generator, shape: tuple[int, int]) -> _Share:
    share = np.zeros(shape, np.uint8)
    rows, columns = (int(step) for step in rng.integers(4, 16, 2))
    share[int(rng.integers(rows)) :: rows] = 255
    share[:, int(rng.integers(columns)) :: columns] = 255
    return share


SHARES: dict[str, Callable[[np.random.Generator, tuple[int, int]], _Share]] = {
    "gradient": _gradient,
    "noise": _noise,
    "blobs": _blobs,
    "stripes": _stripes,
    "grid": _grid,
}


def _patches(
    rng: np.random.Generator, shape: tuple[int, int], base: Colour, other: Colour
) -> RgbImage:
    height, width = shape
    image = filled(shape, base)
    for _ in range(int(rng.integers(2, 9))):
        colour = between(rng, base, other)
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = int(rng.integers(4, width // 2 + 5)), int(rng.integers(4, height // 2 + 5))
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        else:
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(image, (x, y), (w // 2, h // 2), angle, 0, 360, colour, -1)
    return image


def lay(image: RgbImage, cover: Mask, paint: RgbImage | Colour) -> None:
    """Paint over an image in place, as far as ``cover`` says, with a colour or another image."""
    x, y, width, height = cv2.boundingRect(cover)
    if not width:
        return
    where = slice(y, y + height), slice(x, x + width)
    inked = cv2.merge([cover[where]] * 3)
    over = filled((height, width), paint) if isinstance(paint, tuple) else paint[where]
    behind = cv2.multiply(image[where], cv2.bitwise_not(inked), scale=1 / 255)
    image[where] = cv2.add(behind, cv2.multiply(over, inked, scale=1 / 255))


def coloured(owner: Mask, colours: Sequence[Colour]) -> RgbImage:
    """Return an image in which each pixel has the colour of its owner, a number of ``colours``."""
    table = np.zeros((1, 256, 3), np.uint8)
    table[0, : len(colours)] = colours
    return np.asarray(cv2.LUT(cv2.merge([owner] * 3), table), np.uint8)


_Points: TypeAlias = NDArray[np.float64]
"""Columns and rows, shape (N, 2)."""

_THICKEST = 1 / 14  # of the height: a thicker line hides what it crosses
_PARTS = 4  # bits below a pixel that OpenCV's lines know
_STEPS = np.linspace(0, 1, 40)  # along a curve
_NORMAL = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])


def draw_lines(
    rng: np.random.Generator, image: RgbImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's lines and arcs in place."""
    thickest = min(style.thickness, max(1, round(image.shape[0] * _THICKEST)))
    for number in range(style.lines + style.arcs):
        colour = text if style.line_ink else ink_colour(rng, style, behind)
        if rng.random() < 0.1:
            colour = behind  # a line that cuts through the glyphs
        points = _straight(rng, image) if number < style.lines else _curved(rng, image)
        thickness = int(rng.integers(1, thickest + 1))
        kind = cv2.LINE_8 if style.jagged else cv2.LINE_AA
        fixed = [np.round(points * 2**_PARTS).astype(np.int32)]
        cv2.polylines(image, fixed, False, colour, thickness, kind, _PARTS)


def _straight(rng: np.random.Generator, image: RgbImage) -> _Points:
    """Return a line from side to side, or a shorter one of any direction."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        x = [rng.uniform(-2, width * 0.3), rng.uniform(width * 0.7, width + 2)]
        return np.stack([x, rng.uniform(0, height, 2)], axis=1)
    start = rng.uniform(0, 1, 2) * (width, height)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.2) * height
    return np.stack([start, start + length * np.array([np.cos(angle), np.sin(angle)])])


def _curved(rng: np.random.Generator, image: RgbImage) -> _Points:
    """Return a wave from side to side, a Bezier curve, or a part of an ellipse."""
    height, width = image.shape[:2]
    choice = rng.random()
    if choice < 0.5:
        x = _STEPS * width * rng.uniform(0.7, 1.1)
        wave = np.sin(2 * np.pi * rng.uniform(0.4, 3) * _STEPS + rng.uniform(0, 2 * np.pi))
        y = height * (rng.uniform(0.25, 0.75) + rng.uniform(0.05, 0.35) * wave)
        return np.stack([x, y], axis=1)
    if choice < 0.8:
        s = _STEPS[:, None]
        powers = np.concatenate(
            [(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3], axis=1
        )
        curve: _Points = powers @ (rng.uniform(-0.1, 1.1, (4, 2)) * (width, height))
        return curve
    middle = rng.uniform(0, 1, 2) * (width, height)
    radius = rng.uniform(0.1, 1.0, 2) * (width / 2, height)
    angle = rng.uniform(0, 2 * np.pi) + _STEPS * rng.uniform(1.0, 2 * np.pi)
    ellipse: _Points = middle + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ellipse


def draw_dots(
    rng: np.random.Generator, image: RgbImage, style: Style, text: Colour, behind: Colour
) -> None:
    """Draw the style's spots in place."""
    height, width = image.shape[:2]
    largest = int(rng.integers(0, max(2, height // 16)))
    xs, ys = (rng.integers(0, side, style.dots).tolist() for side in (width, height))
    radii = rng.integers(0, largest + 1, style.dots).tolist()
    colour = text
    for number, (x, y, radius) in enumerate(zip(xs, ys, radii, strict=True)):
        if not style.line_ink and number % 4 == 0:
            colour = ink_colour(rng, style, behind)
        if largest == 0:
            image[y, x] = colour
        else:
            cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)


def speckle(rng: np.random.Generator, image: RgbImage, style: Style, text: Colour) -> None:
    """Replace a share of the pixels in place: by the glyphs' colour, by white and black, or any."""
    hit = chance(rng, image.shape[:2], style.speckle)
    count = int(hit.sum())
    choice = rng.random()
    if choice < 0.4:
        image[hit] = np.array(text, np.uint8)
    elif choice < 0.7 or style.gray:
        image[hit] = rng.integers(0, 2, (count, 1), np.uint8) * np.uint8(255)
    else:
        image[hit] = rng.integers(0, 256, (count, 3), np.uint8)


def grainy(rng: np.random.Generator, image: RgbImage, grain: float, gray: bool) -> RgbImage:
    """Return the image with normal noise of so many levels added, where ``gray`` without hues."""
    height, width = image.shape[:2]
    table = np.round(_NORMAL * grain).astype(np.int16)[None]
    channels = 1 if gray else 3
    levels = np.frombuffer(rng.bytes(height * width * channels), np.uint8)
    noise = cv2.LUT(levels.reshape(height, width, channels), table)
    if gray:
        noise = cv2.merge([noise, noise, noise])
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)

"""Images that hold no text, or letters of no alphabet: what a reader is lost with.

They show a general reader what it does not know. What its score is measured on, such as
photographs and the scripts of other typefaces, is drawn by none of this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.families import draw_height, draw_style
from captchascope.generate.noise import uniform
from captchascope.generate.paint import (
    Colour,
    backdrop,
    draw_dots,
    draw_lines,
    filled,
    grainy,
    ground,
    ink_colour,
)
from captchascope.generate.style import Style
from captchascope.generate.styled import draw_image, draw_text
from captchascope.records import RgbImage

_LOPSIDED = "23456789abcdefghjkmnpqrtuyBCDEFGJKLPQRSZ"  # few of which are letters when mirrored
_WIDEST = 5.0  # width to height
_KNOTS = 4  # of a curve, for each piece of scrawl
_PARTS = 4  # bits below a pixel that OpenCV's lines know
_STEPS = np.linspace(0, 1, 16, dtype=np.float32)[:, None]


def draw_foreign(kind: str, seed: int, number: int) -> RgbImage:
    """Draw one image of a kind of ``KINDS``; the same arguments give the same image.

    Args:
        kind: A name of ``KINDS``.
        seed: Of the whole set, at least 0.
        number: Of the image within it, at least 0.
    """
    rng = np.random.default_rng([seed, number, *kind.encode()])
    return KINDS[kind](rng)


def _blank(rng: np.random.Generator) -> RgbImage:
    """One colour, or a backdrop, and nothing on it."""
    style = draw_style(rng)
    if rng.random() < 0.5:
        return filled(_shape(rng), tuple(rng.integers(0, 256, 3).tolist()))
    return _softened(rng, backdrop(rng, _shape(rng), style, ground(rng, style)), style)


def _clutter(rng: np.random.Generator) -> RgbImage:
    """Draw what lies behind a text and over it, without the text."""
    style = draw_style(rng)
    behind = ground(rng, style)
    text = ink_colour(rng, style, behind)
    image = backdrop(rng, _shape(rng), style, behind)
    draw_dots(rng, image, style, text, behind)
    draw_lines(rng, image, style, text, behind)
    return _softened(rng, image, style)


def _noise(rng: np.random.Generator) -> RgbImage:
    """Pixels, or cells of some pixels, that know nothing of each other."""
    height, width = _shape(rng)
    cell = int(rng.integers(1, 5))
    shape = -(-height // cell), -(-width // cell), 1 if rng.random() < 0.4 else 3
    choice = rng.random()
    if choice < 0.4:
        small = rng.uniform(0, 256, shape)
    elif choice < 0.75:
        small = rng.normal(rng.uniform(0, 255), rng.uniform(10, 90), shape)
    else:
        low, high = rng.uniform(0, 256, (2, shape[2]))
        small = np.where(rng.random((*shape[:2], 1)) < rng.uniform(0.05, 0.95), low, high)
    levels = np.clip(small, 0, 255).astype(np.uint8).repeat(3 // shape[2], axis=2)
    size = shape[1] * cell, shape[0] * cell
    way = cv2.INTER_NEAREST if rng.random() < 0.6 else cv2.INTER_CUBIC
    image = np.asarray(cv2.resize(levels, size, interpolation=way), np.uint8)
    return image[:height, :width]


def _texture(rng: np.random.Generator) -> RgbImage:
    """Things of all sizes before each other, each shaded and grained, as photographs have them.

    It is the "dead leaves" model, whose statistics are those of natural images (Lee, Mumford and
    Huang 2001).
    """
    height, width = _shape(rng)
    image = _clouds(rng, (height, width))
    for _ in range(int(rng.integers(0, 120) * rng.random())):
        radius = 0.5 * height * min(1.5, 0.12 / math.sqrt(uniform(rng, 0.001, 1)))
        corners = int(rng.integers(3, 12))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = radius * rng.uniform(0.5, 1.2, (corners, 1)) * rng.uniform(0.5, 1.5, 2)
        outline = reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        outline += rng.uniform(0, 1, 2) * (width, height)
        low = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, (width - 1, height - 1))
        high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, low + 1, (width, height))
        part = image[low[1] : high[1], low[0] : high[0]]
        mask = np.zeros(part.shape[:2], np.uint8)
        fixed = np.round((outline - low) * 2**_PARTS).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _PARTS)
        part += (_clouds(rng, mask.shape) - part) * (mask[..., None] / np.float32(255))
    if rng.random() < 0.6:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), uniform(rng, 0.3, 1.5)), np.float32)
    if rng.random() < 0.4:
        image = image.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return np.clip(image, 0, 255).astype(np.uint8)


def _clouds(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return a colour that varies at every scale, the less the finer; shape (H, W, 3)."""
    height, width = shape
    image = np.tile(rng.uniform(0, 255, 3).astype(np.float32), (height, width, 1))
    strength, fade = uniform(rng, 0, 50), uniform(rng, 0.4, 0.9)
    tint = rng.uniform(0.5, 1, 3).astype(np.float32)
    for knots in (2, 4, 8, 16, 32):
        if knots > height:
            break
        coarse = rng.normal(0, strength, (knots, knots * 2)).astype(np.float32)
        fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        image += fine[..., None] * tint
        strength *= fade
    return image


def _scrawl(rng: np.random.Generator) -> RgbImage:
    """Curves that nobody can read, in one piece or in several."""
    style = draw_style(rng)
    behind = ground(rng, style)
    height, width = _shape(rng)
    image = backdrop(rng, (height, width), style, behind)
    colour = ink_colour(rng, style, behind)
    pieces = int(rng.integers(1, 9))
    reach = width if pieces == 1 else uniform(rng, 0.3, 1.2) * height
    for _ in range(pieces):
        middle = rng.uniform(0.1, 0.9, 2) * (width, height)
        size = np.array([reach, height * uniform(rng, 0.3, 0.9)])
        knots = middle + size * rng.uniform(-0.5, 0.5, (int(rng.integers(1, 9)) * 3 + 1, 2))
        curve = np.concatenate(
            [_bezier(knots[i : i + _KNOTS]) for i in range(0, len(knots) - 1, 3)]
        )
        thickness = int(rng.integers(1, max(3, height // 10)))
        if style.colours:
            colour = ink_colour(rng, style, behind)
        _draw(image, curve, colour, thickness)
    return _softened(rng, image, style)


def _bezier(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    s = _STEPS
    weights = [(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3]
    return np.asarray(np.concatenate(weights, axis=1) @ knots, np.float64)


def _strokes(rng: np.random.Generator) -> RgbImage:
    """Signs of a script that there isn't: strokes, hooks and rings on a lattice, side by side."""
    style = draw_style(rng)
    behind = ground(rng, style)
    count = int(rng.integers(2, 8))
    height = draw_height(rng)
    tall = height * uniform(rng, 0.45, 0.8)
    wide = tall * uniform(rng, 0.6, 1.1)
    gap = tall * uniform(rng, 0, 0.4)
    image = backdrop(rng, (height, round(count * (wide + gap) + tall)), style, behind)
    colour = ink_colour(rng, style, behind)
    if not style.over:
        draw_lines(rng, image, style, colour, behind)
    lattice, thickness = int(rng.integers(2, 6)), max(1, round(tall * uniform(rng, 0.03, 0.13)))
    busy, rings, bent = int(rng.integers(2, 13)), rng.random() * 0.4, rng.random() * 0.8
    for place in range(count):
        corner = np.array([tall / 2 + place * (wide + gap), (height - tall) / 2])
        corner[1] += rng.uniform(-0.5, 0.5) * (height - tall)
        if style.colours:
            colour = ink_colour(rng, style, behind)
        for _ in range(int(rng.integers(2, busy + 1))):
            ends = rng.integers(0, lattice + 1, (2, 2)) / lattice
            straight = rng.random() < 0.6
            if straight:  # along one axis
                axis = int(rng.integers(2))
                ends[1, axis] = ends[0, axis]
            if rng.random() < rings:
                turn = np.linspace(0, uniform(rng, np.pi, 2 * np.pi), 24) + uniform(rng, 0, 6.3)
                round_ = np.stack([np.cos(turn), np.sin(turn)], axis=1)
                stroke = ends[:1] + uniform(rng, 0.08, 0.35) * round_
            elif rng.random() < bent:
                stroke = _bezier(
                    np.linspace(ends[0], ends[1], _KNOTS) + rng.normal(0, 0.2, (_KNOTS, 2))
                )
            else:
                stroke = ends
            _draw(image, corner + stroke * (wide, tall), colour, thickness)
    if style.over:
        draw_lines(rng, image, style, colour, behind)
    return _softened(rng, image, style)


def _draw(image: RgbImage, points: NDArray[np.float64], colour: Colour, thickness: int) -> None:
    fixed = [np.round(points * 2**_PARTS).astype(np.int32)]
    cv2.polylines(image, fixed, False, colour, thickness, cv2.LINE_AA, _PARTS)


def _mirrored(rng: np.random.Generator) -> RgbImage:
    """Draw a text as it is in a mirror, or on its head: strokes of letters, but no letters."""
    image = _lopsided(rng)
    return np.ascontiguousarray(image[:, ::-1] if rng.random() < 0.5 else image[::-1])


def _dense(rng: np.random.Generator) -> RgbImage:
    """Texts over each other, of which some are turned: characters of very many strokes."""
    first = _lopsided(rng)
    height, width = first.shape[:2]
    darker = first.mean() > 127
    for turn in rng.permutation(3)[: rng.integers(1, 3)].tolist():
        other = _lopsided(rng) if rng.random() < 0.3 else first
        other = (other[:, ::-1], other[::-1], other[::-1, ::-1])[turn]
        other = np.asarray(
            cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        first = np.minimum(first, other) if darker else np.maximum(first, other)
    return np.ascontiguousarray(first)


def _lopsided(rng: np.random.Generator) -> RgbImage:
    style = replace(draw_style(rng), charset=_LOPSIDED)
    return draw_image(rng, style, draw_text(rng, style), draw_height(rng))


def _shape(rng: np.random.Generator) -> tuple[int, int]:
    height = draw_height(rng)
    return height, round(height * uniform(rng, 1.5, _WIDEST))


def _softened(rng: np.random.Generator, image: RgbImage, style: Style) -> RgbImage:
    """Blur, and add grain, as the style asks."""
    if style.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), style.blur), np.uint8)
    return grainy(rng, image, style.grain, style.gray) if style.grain else image


KINDS: dict[str, Callable[[np.random.Generator], RgbImage]] = {
    "blank": _blank,
    "clutter": _clutter,
    "noise": _noise,
    "texture": _texture,
    "scrawl": _scrawl,
    "strokes": _strokes,
    "mirrored": _mirrored,
    "dense": _dense,
}
"""What is drawn, by name."""

"""One captcha in a style: layout, paint, clutter, distortion, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.backdrop import ColourImage, backdrop
from captchascope.generate.clutter import draw_dots, draw_lines, speckle
from captchascope.generate.colour import Colour, ground, ink
from captchascope.generate.layout import Line, lay_out
from captchascope.generate.noise import uniform
from captchascope.generate.style import Style
from captchascope.generate.warp import field, warped

__all__ = ["draw_image", "draw_text"]

_WIDEST = 6.0  # times the height, of an image without a given size


def draw_text(rng: np.random.Generator, style: Style) -> str:
    """Draw a text of the style's alphabet and lengths."""
    count = int(rng.integers(style.length[0], style.length[1] + 1))
    return "".join(style.charset[i] for i in rng.integers(0, len(style.charset), count))


def draw_image(rng: np.random.Generator, style: Style, text: str, height: int) -> ColourImage:
    """Draw ``text``; shape (height, width, 3), or the style's size where it has one."""
    tall = height if style.size is None else style.size[0]
    tall = round(tall * style.shrink)
    line, width = _fitted(rng, style, text, tall)
    behind = ground(rng, style)
    image = backdrop(rng, (tall, width), style, behind)
    colours = [ink(rng, style, behind)]
    if style.colours:
        colours += [ink(rng, style, behind) for _ in text[1:]]
    if not style.over:
        draw_lines(rng, image, style, colours[0], behind)
    draw_dots(rng, image, style, colours[0], behind)
    layer = _layer(rng, style, line, (tall, width), colours)
    if style.warp or style.slant:
        bend = field(rng, (tall, width), style)
        layer = warped(layer, bend)
        if rng.random() < 0.3:
            image = warped(image, bend)
    image = _blended(image, layer)
    if style.over:
        draw_lines(rng, image, style, colours[0], behind)
    if style.speckle:
        speckle(rng, image, style, colours[0])
    return _finished(rng, image, style)


def _fitted(rng: np.random.Generator, style: Style, text: str, tall: int) -> tuple[Line, int]:
    """Lay the text out so that it fits, and return the image's width."""
    cap = tall * uniform(rng, *style.height)
    line = lay_out(rng, text, style, cap)
    if style.size is not None:
        width = round(style.size[1] * style.shrink)
    else:
        room = 1.05 + 0.9 * rng.random() ** 2
        width = round(min(max(line.width * room + 8, 1.5 * tall), _WIDEST * tall))
    room = width - 6
    if line.width > room:
        squeeze = max(room / line.width, 0.72)
        line = lay_out(rng, text, style, cap, squeeze)
    if line.width > room:
        line = lay_out(rng, text, style, cap * 0.95 * room / line.width, squeeze)
    return line, width


def _layer(
    rng: np.random.Generator,
    style: Style,
    line: Line,
    shape: tuple[int, int],
    colours: list[Colour],
) -> NDArray[np.uint8]:
    """Paint the glyphs onto nothing: RGB and coverage, shape (H, W, 4)."""
    height, width = shape
    layer = np.zeros((height, width, 4), np.uint8)
    layer[..., :3] = colours[0]
    spare = max(width - line.width, 0)
    left = uniform(rng, 1, spare - 1) if style.anywhere else spare / 2 + uniform(rng, -1, 1)
    reach = max(height - line.height, 0) / 2
    middle = height / 2 + (reach * uniform(rng, -1, 1) if style.anywhere else 0)
    for number, glyph in enumerate(line.glyphs):
        mask = _filled(rng, style, glyph.mask)
        y, x = round(middle + glyph.drop - glyph.middle), round(left) + glyph.left
        y0, x0 = max(y, 0), max(x, 0)
        y1, x1 = min(y + mask.shape[0], height), min(x + mask.shape[1], width)
        if y0 >= y1 or x0 >= x1:
            continue
        seen = mask[y0 - y : y1 - y, x0 - x : x1 - x]
        part = layer[y0:y1, x0:x1]
        if style.colours:
            part[..., :3][seen > 60] = colours[number].astype(np.uint8)
        np.maximum(part[..., 3], seen, out=part[..., 3])
    return layer


def _filled(rng: np.random.Generator, style: Style, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Thicken the strokes, and fill them as the style says."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    if style.bold > 0:
        mask = np.asarray(cv2.dilate(mask, cross, iterations=style.bold), np.uint8)
    elif style.bold < 0 and mask.shape[0] > 60:
        mask = np.asarray(cv2.erode(mask, cross), np.uint8)
    if style.fill == "hollow":
        wide = cv2.dilate(mask, cross)
        mask = np.asarray(cv2.subtract(wide, cv2.erode(mask, cross)), np.uint8)
    elif style.fill == "dotted":
        y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
        step = int(rng.integers(2, 5))
        on = ((x + y) % step != 0) if rng.random() < 0.5 else (rng.random(mask.shape) < 0.65)
        mask = mask * on.astype(np.uint8)
    elif style.fill == "gradient":
        fade = np.linspace(uniform(rng, 0.45, 1), uniform(rng, 0.45, 1), mask.shape[0])
        mask = (mask * fade[:, None]).astype(np.uint8)
    return np.where(mask > 110, 255, 0).astype(np.uint8) if style.jagged else mask


def _blended(image: ColourImage, layer: NDArray[np.uint8]) -> ColourImage:
    share = layer[..., 3:].astype(np.uint16)
    return ((image * (255 - share) + layer[..., :3] * share) // 255).astype(np.uint8)


def _finished(rng: np.random.Generator, image: ColourImage, style: Style) -> ColourImage:
    """Shrink, blur, and add grain."""
    if style.shrink != 1:
        height, width = image.shape[:2]
        size = max(round(width / style.shrink), 8), max(round(height / style.shrink), 8)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    if style.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), style.blur), np.uint8)
    if style.grain:
        noise = rng.normal(0, style.grain, (*image.shape[:2], 1 if style.gray else 3))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if style.gray:
        image[:] = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    return image

"""One captcha in a style: layout, paint, clutter, distortion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope.generate.layout import Line, fitted, textured
from captchascope.generate.paint import (
    Colour,
    Drawn,
    backdrop,
    between,
    coloured,
    draw_dots,
    draw_lines,
    grainy,
    ground,
    ink_colour,
    lay,
    speckle,
)
from captchascope.generate.style import Style
from captchascope.generate.typefaces import Mask
from captchascope.records import RgbImage


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """How far to the right (``dx``) and down of each pixel, shape (H, W), is the one it takes."""

    dx: NDArray[np.float32]
    dy: NDArray[np.float32]

    def bent(
        self, image: NDArray[np.uint8], share: float, border: int, pixels: int = cv2.INTER_LINEAR
    ) -> NDArray[np.uint8]:
        """Return an image bent to a share of the whole way.

        The border and what lies between pixels are as OpenCV makes them; INTER_NEAREST is for
        levels that are numbers and cannot be mixed.
        """
        height, width = self.dx.shape
        x, y = self.dx * np.float32(share), self.dy * np.float32(share)
        x += np.arange(width, dtype=np.float32)
        y += np.arange(height, dtype=np.float32)[:, None]
        return np.asarray(cv2.remap(image, x, y, pixels, borderMode=border), np.uint8)


def draw_bend(rng: np.random.Generator, shape: tuple[int, int], style: Style) -> Bend:
    """Draw one displacement for all pixels of an image of this shape."""
    dx, dy = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    height, width = shape
    reach = style.warp * height * float(rng.uniform(0.3, 1.0))
    if style.warp and rng.random() < 0.75:  # one or two waves along each axis
        count = int(rng.integers(1, 3))
        for part, side, low, high in ((dy, width, 0.4, 1.0), (dx, height, 0.2, 0.8)):
            steps = np.arange(side)
            wave = np.zeros(side)
            for _ in range(count):
                length = height * rng.uniform(0.7, 4.0)
                wave += np.sin(2 * np.pi / length * steps + rng.uniform(0, 2 * np.pi))
            wave = (wave * (reach * rng.uniform(low, high))).astype(np.float32)
            part += wave if part is dy else wave[:, None]
    elif style.warp:
        knots = int(rng.integers(2, 5)), int(rng.integers(3, 9))
        for part in (dx, dy):
            coarse = rng.uniform(-1.6 * reach, 1.6 * reach, knots).astype(np.float32)
            part += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if style.slant:  # shear along both axes, and taper
        u = np.linspace(-0.5, 0.5, width, dtype=np.float32)
        v = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
        a, b, c, d = (style.slant * rng.uniform(-1, 1, 4)).astype(np.float32)
        dx += v * (height * a + (width * b / 2) * u)
        dy += u * (height * c + (height * d) * v)
    return Bend(dx, dy)


_LOSSLESS = 95  # the JPEG quality that comes close to it

_FAINT = 60  # coverage that may touch the border
_MOST_BLUR = 1 / 40  # of the height
_LEAST_BEND = 0.1  # of the whole way
_GROUND_BENDS = 0.3  # of the images that are bent


def draw_styled(
    rng: np.random.Generator, style: Style, height: int = 50, text: str | None = None
) -> Drawn:
    """Draw a captcha, of any text where none is given; arguments as ``draw_image``.

    One in gray has one channel. The label is the text without its spaces.
    """
    text = draw_text(rng, style) if text is None else text
    image = draw_image(rng, style, text, height)
    label, quality = text.replace(" ", ""), style.quality or _LOSSLESS
    return Drawn(image[..., 0] if style.gray else image, label, {}, quality)


def draw_text(rng: np.random.Generator, style: Style) -> str:
    """Draw a text of the style's alphabet and lengths."""
    count = int(rng.integers(style.length[0], style.length[1] + 1))
    return "".join(style.charset[i] for i in rng.integers(0, len(style.charset), count))


def draw_image(rng: np.random.Generator, style: Style, text: str, height: int = 50) -> RgbImage:
    """Draw ``text``, of ``CHARACTERS`` with spaces between, all of it inside the image.

    Where the style has no size, the image is ``height`` pixels high.
    """
    tall = round((height if style.size is None else style.size[0]) * style.shrink)
    line, shape, start = fitted(rng, text, style, tall)
    behind = ground(rng, style)
    image = backdrop(rng, shape, style, behind)
    colours = [ink_colour(rng, style, behind) for _ in (text if style.colours else text[:1])]
    if not style.over:
        draw_lines(rng, image, style, colours[0], behind)
    draw_dots(rng, image, style, colours[0], behind)
    cover, owner = _layer(rng, style, line, shape, start)
    if style.warp or style.slant:
        image, cover, owner = _bent(rng, style, image, cover, owner)
    if style.fill == "shadow":
        _shadow(rng, image, cover, between(rng, colours[0], behind))
    lay(image, cover, colours[0] if len(colours) == 1 else coloured(owner, colours))
    if style.over:
        draw_lines(rng, image, style, colours[0], behind)
    if style.speckle:
        speckle(rng, image, style, colours[0])
    return _finished(rng, image, style)


def _layer(
    rng: np.random.Generator,
    style: Style,
    line: Line,
    shape: tuple[int, int],
    start: tuple[int, int],
) -> tuple[Mask, Mask]:
    """Lay the glyphs onto nothing; return how much of a pixel is inked, and by which of them."""
    cover, owner = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for number, glyph in enumerate(line.glyphs):  # so that no rim has another glyph's colour
        owner[:, max(start[1] + glyph.left - 2, 0) :] = number
    for number, glyph in enumerate(line.glyphs):
        mask = textured(rng, glyph.mask, style)
        y, x = start[0] + glyph.top, start[1] + glyph.left
        y0, x0 = max(y, 0), max(x, 0)
        part = cover[y0 : y + mask.shape[0], x0 : x + mask.shape[1]]
        seen = mask[y0 - y :, x0 - x :][: part.shape[0], : part.shape[1]]
        if style.colours:
            above = owner[y0 : y + mask.shape[0], x0 : x + mask.shape[1]]
            np.copyto(above, np.uint8(number), where=seen > part // 2)
        np.maximum(part, seen, out=part)
    return cover, owner


def _bent(
    rng: np.random.Generator, style: Style, image: RgbImage, upright: Mask, owner: Mask
) -> tuple[RgbImage, Mask, Mask]:
    """Bend the glyphs, and now and then the ground, but no glyph out of the image."""
    bend, share = draw_bend(rng, upright.shape, style), 1.0
    cover = bend.bent(upright, share, cv2.BORDER_CONSTANT)
    rim = math.ceil(style.shrink)
    while _touches_border(cover, rim) and share > _LEAST_BEND:
        share *= 0.65
        cover = bend.bent(upright, share, cv2.BORDER_CONSTANT)
    if style.colours:
        owner = bend.bent(owner, share, cv2.BORDER_REPLICATE, cv2.INTER_NEAREST)
    if rng.random() < _GROUND_BENDS:
        image = bend.bent(image, share, cv2.BORDER_REPLICATE)
    return image, cover, owner


def _touches_border(cover: Mask, rim: int) -> bool:
    """Tell whether there is ink in the outermost ``rim`` pixels."""
    ends = cover[:rim], cover[-rim:], cover[:, :rim], cover[:, -rim:]
    return any(end.max() > _FAINT for end in ends)


def _shadow(rng: np.random.Generator, image: RgbImage, cover: Mask, colour: Colour) -> None:
    """Paint the glyphs a little to the side, in place."""
    reach = max(2, round(cover.shape[0] / 25))
    down, across = (int(step) for step in rng.integers(1, reach + 1, 2))
    moved = np.zeros_like(cover)
    moved[down:, across:] = cover[:-down, :-across]
    lay(image, moved, colour)


def _finished(rng: np.random.Generator, image: RgbImage, style: Style) -> RgbImage:
    """Shrink, blur, and add grain."""
    if style.shrink != 1:
        height, width = image.shape[:2]
        size = max(round(width / style.shrink), 8), max(round(height / style.shrink), 8)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    if style.blur:
        sigma = min(style.blur, image.shape[0] * _MOST_BLUR)
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    if style.grain:
        image = grainy(rng, image, style.grain, style.gray)
    if style.gray:
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)
    return image

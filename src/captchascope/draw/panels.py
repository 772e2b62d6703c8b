"""One panel per stage, from the image to the text."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from PIL import Image

from captchascope.draw import captions
from captchascope.draw.bars import draw_network
from captchascope.draw.canvas import (
    INK,
    MUTED,
    WIDTH,
    RGBImage,
    View,
    blank,
    labelled,
    scale_for,
)
from captchascope.draw.glyphrows import draw_repair
from captchascope.draw.histogram import draw_histogram
from captchascope.draw.lettering import fitting_size, line_height, put, wrap
from captchascope.draw.picture import Explained, Panel
from captchascope.glyphs.denoise import ComponentMap
from captchascope.glyphs.kind import histogram
from captchascope.glyphs.scheme import Split
from captchascope.glyphs.segment import crop, cut_columns
from captchascope.records import GrayImage

__all__ = ["panels"]

Pictures: TypeAlias = tuple[Image.Image, ...]

# Colours that the colour-blind can tell apart: Okabe and Ito's without the yellow, pale on white,
# and the darker ones of Paul Tol's muted scheme. With more components they repeat.
_COMPONENTS = (
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233),
    (213, 94, 0), (0, 0, 0), (153, 153, 51), (136, 34, 85), (51, 34, 136),
)  # fmt: skip
_DROPPED = (208, 208, 208)
_THICK_CUTS = 24  # pixels of a glyph; the cuts of narrower ones are drawn thinner
_SIZES = range(180, 27, -4)
"""Of the text that was read, in pixels."""


def panels(it: Explained) -> list[Panel]:
    """Draw every stage, in order."""
    return [
        Panel("1 kind", captions.kind_caption(it), _kind(it)),
        Panel("2 denoise", captions.denoise_caption(it), _denoise(it)),
        Panel("3 binarize", captions.binarize_caption(it), _binarize(it)),
        Panel("4 components", captions.components_caption(it), _components(it)),
        Panel("5 clip", captions.clip_caption(it), _clip(it)),
        Panel("6 split", captions.split_caption(it), _split(it)),
        Panel("7 repair", captions.repair_caption(it), (draw_repair(it.glyphs),)),
        Panel("8 recognise", captions.network_caption(it), (draw_network(it),)),
        Panel("9 reading", captions.reading_caption(it), _reading(it)),
    ]


def _view(pixels: GrayImage | RGBImage) -> View:
    return View(pixels, scale_for(*pixels.shape[:2]))


def _kind(it: Explained) -> Pictures:
    bounds = [b for b in captions.bounds(it.scheme, it.located.kind) if b is not None]
    gray = it.located.gray
    return _view(gray).image, draw_histogram(histogram(gray), bounds)


def _denoise(it: Explained) -> Pictures:
    before, after = _view(it.located.gray).image, _view(it.located.denoised).image
    return labelled("before", before), labelled("after", after)


def _binarize(it: Explained) -> Pictures:
    return (_view(255 - it.located.binary).image,)


def _components(it: Explained) -> Pictures:
    found = it.located.components
    return (_view(_colours(found)[found.labels]).image,)


def _colours(found: ComponentMap) -> RGBImage:
    """Return the colour of the ground and of every component, shape (N + 1, 3)."""
    colours = np.full((len(found.kept) + 1, 3), _DROPPED, np.uint8)
    colours[0] = 255
    kept = np.flatnonzero(found.kept)
    in_order = kept[np.argsort(found.boxes[kept, 0], kind="stable")]
    for i, component in enumerate(in_order):
        colours[component + 1] = _COMPONENTS[i % len(_COMPONENTS)]
    return colours


def _clip(it: Explained) -> Pictures:
    views = []
    for name, pixels in (("cleaned", 255 - it.located.cleaned), ("original", it.located.gray)):
        view = _view(pixels)
        if it.scheme.clip.right_limit < pixels.shape[1]:
            view.mark(it.scheme.clip.right_limit)
        view.outline(it.located.box)
        views.append(labelled(name, view.image))
    return tuple(views)


def _split(it: Explained) -> Pictures:
    columns = it.located.columns
    first = cut_columns(columns[-1], Split(it.scheme.split.parts[:1]))
    views = []
    cut, original = np.hstack(it.glyphs.cuts), crop(it.located.gray, it.located.box)
    for name, pixels in (("binary", 255 - cut), ("original", original)):
        view = _view(pixels)
        thin = 2 if view.image.width > _THICK_CUTS * len(columns) else 1
        for column in columns[1:-1]:
            view.cut(column, 2 * thin if column in first else thin)
        views.append(labelled(name, view.image))
    return tuple(views)


def _reading(it: Explained) -> Pictures:
    return _view(it.located.gray).image, _text(it)


def _text(it: Explained) -> Image.Image:
    text, colour = ("no text", MUTED) if it.text is None else (it.text, INK)
    size = fitting_size(text, _SIZES, WIDTH if it.text else WIDTH // 3)
    lines = wrap(text, size, WIDTH)
    canvas = blank(WIDTH, line_height(size) * len(lines))
    for i, line in enumerate(lines):
        put(canvas, (0, i * line_height(size)), line, size, colour)
    return canvas

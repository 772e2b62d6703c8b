"""What each stage did, in one sentence, with the scheme's figures and those of the image."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from PIL import Image

from captchascope.draw.canvas import (
    INK,
    MUTED,
    WIDTH,
    RGBImage,
    View,
    blank,
    fitting_size,
    labelled,
    line_height,
    put,
    scale_for,
    wrap,
)
from captchascope.draw.charts import draw_histogram, draw_network, draw_repair
from captchascope.draw.picture import Explained, Panel
from captchascope.glyphs.preprocess import ComponentMap, count_black, histogram
from captchascope.glyphs.scheme import Scheme, Split
from captchascope.glyphs.segmentation import crop, cut_columns
from captchascope.records import GrayImage

_NAMED_MOVES = 4


def bounds(scheme: Scheme, kind: int) -> tuple[int | None, int | None]:
    """Return the numbers of black pixels between which an image is of ``kind`` (1-based).

    It has more than the first number, and not more than the second; None where there is none.
    """
    above = scheme.kinds[kind - 1].more_black_than
    below = min((k.more_black_than for k in scheme.kinds[: kind - 1]), default=None)
    return (above if above >= 0 else None), below


def kind_caption(it: Explained) -> str:
    """Stage 1."""
    black = count_black(it.located.gray)
    above, below = bounds(it.scheme, it.located.kind)
    rules = [f"more than {above:,}"] if above is not None else []
    rules += [f"not more than {below:,}"] if below is not None else []
    name = it.scheme.kinds[it.located.kind - 1].name
    counted = f"{_count(black, 'pixel')} of pure black (0)"
    rule = f"{counted}, {' and '.join(rules)}" if rules else f"{counted}, any number will do"
    return f"{rule}: kind {it.located.kind}, {name}."


def denoise_caption(it: Explained) -> str:
    """Stage 2."""
    kind = it.scheme.kinds[it.located.kind - 1]
    if kind.blur == "none":
        return f"Kind {it.located.kind} is not blurred."
    size = f"{kind.blur_size}x{kind.blur_size}"
    if kind.blur == "median":
        return f"Median blur {size}: each pixel becomes the median of its neighbourhood."
    return f"Gaussian blur {size}: each pixel becomes a weighted mean of its neighbourhood."


def binarize_caption(it: Explained) -> str:
    """Stage 3."""
    threshold = it.scheme.kinds[it.located.kind - 1].threshold
    rule = "at most" if it.scheme.ink == "dark" else "above"
    ink = int((it.located.binary > 0).sum())
    return f"Ink is {rule} {threshold}: {_count(ink, 'pixel')} of ink, drawn black here."


def components_caption(it: Explained) -> str:
    """Stage 4."""
    found, rule = it.located.components, it.scheme.components
    dropped = int((~found.kept).sum())
    total = f"{_count(len(found.kept), 'component')}, {rule.connectivity}-connected"
    kept = f"{len(found.kept) - dropped:,} kept (coloured)"
    return f"{total}: {dropped:,} under {rule.min_area} pixels dropped (gray), {kept}."


def clip_caption(it: Explained) -> str:
    """Stage 5."""
    left, top, right, bottom = it.located.box
    where = f"Columns {left} to {right - 1}, rows {top} to {bottom - 1}"
    limit = it.scheme.clip.right_limit
    edges = f"left edge fixed, right edge that of the last component to end before column {limit}"
    return f"{where}: {edges} (dashed)."


def split_caption(it: Explained) -> str:
    """Stage 6."""
    columns, parts = it.located.columns, it.scheme.split.parts
    widths = sorted(b - a for a, b in pairwise(columns))
    wide = f"{widths[0]}" if widths[0] == widths[-1] else f"{widths[0]} to {widths[-1]}"
    rule = ", each again into ".join(map(str, parts))
    total = _count(len(widths), "glyph")
    source = "" if it.scheme.clip.crop == "cleaned" else " The uncleaned binary image is cut."
    return f"{columns[-1]} columns cut into {rule}: {total}, {wide} columns wide.{source}"


def repair_caption(it: Explained) -> str:
    """Stage 7."""
    rule, moves = it.scheme.repair, it.glyphs.moves
    if not rule.enabled:
        return "Switched off in this scheme: nothing to move."
    share = f"{100 * rule.narrower_than:g} %"
    what = f"A part at the left border, narrower than {share} of its glyph, goes to the one before"
    if not moves:
        return f"{what}: nothing to move."
    named = [f"{m.glyph + 1} to {m.glyph} ({_count(m.width, 'column')})" for m in moves]
    more = [f"{len(named) - _NAMED_MOVES} more"] if len(named) > _NAMED_MOVES else []
    return f"{what}: from glyph {', '.join([*named[:_NAMED_MOVES], *more])}."


def network_caption(it: Explained) -> str:
    """Stage 8."""
    seen = it.glyphs.fitted if it.seen is None else it.seen
    size = f"{seen.shape[2]}x{seen.shape[1]}"
    what = (
        f"The repaired glyphs, resized to {size}"
        if it.seen is None
        else f"The network reads windows of {size} gray pixels around the cuts"
    )
    again = ""
    if it.right is not None and it.right != it.located.box[2]:
        again = f" It was unsure, so the text was cut again, to end before column {it.right}."
    return f"{what}, and how probable each character is, in percent.{again}"


def reading_caption(it: Explained) -> str:
    """Stage 9."""
    percent = f"{100 * it.confidence:.1f} %"
    sure = f"{percent} sure that all of it is right"
    if it.text is None:
        return f"Abstained: the reader was only {percent} sure."
    likely = "".join(it.charset[i] for i in it.probabilities.argmax(axis=1))
    rest = "." if it.text == likely else f"; without constraints, {likely} is most probable."
    return f"{_count(len(it.text), 'character')}, {sure}{rest}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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
        Panel("1 kind", kind_caption(it), _kind(it)),
        Panel("2 denoise", denoise_caption(it), _denoise(it)),
        Panel("3 binarize", binarize_caption(it), _binarize(it)),
        Panel("4 components", components_caption(it), _components(it)),
        Panel("5 clip", clip_caption(it), _clip(it)),
        Panel("6 split", split_caption(it), _split(it)),
        Panel("7 repair", repair_caption(it), (draw_repair(it.glyphs),)),
        Panel("8 recognise", network_caption(it), (draw_network(it),)),
        Panel("9 reading", reading_caption(it), _reading(it)),
    ]


def _view(pixels: GrayImage | RGBImage) -> View:
    return View(pixels, scale_for(*pixels.shape[:2]))


def _kind(it: Explained) -> Pictures:
    limits = [b for b in bounds(it.scheme, it.located.kind) if b is not None]
    gray = it.located.gray
    return _view(gray).image, draw_histogram(histogram(gray), limits)


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

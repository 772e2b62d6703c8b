"""A reading by glyphs with all its stages: a panel for each, in one PNG or an animated GIF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

import captchascope.draw.canvas as draw
from captchascope.draw.charts import draw_histogram, draw_network, draw_repair
from captchascope.errors import SegmentationError
from captchascope.glyphs.inputs import prepare_glyphs
from captchascope.glyphs.preprocess import count_black, histogram
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme, Split
from captchascope.glyphs.segmentation import (
    Glyphs,
    Located,
    cropped,
    cut_columns,
    cut_glyphs,
    locate,
)
from captchascope.records import FloatArray, GrayImage, RgbImage

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
_NAMED_MOVES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One reading with everything that led to it.

    Attributes:
        name: What the image is called, such as its file name.
        scheme: The figures of the stages.
        located: What stages 1 to 6 made of the image.
        glyphs: What stage 7 made of that.
        probabilities: Shape (N, C), of each glyph for each character of ``charset``.
        charset: The C characters.
        text: What was read; None where the reader abstained.
        confidence: The probability, 0 to 1, that the whole text is right.
        seen: What the network saw, shape (N, height, width), ink high, where it reads windows;
            None where it reads the fitted glyphs.
        right: The right edge of the cuts that it was read by, where that is another than
            ``located`` has; None where it is the same.
    Raises:
        ValueError: If the shapes do not agree.
    """

    name: str
    scheme: Scheme
    located: Located
    glyphs: Glyphs
    probabilities: FloatArray
    charset: str
    text: str | None
    confidence: float
    seen: GrayImage | None = None
    right: int | None = None

    def __post_init__(self) -> None:
        wanted = len(self.glyphs.fitted), len(self.charset)
        if self.probabilities.shape != wanted:
            raise ValueError(f"probabilities must have the shape {wanted}")
        if self.seen is not None and (self.seen.ndim != 3 or len(self.seen) != wanted[0]):
            raise ValueError(f"seen must have the shape ({wanted[0]}, height, width)")


def explain_reading(recogniser: GlyphRecogniser, gray: GrayImage, name: str) -> Explanation:
    """Read ``gray``, shape (H, W), and keep every stage.

    Stages 5 to 7 show the first cuts, as their rules made them; what the network saw is from the
    cuts that the reader took in the end.

    Raises:
        SegmentationError: If the image cannot be cut; it names ``name``.
    """
    try:
        final, probabilities = recogniser.one(gray)
    except SegmentationError as error:
        raise SegmentationError(name, error.what, error.remedy) from None
    located = locate(gray, recogniser.scheme)
    reading = recogniser.decode(probabilities)
    window = recogniser.spec.kind == "window"
    return Explanation(
        name=Path(name).name,
        scheme=recogniser.scheme,
        located=located,
        glyphs=cut_glyphs(located, recogniser.scheme),
        probabilities=probabilities,
        charset=recogniser.charset.chars,
        text=reading.text,
        confidence=reading.confidence,
        seen=prepare_glyphs(final, recogniser.scheme, recogniser.spec) if window else None,
        right=final.box[2],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The pictures of one stage.

    Attributes:
        title: The number and name of the stage.
        caption: The figures that it used, as one sentence.
        pictures: RGB images, each ``canvas.WIDTH`` pixels wide at most.
    """

    title: str
    caption: str
    pictures: tuple[Image.Image, ...]

    @property
    def image(self) -> Image.Image:
        """The pictures in one: beside one another where they fit, else one below the other."""
        return draw.flow(self.pictures)


def draw_panels(shown: Explanation) -> list[Panel]:
    """Draw every stage, in order."""
    stages = _kind, _denoise, _binarize, _components, _clip, _split, _repair, _recognise, _reading
    return [stage(shown) for stage in stages]


def kind_bounds(scheme: Scheme, kind: int) -> tuple[int | None, int | None]:
    """Return the numbers of black pixels between which an image is of ``kind`` (1-based).

    It has more than the first number, and not more than the second; None where there is none.
    """
    above = scheme.kinds[kind - 1].more_black_than
    below = min((k.more_black_than for k in scheme.kinds[: kind - 1]), default=None)
    return (above if above >= 0 else None), below


def _kind(shown: Explanation) -> Panel:
    kind, gray = shown.located.kind, shown.located.gray
    above, below = kind_bounds(shown.scheme, kind)
    rules = [f"more than {above:,}"] if above is not None else []
    rules += [f"not more than {below:,}"] if below is not None else []
    rule = " and ".join(rules) if rules else "any number will do"
    black = f"{_count(count_black(gray), 'pixel')} of pure black (0)"
    caption = f"{black}, {rule}: kind {kind}, {shown.scheme.kinds[kind - 1].name}."
    drawn = draw_histogram(histogram(gray), [b for b in (above, below) if b is not None])
    return Panel("1 kind", caption, (_view(gray).image, drawn))


def _denoise(shown: Explanation) -> Panel:
    kind = shown.scheme.kinds[shown.located.kind - 1]
    blur, size = kind.blur.capitalize(), f"{kind.blur_size}x{kind.blur_size}"
    becomes = {"median": "the median", "gaussian": "a weighted mean"}.get(kind.blur)
    caption = f"{blur} blur {size}: each pixel becomes {becomes} of its neighbourhood."
    if kind.blur == "none":
        caption = f"Kind {shown.located.kind} is not blurred."
    before, after = _view(shown.located.gray).image, _view(shown.located.denoised).image
    return Panel(
        "2 denoise", caption, (draw.captioned("before", before), draw.captioned("after", after))
    )


def _binarize(shown: Explanation) -> Panel:
    threshold = shown.scheme.kinds[shown.located.kind - 1].threshold
    rule = "at most" if shown.scheme.ink == "dark" else "above"
    ink = int((shown.located.binary > 0).sum())
    caption = f"Ink is {rule} {threshold}: {_count(ink, 'pixel')} of ink, drawn black here."
    return Panel("3 binarize", caption, (_view(255 - shown.located.binary).image,))


def _components(shown: Explanation) -> Panel:
    found, rule = shown.located.components, shown.scheme.components
    dropped = int((~found.kept).sum())
    total = f"{_count(len(found.kept), 'component')}, {rule.connectivity}-connected"
    coloured = f"{len(found.kept) - dropped:,} kept (coloured)"
    caption = f"{total}: {dropped:,} under {rule.min_area} pixels dropped (gray), {coloured}."
    colours = np.full((len(found.kept) + 1, 3), _DROPPED, np.uint8)
    colours[0] = 255  # the ground
    kept = np.flatnonzero(found.kept)
    in_order = kept[np.argsort(found.boxes[kept, 0], kind="stable")]
    for i, component in enumerate(in_order):
        colours[component + 1] = _COMPONENTS[i % len(_COMPONENTS)]
    return Panel("4 components", caption, (_view(colours[found.labels]).image,))


def _clip(shown: Explanation) -> Panel:
    left, top, right, bottom = shown.located.box
    limit = shown.scheme.clip.right_limit
    where = f"Columns {left} to {right - 1}, rows {top} to {bottom - 1}"
    edges = f"left edge fixed, right edge that of the last component to end before column {limit}"
    views, cleaned = [], 255 - shown.located.cleaned
    for name, pixels in (("cleaned", cleaned), ("original", shown.located.gray)):
        view = _view(pixels)
        if limit < pixels.shape[1]:
            view.mark(limit)
        view.outline(shown.located.box)
        views.append(draw.captioned(name, view.image))
    return Panel("5 clip", f"{where}: {edges} (dashed).", tuple(views))


def _split(shown: Explanation) -> Panel:
    columns, parts = shown.located.columns, shown.scheme.split.parts
    widths = sorted(b - a for a, b in pairwise(columns))
    wide = f"{widths[0]}" if widths[0] == widths[-1] else f"{widths[0]} to {widths[-1]}"
    rule = ", each again into ".join(map(str, parts))
    total = _count(len(widths), "glyph")
    source = "" if shown.scheme.clip.crop == "cleaned" else " The uncleaned binary image is cut."
    caption = f"{columns[-1]} columns cut into {rule}: {total}, {wide} columns wide.{source}"
    first = cut_columns(columns[-1], Split(parts[:1]))
    views = []
    cut, original = np.hstack(shown.glyphs.cuts), cropped(shown.located.gray, shown.located.box)
    for name, pixels in (("binary", 255 - cut), ("original", original)):
        view = _view(pixels)
        thin = 2 if view.image.width > _THICK_CUTS * len(columns) else 1
        for column in columns[1:-1]:
            view.cut(column, 2 * thin if column in first else thin)
        views.append(draw.captioned(name, view.image))
    return Panel("6 split", caption, tuple(views))


def _repair(shown: Explanation) -> Panel:
    rule, moves = shown.scheme.repair, shown.glyphs.moves
    share = f"{100 * rule.narrower_than:g} %"
    what = f"A part at the left border, narrower than {share} of its glyph, goes to the one before"
    if not rule.enabled:
        caption = "Switched off in this scheme: nothing to move."
    elif not moves:
        caption = f"{what}: nothing to move."
    else:
        named = [f"{m.glyph + 1} to {m.glyph} ({_count(m.width, 'column')})" for m in moves]
        more = [f"{len(named) - _NAMED_MOVES} more"] if len(named) > _NAMED_MOVES else []
        caption = f"{what}: from glyph {', '.join([*named[:_NAMED_MOVES], *more])}."
    return Panel("7 repair", caption, (draw_repair(shown.glyphs),))


def _recognise(shown: Explanation) -> Panel:
    seen = shown.glyphs.fitted if shown.seen is None else shown.seen
    size = f"{seen.shape[2]}x{seen.shape[1]}"
    what = f"The network reads windows of {size} gray pixels around the cuts"
    if shown.seen is None:
        what = f"The repaired glyphs, resized to {size}"
    again = ""
    if shown.right is not None and shown.right != shown.located.box[2]:
        again = f" It was unsure, so the text was cut again, to end before column {shown.right}."
    caption = f"{what}, and how probable each character is, in percent.{again}"
    drawn = draw_network(seen, shown.probabilities, shown.charset)
    return Panel("8 recognise", caption, (drawn,))


def _reading(shown: Explanation) -> Panel:
    percent = f"{100 * shown.confidence:.1f} %"
    if shown.text is None:
        caption = f"Abstained: the reader was only {percent} sure."
    else:
        likely = "".join(shown.charset[i] for i in shown.probabilities.argmax(axis=1))
        rest = "." if shown.text == likely else f"; without constraints, {likely} is most probable."
        characters = _count(len(shown.text), "character")
        caption = f"{characters}, {percent} sure that all of it is right{rest}"
    text, colour = ("no text", draw.MUTED) if shown.text is None else (shown.text, draw.INK)
    size = draw.fitting_size(text, _SIZES, draw.WIDTH if shown.text else draw.WIDTH // 3)
    lines = draw.wrap(text, size, draw.WIDTH)
    canvas = draw.blank(draw.WIDTH, draw.line_height(size) * len(lines))
    draw.put_lines(canvas, 0, lines, size, colour)
    return Panel("9 reading", caption, (_view(shown.located.gray).image, canvas))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _view(pixels: GrayImage | RgbImage) -> draw.View:
    return draw.View(pixels, draw.scale_for(*pixels.shape[:2]))


_HEADLINE = 30
_MARGIN, _FRAME_MARGIN = 48, 32
_GUTTER = 56
_ROW_GAP = 28
_AIR = 10  # between a caption and its picture
_SHOWN, _LAST_SHOWN = 1500, 4000  # milliseconds per frame


def explain_png(shown: Explanation) -> bytes:
    """Return every stage as one PNG: two to a row, the last one over the whole width."""
    drawn = draw_panels(shown)
    cards = [draw.stack([_header(panel, draw.WIDTH), panel.image], 0) for panel in drawn[:-1]]
    pairs = [_row(pair) for pair in zip(cards[::2], cards[1::2], strict=True)]
    header, (left, *right) = _header(drawn[-1], draw.WIDTH), drawn[-1].pictures
    beside = draw.stack([draw.blank(draw.WIDTH, header.height), *right], 0)
    last = _row([draw.stack([header, left], 0), beside])
    page = draw.stack([_heading(shown), *pairs, last], _ROW_GAP)
    file = BytesIO()
    draw.quantized(_on_white(page, *page.size, _MARGIN)).save(file, "PNG", compress_level=9)
    return file.getvalue()


def explain_gif(shown: Explanation) -> bytes:
    """Return every stage as one frame of an animated GIF that loops; the last one stays longer."""
    drawn = draw_panels(shown)
    # one size for all, and every picture begins at the same height
    lines = max(len(draw.wrap(panel.caption, draw.BODY, draw.WIDTH)) for panel in drawn)
    cards = [draw.stack([_header(panel, draw.WIDTH, lines), panel.image], 0) for panel in drawn]
    size = draw.WIDTH, max(card.height for card in cards)
    frames = [draw.quantized(_on_white(card, *size, _FRAME_MARGIN)) for card in cards]
    times = [_SHOWN] * (len(frames) - 1) + [_LAST_SHOWN]
    file = BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False
    )
    return file.getvalue()


def _heading(shown: Explanation) -> Image.Image:
    """Draw the name of the image and the scheme."""
    width = 2 * draw.WIDTH + _GUTTER
    lines = draw.wrap(f"Scheme {shown.scheme.name}: {shown.scheme.title}", draw.BODY, width)
    top = draw.line_height(_HEADLINE) + 4
    canvas = draw.blank(width, top + draw.line_height(draw.BODY) * len(lines))
    name = draw.shorten(shown.name, _HEADLINE, width - draw.text_width("How  is read", _HEADLINE))
    draw.put(canvas, (0, 0), f"How {name} is read", _HEADLINE, draw.INK, bold=True)
    draw.put_lines(canvas, top, lines, draw.BODY, draw.MUTED)
    return canvas


def _header(panel: Panel, width: int, lines: int = 0) -> Image.Image:
    """Draw the title and caption of a panel, with room for so many lines at least."""
    caption = draw.wrap(panel.caption, draw.BODY, width)
    lines = max(lines, len(caption))
    top = draw.line_height(draw.TITLE) + 2
    canvas = draw.blank(width, top + draw.line_height(draw.BODY) * lines + _AIR)
    number, name = panel.title.split(" ", 1)
    draw.put(canvas, (0, 0), number, draw.TITLE, draw.ACCENT, bold=True)
    place = draw.text_width(number, draw.TITLE) + 10, 0
    draw.put(canvas, place, name, draw.TITLE, draw.INK, bold=True)
    draw.put_lines(canvas, top, caption, draw.BODY, draw.MUTED)
    return canvas


def _row(cells: Sequence[Image.Image]) -> Image.Image:
    """Put two cells side by side under a thin line."""
    cells = [_on_white(cell, draw.WIDTH, cell.height) for cell in cells]
    line = Image.new("RGB", (2 * draw.WIDTH + _GUTTER, 1), draw.RULE)
    return draw.stack([line, draw.beside(cells, _GUTTER)], 20)


def _on_white(image: Image.Image, width: int, height: int, margin: int = 0) -> Image.Image:
    """Enlarge an image to a size, within a margin."""
    canvas = draw.blank(width + 2 * margin, height + 2 * margin)
    canvas.paste(image, (margin, margin))
    return canvas

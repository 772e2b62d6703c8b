"""Draw every figure of the documentation again, from seeds: ``make figures``.

    python tools/draw_figures.py

The captchas are those of ``captchascope generate metu captchas --count 5000 --seed 1``, which the
model `metu-glyphs` reads, and for the README some of other schemes, which the general reader reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from typing import Any, cast

from PIL import Image

import captchascope
from captchascope.atomic import atomic_write
from captchascope.draw import draw_panels, explain_reading
from captchascope.draw.canvas import (
    ACCENT,
    INK,
    View,
    beside,
    blank,
    captioned,
    line_height,
    put,
    quantized,
    stack,
)
from captchascope.generate import draw_captcha
from captchascope.generate.families import PRESETS
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.glyphs.segmentation import Located, cropped, cut_glyphs, locate
from captchascope.image import load_gray
from captchascope.records import GrayImage

_FIGURES = Path(__file__).parents[1] / "docs" / "figures"
_SEED = 1
_FOLLOWED = {"speckle": 4843, "pattern": 3414}  # the repair moves parts of both
_DOTTED = 1853  # the pattern leaves dots between the digits
_SPOILT = 4666  # a speck too large to be dropped stretches the crop
_UNTOLD: dict[str, tuple[str, int, dict[str, Any]]] = {
    "metu": ("metu", 3, {}),
    "wavy": ("wavy", 3, {}),
    "lined": ("lined", 1, {}),
    "hollow": ("hollow", 1, {}),
    "colourful": ("colourful", 1, {}),
    "general, its sums": ("general", 1, {"only": ("sums",)}),
}
_WIDE, _HIGH = 270, 90  # of a card of them, in pixels
_READER = captchascope.load("metu-glyphs")
_RECOGNISER = cast(GlyphRecogniser, _READER.recogniser)
_SCHEME = _RECOGNISER.scheme


def _gray(number: int, seed: int = _SEED) -> GrayImage:
    """Return what ``NUMBER.jpeg`` of the generated folder holds, shape (H, W)."""
    return load_gray(draw_captcha("metu", seed, number).jpeg())


def _stages() -> Iterator[tuple[str, Image.Image]]:
    """Draw stages 1 to 8 of one captcha of each kind."""
    for kind, number in _FOLLOWED.items():
        for panel in draw_panels(explain_reading(_RECOGNISER, _gray(number), ""))[:8]:
            yield f"{panel.title.split()[1]}-{kind}", panel.image


def _kinds(rows: int = 3) -> Image.Image:
    """Draw the first captchas of each kind, one column for each."""
    columns = []
    for kind, title in (("1", "kind 1: speckle"), ("2", "kind 2: periodic pattern")):
        numbers = (n for n in count(1) if draw_captcha("metu", _SEED, n).columns["kind"] == kind)
        views = [View(_gray(number), 2).image for number in islice(numbers, rows)]
        columns.append(captioned(title, stack(views, 10)))
    return beside(columns, 20)


def _uncleaned() -> Image.Image:
    """Draw the glyphs cut from the cleaned and from the uncleaned binary image."""
    located = locate(_gray(_DOTTED), _SCHEME)
    rows = []
    for name in ("cleaned", "uncleaned"):
        scheme = replace(_SCHEME, clip=replace(_SCHEME.clip, crop=name))
        cuts = [View(255 - cut, 6).image for cut in cut_glyphs(located, scheme).cuts]
        rows.append(captioned(name, beside(cuts, 6)))
    return stack(rows)


def _glyphs(rows: int = 4) -> Image.Image:
    """Draw the first glyphs of every digit as the tutorial's network gets them."""
    columns: dict[str, list[Image.Image]] = {char: [] for char in _SCHEME.charset}
    for number in range(1, 31):
        fitted = cut_glyphs(locate(_gray(number), _SCHEME), _SCHEME).fitted
        for glyph, char in zip(fitted, draw_captcha("metu", _SEED, number).label, strict=True):
            columns[char].append(View(255 - glyph, 3).image)
    wide = columns["0"][0].width
    return beside([stack([_line(c, 20, wide), *columns[c][:rows]], 8) for c in columns], 12)


def _wrong_cut() -> Image.Image:
    """Draw the components and the cuts of a captcha that one speck has spoilt."""
    drawn = draw_panels(explain_reading(_RECOGNISER, _gray(_SPOILT), ""))
    return stack([drawn[3].image, drawn[5].pictures[0]])


def _retry() -> Image.Image:
    """Draw where the same captcha is cut at first, and where it is read in the end."""
    gray = _gray(_SPOILT)
    first, (final, _) = locate(gray, _SCHEME), _RECOGNISER.one(gray)
    return stack([captioned("first cuts", _cut(first)), captioned("second cuts", _cut(final))])


def _cut(located: Located) -> Image.Image:
    view = View(cropped(located.gray, located.box), 7)
    for column in located.columns[1:-1]:
        view.cut(column, 3)
    return view.image


def _untold(columns: int = 3) -> Image.Image:
    """Draw captchas of six schemes, each over what the general reader makes of it."""
    reader, cards = captchascope.load(), []
    for name, (scheme, number, knobs) in _UNTOLD.items():
        drawn = draw_captcha(scheme, _SEED, number, knobs)
        text = reader.read(drawn.jpeg()).text or "nothing"
        image = _fitted(View(drawn.image, 1).image)
        line = _line(text, 40, _WIDE, INK if text == drawn.label else ACCENT)
        cards.append(captioned(name, stack([image, line], 2)))
    return stack([beside(cards[i : i + columns], 24) for i in range(0, len(cards), columns)], 20)


def _fitted(image: Image.Image) -> Image.Image:
    """Return an image as large as fits a card, in the middle of it."""
    scale = min(_WIDE / image.width, _HIGH / image.height)
    size = round(image.width * scale), round(image.height * scale)
    card = blank(_WIDE, _HIGH)
    place = (_WIDE - size[0]) // 2, (_HIGH - size[1]) // 2
    card.paste(image.resize(size, Image.Resampling.LANCZOS), place)
    return card


def _families(columns: int = 4, each: int = 3) -> Image.Image:
    """Draw the first captchas of every preset, one below the other under its name."""
    cells = []
    for name in PRESETS:
        views = [View(draw_captcha(name, _SEED, n).image, 1).image for n in range(1, each + 1)]
        cells.append(captioned(name, stack(views, 6)))
    wide = max(cell.width for cell in cells)
    padded = [beside([cell, blank(wide - cell.width, 1)], 0) for cell in cells]
    return stack([beside(padded[i : i + columns], 8) for i in range(0, len(cells), columns)], 20)


def _line(text: str, size: int, width: int, colour: tuple[int, int, int] = INK) -> Image.Image:
    canvas = blank(width, line_height(size))
    put(canvas, (width // 2, 0), text, size, colour, align="center")
    return canvas


def main() -> None:
    """Draw all figures."""
    figures = {"kinds": _kinds(), "uncleaned": _uncleaned(), "glyphs": _glyphs()}
    figures["families"] = _families()
    figures |= {
        "wrong-cut": _wrong_cut(),
        "retry": _retry(),
        "untold": _untold(),
        **dict(_stages()),
    }
    _FIGURES.mkdir(parents=True, exist_ok=True)
    for name, image in figures.items():
        palette = quantized(image)
        palette.save(file := BytesIO(), "PNG", compress_level=9)
        atomic_write(_FIGURES / f"{name}.png", file.getvalue())


if __name__ == "__main__":
    main()

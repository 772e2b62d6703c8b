"""Images that a general reader should call unfamiliar, drawn for measuring alone.

Blank ones, noise, scrawl, photographs that scikit-image ships (`pip install --group bench`), and
scripts outside the alphabet in typefaces of the system (`apt-get install fonts-noto-core
fonts-noto-cjk`). None of it is drawn by what the score is fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from captchascope.records import RgbImage

_SEED = 990_061  # nothing is fitted on it
_TEXTLESS = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "horse",
    "hubble_deep_field",
    "ihc",
    "moon",
    "motorcycle_left",
    "retina",
    "rocket",
)
_FONTS = Path("/usr/share/fonts")


class MissingStrangersError(Exception):
    """Images that cannot be made here, and why."""


@dataclass(frozen=True, slots=True)
class Script:
    """Characters, first and last, and the typefaces that are looked for, the first that is there.

    Every typeface has a roman and a bold face; ``index`` is the face within a collection.
    """

    ranges: tuple[tuple[int, int], ...]
    fonts: tuple[str, ...]
    index: int = 0


_NOTO, _CJK = "truetype/noto/Noto{}.ttf", "opentype/noto/Noto{}.ttc"
SCRIPTS = {
    "Arabic": Script(
        ((0x0628, 0x063A), (0x0641, 0x064A)),
        tuple(map(_NOTO.format, ("NaskhArabic-Regular", "KufiArabic-Bold", "SansArabic-Regular"))),
    ),
    "Thai": Script(
        ((0x0E01, 0x0E2E),),
        tuple(map(_NOTO.format, ("SansThai-Regular", "SerifThai-Bold", "LoopedThai-Regular"))),
    ),
    "Devanagari": Script(
        ((0x0905, 0x0914), (0x0915, 0x0939)),
        tuple(map(_NOTO.format, ("SansDevanagari-Regular", "SerifDevanagari-Bold"))),
    ),
    "Hangul": Script(
        ((0xAC00, 0xD7A3),),
        tuple(map(_CJK.format, ("SansCJK-Regular", "SansCJK-Bold", "SerifCJK-Regular"))),
        index=1,
    ),
    "rare Han": Script(
        ((0x3400, 0x4DB5),),
        tuple(map(_CJK.format, ("SansCJK-Regular", "SansCJK-Bold", "SerifCJK-Regular"))),
    ),
}


def strangers(kind: str, count: int) -> list[RgbImage]:
    """Draw the first images of a kind, the same ones each time.

    Raises:
        MissingStrangersError: If what it needs is not installed.
    """
    draw = KINDS[kind]
    return [draw(np.random.default_rng([_SEED, number, *kind.encode()])) for number in range(count)]


def _size(rng: np.random.Generator) -> tuple[int, int]:
    """Return height and width."""
    height = int(rng.integers(30, 101))
    return height, int(height * rng.uniform(1.8, 4.5))


def _colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, ...]:
    levels = rng.integers(low, high, 3)
    return tuple(levels.tolist() if rng.random() < 0.6 else [int(levels[0])] * 3)


def _flat(size: tuple[int, int], colour: Sequence[int]) -> RgbImage:
    return np.tile(np.array(colour, np.uint8), (*size, 1))


def _blank(rng: np.random.Generator) -> RgbImage:
    """White, black, a colour, or one that becomes another from side to side."""
    size, choice = _size(rng), rng.random()
    if choice < 0.3:
        return _flat(size, (255,) * 3 if choice < 0.2 else (0,) * 3)
    if choice < 0.7:
        return _flat(size, _colour(rng))
    ends = np.array([_colour(rng), _colour(rng)], np.float64)
    across = np.linspace(0, 1, size[1])[:, None]
    return np.tile((ends[0] * (1 - across) + ends[1] * across).astype(np.uint8), (size[0], 1, 1))


def _noise(rng: np.random.Generator) -> RgbImage:
    """Uniform, normal, or salt and pepper on a colour."""
    size, choice = _size(rng), rng.random()
    if choice < 0.3:
        return rng.integers(0, 256, (*size, 3), np.uint8)
    if choice < 0.5:
        return rng.integers(0, 256, (*size, 1), np.uint8).repeat(3, axis=2)
    if choice < 0.8:
        noisy = rng.uniform(60, 200, 3) + rng.normal(0, rng.uniform(15, 70), (*size, 3))
        return np.clip(noisy, 0, 255).astype(np.uint8)
    image = _flat(size, _colour(rng, 100))
    hit = rng.random(size) < rng.uniform(0.1, 0.5)
    image[hit] = rng.integers(0, 2, (int(hit.sum()), 1), np.uint8) * np.uint8(255)
    return image


def _photograph(rng: np.random.Generator) -> RgbImage:
    """Return a part of a photograph, 80 to all of its rows, scaled to a captcha's size or more."""
    found = _photographs()
    photo = found[int(rng.integers(len(found)))]
    shape = float(rng.uniform(1.3, 4))
    rows = int(rng.uniform(min(80, photo.shape[0]), min(photo.shape[0], photo.shape[1] / shape)))
    columns = int(rows * shape)
    top, left = (
        int(rng.integers(0, whole - part + 1))
        for whole, part in zip(photo.shape[:2], (rows, columns), strict=True)
    )
    part = photo[top : top + rows, left : left + columns]
    height = int(rng.integers(30, 161))
    way = cv2.INTER_AREA if height < rows else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (int(height * shape), height), interpolation=way), np.uint8)


@cache
def _photographs() -> list[RgbImage]:
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise MissingStrangersError("needs scikit-image: pip install --group bench")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    files = [file for name in _TEXTLESS for file in folder.glob(f"{name}.*")]
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def _scrawl(rng: np.random.Generator) -> RgbImage:
    """Return walks of a pen whose direction drifts, as of a hand that tries one."""
    height, width = _size(rng)
    light = rng.random() < 0.8
    image = _flat((height, width), _colour(rng, 200) if light else _colour(rng, 0, 60))
    for _ in range(int(rng.integers(1, 8))):
        steps = int(rng.integers(30, 250))
        turns = np.cumsum(rng.normal(0, 0.25, steps)) + rng.uniform(0, 2 * np.pi)
        angles = np.cumsum(0.15 * turns / (1 + np.abs(turns) / 4)) + rng.uniform(0, 2 * np.pi)
        walk = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0) * height / 25
        walk += rng.uniform(0.1, 0.9, 2) * (width, height) - walk.mean(axis=0)
        walk[:, 0] = np.abs(walk[:, 0] % (2 * width) - width)  # turned back at the edges
        walk[:, 1] = np.abs(walk[:, 1] % (2 * height) - height)
        colour = _colour(rng, 0, 130) if light else _colour(rng, 140)
        thickness = int(rng.integers(1, max(3, height // 14)))
        points = [np.round(walk * 16).astype(np.int32)]
        cv2.polylines(image, points, False, colour, thickness, cv2.LINE_AA, 4)
    return image


def _written(script: Script, rng: np.random.Generator) -> RgbImage:
    """Return three to six characters in a row, each turned a little, in one colour."""
    files = [_FONTS / font for font in script.fonts if (_FONTS / font).exists()]
    if not files:
        raise MissingStrangersError("needs apt-get install fonts-noto-core fonts-noto-cjk")
    height, _ = _size(rng)
    pixels = int(height * rng.uniform(0.55, 0.8))
    font = ImageFont.truetype(files[int(rng.integers(len(files)))], pixels, index=script.index)
    light = rng.random() < 0.8
    behind = _colour(rng, 200) if light else _colour(rng, 0, 60)
    colour = _colour(rng, 0, 130) if light else _colour(rng, 150)
    glyphs = []
    for _ in range(int(rng.integers(3, 7))):
        first, last = script.ranges[int(rng.integers(len(script.ranges)))]
        glyph = Image.new("L", (pixels * 2, pixels * 2))
        char = chr(int(rng.integers(first, last + 1)))
        ImageDraw.Draw(glyph).text((pixels, pixels), char, fill=255, font=font, anchor="mm")
        turned = glyph.rotate(float(rng.uniform(-12, 12)), Image.Resampling.BICUBIC)
        glyphs.append(turned.crop(turned.getbbox()) if turned.getbbox() else turned)
    gap = int(pixels * rng.uniform(0.02, 0.25))
    width = sum(glyph.width + gap for glyph in glyphs) + pixels
    image = Image.fromarray(_flat((height, width), behind))
    left = pixels // 2
    for glyph in glyphs:
        top = (height - glyph.height) // 2 + int(rng.integers(-height // 12, height // 12 + 1))
        image.paste(colour, (left, top), glyph)
        left += glyph.width + gap
    drawn = np.asarray(image).copy()
    for _ in range(int(rng.integers(0, 3))):
        ends = rng.uniform(0, 1, (2, 2)) * (width, height)
        (x0, y0), (x1, y1) = ends.astype(int).tolist()
        cv2.line(drawn, (x0, y0), (x1, y1), colour, 1, cv2.LINE_AA)
    return drawn


def _writer(script: Script) -> Callable[[np.random.Generator], RgbImage]:
    return lambda rng: _written(script, rng)


KINDS: dict[str, Callable[[np.random.Generator], RgbImage]] = {
    "blank": _blank,
    "noise": _noise,
    "photographs": _photograph,
    "scrawl": _scrawl,
    **{name: _writer(script) for name, script in SCRIPTS.items()},
}
"""What is drawn, by name."""

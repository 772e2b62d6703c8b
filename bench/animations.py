"""Exact match on animations, beside that on still images of the same format.

    python bench/animations.py [--count N] [--model NAME|FILE]

Captchas of several families are made into animations that type their text, flash a part of it at a
time, or begin blank, over dots and lines that stand still, and saved as GIF, APNG and WebP. Each
is read as a still image and as an animation, told nothing. 300 take two minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import captchascope
from captchascope.generate import draw_captcha
from running import table

_SEED = 990_047
_FAMILIES = ("metu", "plain", "wavy", "lined", "crowded", "varied")
_FORMATS: dict[str, dict[str, object]] = {"GIF": {}, "PNG": {}, "WEBP": {"quality": 90}}
_FLASHES, _LINES, _DOTS = 3, 2, 60
_KERNEL = 61  # pixels; the median of so wide an area is the ground

Pixels = NDArray[np.uint8]


def _covered(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the image under dots and lines, which are the same in every frame of it."""
    image = image.copy()
    height, width = image.shape[:2]
    colour = [int(level) for level in rng.integers(0, 160, 3)]
    for _ in range(_LINES):
        begin, end = ((int(rng.integers(width)), int(rng.integers(height))) for _ in range(2))
        cv2.line(image, begin, end, colour)
    for _ in range(_DOTS):
        image[rng.integers(height), rng.integers(width)] = colour
    return image


def animations(image: Pixels, chars: int, seed: int) -> Iterator[tuple[str, list[Pixels]]]:
    """Yield the name and the frames of each kind, the still image among them, shape (H, W, 3)."""
    rng = np.random.default_rng(seed)
    ground = cv2.medianBlur(image, _KERNEL)
    strip = np.arange(image.shape[1]) * chars // image.shape[1]  # of each column

    def frame(shown: Sequence[int]) -> Pixels:
        seen = np.isin(strip, shown)[None, :, None]
        return _covered(np.where(seen, image, ground), np.random.default_rng(seed))

    everything = range(chars)
    yield "still", [frame(everything)]
    yield "typed", [frame(range(n)) for n in range(1, chars + 1)]
    missing = rng.permutation(np.arange(chars) % _FLASHES)
    yield (
        "flashing",
        [frame([c for c in everything if missing[c] != n]) for n in range(_FLASHES)],
    )
    yield "begun blank", [frame([]), frame(everything)]


def _encoded(frames: Sequence[Pixels], codec: str) -> bytes:
    file = BytesIO()
    first, *rest = map(Image.fromarray, frames)
    further = {"save_all": True, "append_images": rest, "duration": 200} if rest else {}
    first.save(file, codec, **_FORMATS[codec], **further)
    return file.getvalue()


def main() -> None:
    """Print a table of exact match, by format and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--model", default="any")
    options = parser.parse_args()
    reader = captchascope.load(options.model)
    right: dict[tuple[str, str], int] = {}
    for number in range(options.count):
        drawn = draw_captcha(_FAMILIES[number % len(_FAMILIES)], _SEED, number)
        image = drawn.image if drawn.image.ndim == 3 else cv2.cvtColor(drawn.image, 8)
        for kind, frames in animations(np.asarray(image), len(drawn.label), number):
            for codec in _FORMATS:
                reading = reader.read(_encoded(frames, codec))
                key = codec, kind
                right[key] = right.get(key, 0) + (reading.text == drawn.label)
    kinds = list(dict.fromkeys(kind for _, kind in right))
    rows = [
        [codec, *(f"{right[codec, kind] / options.count:.1%}" for kind in kinds)]
        for codec in _FORMATS
    ]
    print(table(["exact match", *kinds], rows))


if __name__ == "__main__":
    main()

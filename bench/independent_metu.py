"""Captchas of the METU scheme by a second hand, to measure on: nothing is ever trained on them.

    python bench/independent_metu.py DIR --count N --seed S

Written from the four real images and the scheme's description alone, without a look at the
project's own generator: six digits in sans-serif faces on 150x50 gray pixels. Of kind 1 are black
digits under speckle of black pixels, of kind 2 gray digits over a tile of dashes that repeats.
The faces are those of Debian's packages fonts-freefont-ttf, fonts-lato, fonts-liberation,
fonts-open-sans and fonts-roboto-unhinted, and DejaVu, which matplotlib brings.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from captchascope.atomic import atomic_folder
from captchascope.data.labels import write_labels
from captchascope.records import Sample

_WIDTH, _HEIGHT = 150, 50
_DEBIAN = Path("/usr/share/fonts/truetype")
_FACES = (
    "lato/Lato-Light.ttf",
    "open-sans/OpenSans-Light.ttf",
    "roboto/unhinted/RobotoTTF/Roboto-Light.ttf",
    "freefont/FreeSans.ttf",
    "lato/Lato-Regular.ttf",
    "liberation/LiberationSans-Regular.ttf",
    "open-sans/OpenSans-Regular.ttf",
    "roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
)
_LIGHT = 3  # so many of them are light: for kind 1 only, whose real strokes are thinner
_SPECKLE = (0.12, 0.16)  # the share of black pixels; 0.13 to 0.18 in the real ones
_BLACK = -3  # below 0, so that more than half of what is black is 0 in the file, as there
_GAIN = 1.5  # of black ink: thin strokes are black there, not gray
_TALL = {1: (16.0, 20.0), 2: (15.5, 18.0)}  # of digits in pixels; 17 to 19.5 and 16.5 there
_PITCH = {1: (12.3, 14.6), 2: (12.4, 14.2)}  # from digit to digit in pixels

Floats = npt.NDArray[np.float64]


class MissingFacesError(Exception):
    """No typeface to draw with."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image, the bytes of a JPEG file, with what it says and its kind, 1 or 2."""

    data: bytes
    label: str
    kind: int


def independent(seed: int, count: int) -> Iterator[Drawn]:
    """Draw ``count`` captchas, about as many of each kind; the same ones for the same faces.

    Raises:
        MissingFacesError: If not all the faces are installed.
    """
    files = faces()
    for number in range(1, count + 1):
        yield _drawn(np.random.default_rng([seed, number]), files)


@cache
def faces() -> tuple[Path, ...]:
    """Return the font files.

    Raises:
        MissingFacesError: If one of them is not installed.
    """
    import matplotlib

    files = [_DEBIAN / name for name in _FACES]
    files.append(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
    if missing := [file.name for file in files if not file.exists()]:
        packages = "fonts-freefont-ttf fonts-lato fonts-liberation fonts-open-sans"
        what = f"no {', '.join(missing)}: apt-get install {packages} fonts-roboto-unhinted"
        raise MissingFacesError(what)
    return tuple(files)


def _drawn(rng: np.random.Generator, files: tuple[Path, ...]) -> Drawn:
    kind = int(rng.integers(1, 3))
    label = "".join(str(digit) for digit in rng.integers(0, 10, 6))
    face = files[rng.integers(0 if kind == 1 else _LIGHT, len(files))]
    ink = _text(rng, label, face, kind)
    paper = np.full((_HEIGHT, _WIDTH), 255.0)
    if kind == 1:
        ink = np.minimum(1, _GAIN * ink)
        ink[rng.random(ink.shape) < rng.uniform(*_SPECKLE)] = 1
        image = paper + ink * (_BLACK - 255)
    else:
        dashes = _dashes(rng)
        image = paper + dashes * (rng.uniform(92, 106) - 255)
        image += ink * (rng.uniform(78, 96) - image)
    # Small errors in every pixel, as a JPEG file of a very high quality has them in the real ones.
    image += rng.normal(0, rng.uniform(4, 8), image.shape)
    stream = io.BytesIO()
    whole = Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    whole.save(stream, "JPEG", quality=int(rng.integers(93, 99)))
    return Drawn(stream.getvalue(), label, kind)


def _text(rng: np.random.Generator, label: str, file: Path, kind: int) -> Floats:
    """Return how much of each pixel is ink, 0 to 1: digits in a row, some of them touching."""
    font = _sized(file, rng.uniform(*_TALL[kind]))
    pitch, left, top = rng.uniform(*_PITCH[kind]), rng.uniform(29, 35), rng.uniform(13, 23)
    sway = 1.4 if kind == 1 else 0.3  # pixels that a digit may stand beside its place
    middle = left + pitch / 2
    canvas = Image.new("L", (_WIDTH, _HEIGHT))
    draw = ImageDraw.Draw(canvas)
    for digit in label:
        box = font.getbbox(digit)
        x = middle - (box[0] + box[2]) / 2 + rng.uniform(-sway, sway)
        y = top - font.getbbox("8")[1] + rng.uniform(-sway, sway) / 2
        draw.text((x, y), digit, fill=255, font=font)
        middle += pitch
    return np.asarray(canvas, np.float64) / 255


def _sized(file: Path, height: float) -> ImageFont.FreeTypeFont:
    """Return a face in the size in which an 8 is so many pixels tall."""
    large = ImageFont.truetype(str(file), 200).getbbox("8")
    return ImageFont.truetype(str(file), 200 * height / (large[3] - large[1]))


def _dashes(rng: np.random.Generator) -> Floats:
    """Return a pattern, 1 where it has ink: dashes on most edges of a grid, repeated as tiles.

    Each dash is a pixel or two shorter than its edge. A fifth of all pixels has ink, as in the real
    ones. Half of the patterns are their own mirror images.
    """
    step = int(rng.integers(4, 6))
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(2, 6))
    edges = np.zeros(2 * rows * columns, bool)  # to the right of a point, then downwards
    edges[: round(len(edges) * rng.uniform(0.6, 0.85))] = True
    across, down = rng.permutation(edges).reshape(2, rows, columns)
    if rng.random() < 0.5:
        across = np.hstack([across, across[:, ::-1]])
        down = np.hstack([down, np.roll(down[:, ::-1], 1, axis=1)])
    tile = np.zeros((rows * step, across.shape[1] * step))
    for row, column in np.argwhere(across) * step:
        start = column + rng.integers(0, 2)
        tile[row, start : start + rng.integers(step - 2, step)] = 1
    for row, column in np.argwhere(down) * step:
        start = row + rng.integers(0, 2)
        tile[start : start + rng.integers(step - 2, step), column] = 1
    many = (_HEIGHT // tile.shape[0] + 2, _WIDTH // tile.shape[1] + 2)
    y, x = rng.integers(0, tile.shape[0]), rng.integers(0, tile.shape[1])
    whole: Floats = np.tile(tile, many)[y : y + _HEIGHT, x : x + _WIDTH]
    return whole


def write(folder: Path, count: int, seed: int) -> None:
    """Write a data set, 1.jpeg and so on, with labels.csv, whose further column is the kind.

    Raises:
        MissingFacesError: As ``independent``.
        CaptchascopeError: If the folder is there, or cannot be written.
    """
    with atomic_folder(folder) as place:
        samples = []
        for number, drawn in enumerate(independent(seed, count), 1):
            file = f"{number}.jpeg"
            (place / file).write_bytes(drawn.data)
            columns = {"kind": str(drawn.kind)}
            samples.append(Sample(file, drawn.label, place / file, columns=columns))
        write_labels(place, samples)


def main() -> None:
    """Write a data set."""
    parser = argparse.ArgumentParser(description="METU captchas by a second hand.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=2000, help="images (2,000)")
    parser.add_argument("--seed", type=int, default=990_008, help="nothing is trained on it")
    options = parser.parse_args()
    write(options.folder, options.count, options.seed)


if __name__ == "__main__":
    main()

"""The sets of images that are measured on, made once and kept in build/bench/sets.

    python bench/sets.py [SET...]

Each is two folders with a labels.csv: `train`, the first 1,000 rows, and `test`, the last 500. The
images are named by their row, so that `--last 100` is the first 100 rows. henan4 and cloud4 are
copied from CAPTCHASCOPE_DATA, metu is generated, and the others are drawn by packages of the extra
`bench` with seeds of their own: those packages are never used for anything else.
"""

from __future__ import annotations

import io
import os
import random
import string
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from captchascope.atomic import atomic_folder
from captchascope.data.dataset import read_dataset
from captchascope.data.labels import write_labels
from captchascope.generate import draw_captcha
from captchascope.records import Sample

PLACE = Path(__file__).parents[1] / "build" / "bench"
TRAIN, TEST = 1000, 500

DIGITS = string.digits
ALL = string.digits + string.ascii_uppercase
CLEAR = ALL.replace("0", "").replace("O", "")

_SEED = 990_004  # of whatever is drawn here; nothing is ever trained on it elsewhere


class MissingSetError(Exception):
    """A set that cannot be made here, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a set: the bytes of its file, the suffix of its name, and what it says."""

    data: bytes
    suffix: str
    label: str


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A set, and what is known of its texts.

    Attributes:
        title: What it is, in a line.
        charset: The characters that occur.
        length: How many there are in each image.
        rows: Gives at least ``TRAIN + TEST`` rows, the same ones each time.
    """

    title: str
    charset: str
    length: int
    rows: Callable[[], Iterable[Row]]


def folder_of(name: str) -> Path:
    """Return the folder with ``train`` and ``test`` of a set, having made it if need be.

    Raises:
        MissingSetError: If the images or the package that draws them are not here.
    """
    folder = PLACE / "sets" / name
    if not folder.exists():
        rows = list(SETS[name].rows())
        with atomic_folder(folder) as place:
            write_rows(place / "train", rows[: min(TRAIN, len(rows) - TEST)])
            write_rows(place / "test", rows[-TEST:])
    return folder


def available(names: Iterable[str]) -> list[str]:
    """Return the sets that can be measured on here; say of the others why they can't."""
    found = []
    for name in names:
        try:
            folder_of(name)
        except MissingSetError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            found.append(name)
    return found


def drawn(seed: int, count: int) -> Iterator[Row]:
    """Draw METU captchas."""
    for number in range(1, count + 1):
        captcha = draw_captcha("metu", seed, number)
        yield Row(captcha.jpeg(), ".jpeg", captcha.label)


def real(name: str) -> list[Row]:
    """Return the rows of a set of CAPTCHASCOPE_DATA in the order of its labels.csv."""
    if not (data := os.environ.get("CAPTCHASCOPE_DATA")):
        raise MissingSetError("CAPTCHASCOPE_DATA does not say where it is")
    folder = Path(data) / name
    if not folder.is_dir():
        raise MissingSetError(f"CAPTCHASCOPE_DATA has no folder {name}")
    found = sorted(read_dataset(folder, "csv").samples, key=lambda sample: sample.row or 0)
    return [Row(s.path.read_bytes(), s.path.suffix, s.label) for s in found]


def write_rows(folder: Path, rows: Iterable[Row]) -> None:
    """Write a data set into a folder, which is made if need be."""
    folder.mkdir(exist_ok=True)
    samples = []
    for number, row in enumerate(rows, 1):
        file = f"{number}{row.suffix}"
        (folder / file).write_bytes(row.data)
        samples.append(Sample(file, row.label, folder / file))
    write_labels(folder, samples)


class _Seeded(random.Random):
    """What the package captcha takes from ``secrets``, but from a seed."""

    def randbelow(self, bound: int) -> int:
        return self.randrange(bound)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)


def captcha(charset: str, count: int = TRAIN + TEST) -> Iterator[Row]:
    """Draw with ``ImageCaptcha()`` of the package captcha: 160x60, PNG."""
    try:
        from captcha import image
    except ImportError:
        raise MissingSetError("it needs pip install --group bench") from None
    drawer = image.ImageCaptcha()
    for number in range(count):
        rng = _Seeded(f"{_SEED} {charset} {number}")
        label = "".join(rng.choices(charset, k=4))
        with patch.object(image, "secrets", rng):
            yield Row(drawer.generate(label).getvalue(), ".png", label)


def wheezy(count: int = TRAIN + TEST) -> Iterator[Row]:
    """Draw as the documentation of the package wheezy.captcha does: 200x75, JPEG."""
    try:
        import matplotlib
        from wheezy.captcha import image
    except ImportError:
        raise MissingSetError("it needs pip install --group bench") from None
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    chosen = [str(fonts / f"{name}.ttf") for name in ("DejaVuSans", "DejaVuSerif")]
    text = image.text(fonts=chosen, drawings=[image.warp(), image.rotate(), image.offset()])
    drawings = [image.background(), text, image.curve(), image.noise(), image.smooth()]
    render = image.captcha(drawings=drawings, width=200, height=75)
    for number in range(count):
        random.seed(f"{_SEED} wheezy {number}")  # which is where the package takes its chance from
        label = "".join(random.choices(CLEAR, k=4))
        stream = io.BytesIO()
        render(label).save(stream, "JPEG", quality=75)
        yield Row(stream.getvalue(), ".jpg", label)


SETS = {
    "metu": ImageSet("generated METU captchas", DIGITS, 6, lambda: drawn(_SEED, TRAIN + TEST)),
    "henan4": ImageSet("real, four digits, 70x30, colour", DIGITS, 4, lambda: real("henan4")),
    "cloud4": ImageSet("real, four digits, 240x80, dotted", DIGITS, 4, lambda: real("cloud4")),
    "captcha": ImageSet("PyPI captcha without 0 and O", CLEAR, 4, lambda: captcha(CLEAR)),
    "captcha-0O": ImageSet("PyPI captcha with 0 and O", ALL, 4, lambda: captcha(ALL)),
    "wheezy": ImageSet("PyPI wheezy.captcha without 0 and O", CLEAR, 4, wheezy),
}


if __name__ == "__main__":
    for chosen in available(sys.argv[1:] or SETS):
        print(f"{folder_of(chosen)}\t{SETS[chosen].title}")

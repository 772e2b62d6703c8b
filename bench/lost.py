"""What is marked as unfamiliar: of other schemes and of what is no captcha, and of a model's own.

    python bench/lost.py [FAMILY...] [--general NAME|FILE] [--labels N] [--time-limit T]

A model of each generated family, trained from 500 labels, reads 1,000 further images of its own and
200 of every other family. Then the general model reads the shared sets of CAPTCHASCOPE_DATA, and
200 images of each kind that strangers.py draws. Models are kept in build/bench/lost, so that an
interrupted bench goes on where it was. Eight trainings take an hour and more on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import captchascope
from captchascope import Reader
from captchascope.generate import draw_captcha, write_folder
from captchascope.generate.families import PRESETS
from captchascope.image import ImageSource
from running import table, trained
from sets import PLACE, MissingSetError, real
from strangers import KINDS, MissingStrangersError, strangers

_SEED = 990_031  # of the labelled images, and with one and two added of the others
_OWN, _EACH = 1000, 200
_SHARED = ("henan4", "cloud4", "pablo_six", "pablo_big6", "math_plus")


def _marked(reader: Reader, images: Sequence[ImageSource]) -> str:
    """Return which share of the images is unfamiliar."""
    readings = list(reader.read_many(images, errors="return"))
    return f"{sum(reading.unfamiliar for reading in readings) / len(readings):.1%}"


def _images(family: str, seed: int, count: int) -> list[bytes]:
    return [draw_captcha(family, seed, number).jpeg() for number in range(1, count + 1)]


def _model(family: str, labels: int, limit: str | None) -> Path:
    """Return the model of a family, having trained it if need be."""
    folder = PLACE / "lost" / family
    model = folder.with_name(f"{family}-{labels}.onnx")
    if not model.exists():
        if not folder.exists():
            write_folder(family, folder, 500, _SEED)
        options = ["--labels", str(labels), *(["--time-limit", limit] if limit else [])]
        trained(folder, model, *options)
    return model


def _of_families(
    families: Sequence[str], others: Sequence[str], options: argparse.Namespace
) -> str:
    rows = []
    foreign = {family: _images(family, _SEED + 2, _EACH) for family in others}
    for family in families:
        reader = captchascope.load(_model(family, options.labels, options.time_limit))
        own = _marked(reader, _images(family, _SEED + 1, _OWN))
        cells = ["-" if f == family else _marked(reader, foreign[f]) for f in others]
        rows.append([family, own, *cells])
    return table(["model of", "its own", *others], rows)


def _of_strangers(model: str) -> str:
    reader, rows = captchascope.load(model), []
    for name in _SHARED:
        try:
            rows.append([name, "2 % at most", _marked(reader, [row.data for row in real(name)])])
        except MissingSetError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    for kind in KINDS:
        try:
            rows.append([kind, "95 % at least", _marked(reader, strangers(kind, _EACH))])
        except MissingStrangersError as error:
            print(f"{kind} is left out: it {error}", file=sys.stderr)
    return table(["images", "asked", f"marked by {model}"], rows)


def main() -> None:
    """Print both tables."""
    others = [*PRESETS, "metu"]
    parser = argparse.ArgumentParser(description="What is marked as unfamiliar.")
    parser.add_argument("families", nargs="*", default=others, metavar="FAMILY")
    parser.add_argument("--general", default="any", metavar="NAME|FILE")
    parser.add_argument("--labels", type=int, default=500, help="of each training (500)")
    parser.add_argument("--time-limit", help="of each training (none)")
    options = parser.parse_args()
    print(_of_families(options.families, others, options))
    print(_of_strangers(options.general))


if __name__ == "__main__":
    main()

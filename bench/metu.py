"""How well the model `metu` reads, which is trained on generated captchas alone.

    python bench/metu.py [--model NAME|FILE] [--count N] [--independent N] [--seeds N]

20,000 generated captchas of a seed that nothing is trained on, the wrong readings that are left
when the least sure are abstained from, 10,000 captchas of `bench/independent_metu.py`, and the four
real ones of CAPTCHASCOPE_DATA. With `--seeds 5`, five more models are trained as `make models`
trains it, each with another seed, and tested on the real ones; twenty minutes each, unless
`--time-limit` says otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import tee
from pathlib import Path

import captchascope
from captchascope import Reader, Reading
from captchascope.evaluate import Rate
from captchascope.generate import write_folder
from captchascope.reader import model_path
from independent_metu import MissingFacesError, independent
from running import percent, trained
from sets import PLACE, MissingSetError, Row, drawn, real

_SEED = 990_005  # nothing is trained on it
_SURE = 0.99
_ABSTAINED = 0.05  # the share of images, those least sure of
_INDEPENDENT_SEED = 990_008  # nor on anything of that hand
_TRAINING_IMAGES, _TRAINING_SEED = 40_000, 20261126  # as tools/build_models.py has them


def _read(reader: Reader, count: int) -> list[tuple[str, Reading]]:
    """Return label and reading of generated captchas, drawn as they are read."""
    labels, files = tee(drawn(_SEED, count))
    readings = reader.read_many((row.data for row in files), errors="return")
    return [(row.label, reading) for row, reading in zip(labels, readings, strict=True)]


def _print_generated(read: Sequence[tuple[str, Reading]]) -> None:
    right = Rate(sum(reading.text == label for label, reading in read), len(read))
    print(f"exact match, {len(read):,} generated: {percent(right)}; asked 99.9 %")
    surest = sorted(read, key=lambda one: -one[1].confidence)
    given = surest[: round(len(read) * (1 - _ABSTAINED))]
    wrong = Rate(sum(reading.text != label for label, reading in given), len(given))
    print(f"without the {_ABSTAINED:.0%} least sure, confidence {given[-1][1].confidence:.4f} up:")
    print(f"wrong, of {wrong.total:,} given: {wrong.hits}, {wrong.value:.3%}; asked 0.05 % at most")
    unfamiliar = Rate(sum(reading.unfamiliar for _, reading in read), len(read))
    print(f"called unfamiliar: {unfamiliar.value:.2%}")


def _print_independent(reader: Reader, count: int) -> None:
    """Read what another hand has drawn, drawn as it is read, and print each kind."""
    captchas, files = tee(independent(_INDEPENDENT_SEED, count))
    readings = reader.read_many((one.data for one in files), errors="return")
    read = list(zip(captchas, readings, strict=True))
    for kinds in ((1, 2), (1,), (2,)):
        right = [one.label == reading.text for one, reading in read if one.kind in kinds]
        rate = percent(Rate(sum(right), len(right)))
        which = "both kinds" if len(kinds) == 2 else f"kind {kinds[0]}"
        print(f"exact match, {len(right):,} of another hand, {which}: {rate}; asked 99.9 %")
    sure = [one.label == reading.text for one, reading in read if reading.confidence >= _SURE]
    print(f"wrong at confidence {_SURE} and above: {sure.count(False)} of {len(sure):,}")


def _real_ones(reader: Reader, rows: Sequence[Row]) -> str:
    """Return how many are right, and each text with its confidence; * is one that is wrong."""
    readings = [reader.read(row.data) for row in rows]
    hits = sum(reading.text == row.label for row, reading in zip(rows, readings, strict=True))
    said = [
        f"{reading.text}{'' if reading.text == row.label else '*'} {reading.confidence:.3f}"
        for row, reading in zip(rows, readings, strict=True)
    ]
    return f"{hits} of {len(rows)} ({', '.join(said)})"


def _images(count: int) -> Path:
    """Return the folder of images to train on, which is drawn where it is not there."""
    folder = PLACE / "sets" / f"metu-wide-training-{count}"
    if not folder.exists():
        write_folder("metu-wide", folder, count, _TRAINING_SEED)
    return folder


def _trained_otherwise(options: argparse.Namespace, rows: Sequence[Row]) -> None:
    """Train models with other seeds, and print what they make of the real ones as each is done."""
    folder = _images(options.images)
    recipe = ["--recipe", "fast", "--time-limit", options.time_limit]
    threads = 1 if options.parallel > 1 else None

    def one(seed: int) -> None:
        model = PLACE / "metu" / f"metu-{seed}.onnx"
        seconds = trained(folder, model, *recipe, "--seed", str(seed), threads=threads)
        found = _real_ones(captchascope.load(model), rows)
        print(f"training seed {seed}: real {found}, {seconds:.0f} s", flush=True)

    with ThreadPoolExecutor(options.parallel) as pool:
        list(pool.map(one, range(1, options.seeds + 1)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The model of the METU scheme.")
    parser.add_argument("--model", default="metu", metavar="NAME|FILE")
    parser.add_argument("--count", type=int, default=20_000, help="generated captchas (20,000)")
    parser.add_argument("--independent", type=int, default=10_000, help="of another hand (10,000)")
    parser.add_argument("--seeds", type=int, default=0, help="models to train besides (0)")
    parser.add_argument("--time-limit", default="20m", help="of each training (20m)")
    parser.add_argument("--parallel", type=int, default=1, help="on one core each; 1: all cores")
    parser.add_argument("--images", type=int, default=_TRAINING_IMAGES, help="to train them on")
    return parser.parse_args()


def main() -> None:
    """Print the figures of the model, then of those trained with other seeds."""
    options = _options()
    file = model_path(options.model)
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB; asked 1 MB at most")
    reader = captchascope.load(options.model)
    _print_generated(_read(reader, options.count))
    try:
        _print_independent(reader, options.independent)
    except MissingFacesError as error:
        print(f"the captchas of another hand are left out: {error}")
    try:
        rows = real("metu-real")
    except MissingSetError as error:
        print(f"the real captchas are left out: {error}")
        return
    print(f"real: {_real_ones(reader, rows)}", flush=True)
    if options.seeds:
        _trained_otherwise(options, rows)


if __name__ == "__main__":
    main()

"""Accuracy and time of both recipes on generated METU captchas, as the tutorial splits them.

    python bench/recipes.py [SEEDS]

For each seed (3 by default): generate 5,000, train on images 1 to 4500, test on 4501 to 5000. The
recipe `tutorial` is trained with the cleaned crop and with the tutorial's uncleaned one, with the
repair and without it. Then the four real captchas, where CAPTCHASCOPE_DATA says that they are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from captchascope import load
from captchascope.data.dataset import read_dataset
from captchascope.evaluate import evaluate_reader
from captchascope.generate import write_folder
from running import percent, trained
from sets import MissingSetError, real

_IMAGES, _TRAINED = 5000, 4500
_CUTS = {
    "cleaned, repair": [],
    "cleaned, no repair": ["--no-repair"],
    "uncleaned, repair": ["--uncleaned"],
    "uncleaned, no repair": ["--uncleaned", "--no-repair"],
}


def _row(name: str, images: Path, seed: int, *options: str) -> str:
    """Train on images 1 to 4500, test on 4501 to 5000, and return a line of the table."""
    model = images.with_suffix(".onnx")
    span = ["--first", "1", "--last", str(_TRAINED), "--seed", str(seed), "-q"]
    seconds = trained(images, model, "--method", "glyphs", *span, *options)
    result = evaluate_reader(load(model), read_dataset(images).select(_TRAINED + 1))
    digits, whole = percent(result.character_accuracy), percent(result.exact_match)
    return f"{name:32} {digits:26} {whole:26} {seconds:5.1f} s"


def _measure(place: Path, seed: int) -> None:
    images = place / f"metu{seed}"
    write_folder("metu", images, _IMAGES, seed)
    print(_row(f"seed {seed}, default", images, seed), flush=True)
    try:
        rows = real("metu-real")
    except MissingSetError:
        rows = []
    if rows:
        readings = load(images.with_suffix(".onnx")).read_many(row.data for row in rows)
        right = sum(found.text == row.label for found, row in zip(readings, rows, strict=True))
        print(f"{'  real captchas right':32} {right} of {len(rows)}", flush=True)
    for name, options in _CUTS.items():
        how = ["--recipe", "tutorial", *options]
        print(_row(f"seed {seed}, tutorial, {name}", images, seed, *how), flush=True)


def main(seeds: int) -> None:
    """Print one row per seed, recipe and way of cutting."""
    print(f"{'':32} {'per digit':26} {'per captcha':26} training")
    with tempfile.TemporaryDirectory() as place:
        for seed in range(1, seeds + 1):
            _measure(Path(place), seed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

"""Accuracy and time of both recipes on generated METU captchas, as the tutorial splits them.

    python bench/recipes.py [SEEDS]

For each seed (3 by default): generate 5,000, train on images 1 to 4500, test on 4501 to 5000, all
through the command line. The recipe `tutorial` is trained with the cleaned crop and with the
tutorial's uncleaned one, with the repair and without it. Then the four real captchas, where
CAPTCHASCOPE_DATA says that they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CUTS = {
    "cleaned, repair": [],
    "cleaned, no repair": ["--no-repair"],
    "uncleaned, repair": ["--uncleaned"],
    "uncleaned, no repair": ["--uncleaned", "--no-repair"],
}


def _captchascope(*arguments: str) -> str:
    command = [sys.executable, "-m", "captchascope", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: some captcha could not be cut, the rest was done
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def _trained(images: Path, model: Path, seed: int, *options: str) -> float:
    """Train on images 1 to 4500 and return the seconds from start to written file."""
    begun = time.perf_counter()
    span = ["--first", "1", "--last", "4500", "--seed", str(seed), "-q"]
    _captchascope("train", str(images), "-o", str(model), "--method", "glyphs", *span, *options)
    return time.perf_counter() - begun


def _row(name: str, images: Path, model: Path, seconds: float) -> str:
    """Test on images 4501 to 5000 and return a line of the table."""
    span = ["--first", "4501", "--last", "5000", "--format", "json"]
    result = json.loads(_captchascope("test", str(images), "--model", str(model), *span))
    cells = []
    for key in ("character", "captcha"):
        rate = result[key]
        cells.append(f"{rate['value']:7.2%} ({rate['low']:.2%} to {rate['high']:.2%})")
    return f"{name:32} {cells[0]}   {cells[1]}   {seconds:5.1f} s"


def _real(model: Path) -> str:
    folder = Path(os.environ["CAPTCHASCOPE_DATA"]) / "metu-real" / "images"
    lines = _captchascope("read", str(folder), "--model", str(model)).splitlines()
    right = sum(Path(path).stem == text for path, text, _ in (line.split("\t") for line in lines))
    return f"{right} of {len(lines)}"


def _measure(place: Path, seed: int) -> None:
    images, model = place / f"metu{seed}", place / "model.onnx"
    _captchascope("generate", "metu", str(images), "--count", "5000", "--seed", str(seed), "-q")
    seconds = _trained(images, model, seed)
    print(_row(f"seed {seed}, default", images, model, seconds), flush=True)
    if "CAPTCHASCOPE_DATA" in os.environ:
        print(f"{'  real captchas right':32} {_real(model)}", flush=True)
    for name, options in _CUTS.items():
        seconds = _trained(images, model, seed, "--recipe", "tutorial", *options)
        print(_row(f"seed {seed}, tutorial, {name}", images, model, seconds), flush=True)


def main(seeds: int) -> None:
    """Print one row per seed, recipe and way of cutting."""
    print(f"{'':32} per digit                      per captcha                    training")
    with tempfile.TemporaryDirectory() as place:
        for seed in range(1, seeds + 1):
            _measure(Path(place), seed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

"""Training from Parquet shards: what memory it takes by their number, and how well it reads.

    python bench/shards.py [--data DIR] [--files 8] [--steps 1250]

Trains the recipe `fast` from nothing for so many steps in a process of its own: on one file of
10,000 `metu` captchas, on several, on the same rows all in memory, as few are trained on, and on
them as a single row group. How well it reads is told by the rows held out, 2,000 of them but for
the one file's 1,000. What is done is kept in build/bench/shards, so that an interrupted run goes
on; after a change of the code, delete that folder. The files are those of `bulk_data.py`.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

from bulk_data import DATA, one_group, shards
from captchascope.atomic import atomic_write
from running import share, table
from sets import PLACE

_TRAIN = """
import json, resource, sys, time
from dataclasses import replace
import onnx, onnxscript, tensorboardX, torch
from captchascope import read_parquet, train_model
from captchascope.train import request
from captchascope.train.recipes import CTC_RECIPES

kind, source, model, steps = sys.argv[1:]
CTC_RECIPES["fast"] = replace(CTC_RECIPES["fast"], max_steps=int(steps), validations=6)
if kind == "in memory":
    request._IN_MEMORY = 10**9
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, begun = peak(), time.monotonic()
say = lambda line: print(line, file=sys.stderr, flush=True)
dataset = read_parquet(source)
train_model(dataset, model, recipe="fast", source="none", on_line=say, on_warning=say)
seconds = time.monotonic() - begun
print(json.dumps({"rows": dataset.rows, "before": before, "peak": peak(), "seconds": seconds}))
"""


class Done(TypedDict):
    """A training that was done.

    Attributes:
        rows: That there were.
        before: Bytes of the process when everything is imported.
        peak: The most bytes of it.
        seconds: Of the training.
        exact: The share of the rows held out that it reads in the end.
    """

    rows: int
    before: int
    peak: int
    seconds: float
    exact: float


def _done(kind: str, source: Path, steps: int) -> Done:
    """Return what came of a training, having done it if need be."""
    place = PLACE / "shards"
    place.mkdir(parents=True, exist_ok=True)
    model = place / f"{kind.replace(' ', '-')}-{steps}.onnx"
    kept = model.with_suffix(".json")
    if not kept.exists():
        command = [sys.executable, "-c", _TRAIN, kind, str(source), str(model), str(steps)]
        with model.with_suffix(".log").open("w") as log:
            told = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, check=True).stdout
        with model.with_name(f"{model.name}.run").joinpath("log.csv").open() as file:
            *_, last = csv.DictReader(file)
        atomic_write(kept, json.dumps(json.loads(told) | {"exact": float(last["exact"])}))
    done: Done = json.loads(kept.read_text(encoding="utf-8"))
    return done


def main() -> None:
    """Train on each, and print a table."""
    parser = argparse.ArgumentParser(description="Training from Parquet shards.")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where files are kept ({DATA})")
    parser.add_argument("--files", type=int, default=8, help="of 10,000 captchas each (8)")
    parser.add_argument("--steps", type=int, default=1250, help="of 64 images each (1250)")
    options = parser.parse_args()
    files = shards(options.data, options.files)
    several = options.data / f"first-{options.files}"
    several.mkdir(exist_ok=True)
    for file in files:
        (several / file.name).unlink(missing_ok=True)
        (several / file.name).symlink_to(file)
    whole = one_group(options.data, options.files)
    sources = {
        "1 file": files[0],
        f"{options.files} files": several,
        "in memory": several,
        f"{options.files} files as one row group": whole,
    }
    lines = []
    for kind, source in sources.items():
        done = _done(kind, source, options.steps)
        own = (done["peak"] - done["before"]) / 2**20
        lines.append(
            [
                kind,
                f"{done['rows']:,}",
                f"{done['peak'] / 2**20:,.0f} MB",
                f"{own:,.0f} MB",
                share(done["exact"], 2),
                f"{done['seconds']:.0f} s",
            ]
        )
    head = ["trained on", "rows", "peak", "of it above the imports", "exact match", "time"]
    print(table(head, lines))


if __name__ == "__main__":
    main()

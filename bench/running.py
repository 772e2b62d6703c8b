"""Trainings for a measurement, each a command of its own, and what came of them, which is kept.

A `Cell` is one training and its test. It is written to build/bench/cells as soon as it is done,
and found there ever after, so that an interrupted bench goes on where it was. It belongs to the
file that was started from: another file, other cells. After a change of the training's code,
delete that folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from captchascope.atomic import atomic_write
from captchascope.data.dataset import read_dataset
from captchascope.evaluate import Rate, evaluate_reader
from captchascope.reader import load, model_path
from sets import PLACE, SETS, folder_of


class RunError(Exception):
    """A command that failed."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a model is trained on: the first ``labels`` rows of a set; 0 is what it starts from.

    Attributes:
        name: Of the set.
        labels: How many rows.
        seed: Of the training.
        source: What to start from, as ``train --from`` takes it.
    """

    name: str
    labels: int
    seed: int = 0
    source: str = "any"


@dataclass(frozen=True, slots=True)
class Cell:
    """A training that was done, and how its model did on the set's test images.

    Attributes:
        model: The name or the file of the model.
        exact: Exact match.
        seconds: From start to written file.
        commit: Of the code that trained it.
    """

    model: str
    exact: Rate
    seconds: float
    commit: str


def trained(folder: Path, model: Path, *options: str, threads: int | None = None) -> float:
    """Train a model by the command, beside its log, and return the seconds from start to file.

    Args:
        folder: The labelled images.
        model: The file to be.
        options: Of the command.
        threads: Of torch and the like; None leaves that to them.
    Raises:
        RunError: If there is no model then.
    """
    model.parent.mkdir(parents=True, exist_ok=True)
    model.unlink(missing_ok=True)
    log = model.with_suffix(".log")
    command = [sys.executable, "-m", "captchascope", "train", str(folder), "-o", str(model)]
    environment = dict(os.environ)
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    begun = time.perf_counter()
    with log.open("ab") as file:
        done = subprocess.run(
            [*command, *options],
            stdout=subprocess.DEVNULL,
            stderr=file,
            env=environment,
            check=False,
        )
    if done.returncode not in (0, 1) or not model.exists():  # 1: some image failed, no more
        raise RunError(f"training ended with status {done.returncode} and left no model, see {log}")
    return time.perf_counter() - begun


def is_kept(training: Training) -> bool:
    """Tell whether a training has been done, and what came of it is known."""
    return _kept(training).exists()


def cell(training: Training, threads: int | None = None) -> Cell:
    """Return what came of a training, having done it if need be.

    Raises:
        RunError: If the training fails.
    """
    base, kept = _base(training), _kept(training)
    if kept.exists():
        return _read(kept)
    if training.labels:
        found = _cell_of_labels(training, base.with_suffix(".onnx"), threads)
    else:
        found = _cell_of_none(training)
    base.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(kept, json.dumps(asdict(found), indent=1))
    return found


def _cell_of_labels(training: Training, model: Path, threads: int | None) -> Cell:
    folder = folder_of(training.name)
    options = ["--last", str(training.labels), "--seed", str(training.seed)]
    options += ["--from", training.source]
    seconds = trained(folder / "train", model, *options, threads=threads)
    result = evaluate_reader(load(model), read_dataset(folder / "test"))
    return Cell(str(model), result.exact_match, seconds, commit())


def _cell_of_none(training: Training) -> Cell:
    """Measure what the model to start from reads of a set that it has seen nothing of."""
    known = SETS[training.name]
    reader = load(training.source, charset=known.charset, length=known.length)
    result = evaluate_reader(reader, read_dataset(folder_of(training.name) / "test"))
    return Cell(training.source, result.exact_match, 0.0, commit())


def _base(training: Training) -> Path:
    """Return the path of all files of a cell, without suffix."""
    start = "none"
    if training.source != "none":
        start = hashlib.sha256(model_path(training.source).read_bytes()).hexdigest()[:12]
    return PLACE / "cells" / start / f"{training.name}-{training.labels}-{training.seed}"


def _kept(training: Training) -> Path:
    return _base(training).with_suffix(".json")


def _read(file: Path) -> Cell:
    values = json.loads(file.read_text(encoding="utf-8"))
    return Cell(**{**values, "exact": Rate(**values["exact"])})


def commit() -> str:
    """Return the commit of the code, with a + where it has been changed since."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=8", "--exclude=*"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=PLACE.parents[1]
    )
    return done.stdout.strip() or "unknown"


def percent(share: Rate) -> str:
    """Return a rate as ``98.60 % (97.1 to 99.3)``."""
    return f"{share.value:.2%} ({share.low * 100:.2f} to {share.high * 100:.2f})".replace("%", " %")


def share(value: float, places: int = 1) -> str:
    """Return a share of one as ``98.6 %``."""
    return f"{100 * value:.{places}f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

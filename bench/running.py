"""Running the command line for a measurement, and keeping what came of it.

A `Cell` is one training and its test. It is written to build/bench/cells as soon as it is done,
and found there ever after, so that an interrupted bench goes on where it was. It belongs to the
file that was started from: another start, other cells. After a change of the training's code,
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
from typing import Any

from captchascope.evaluate import Rate
from captchascope.files import atomic_write
from captchascope.reader import model_path
from sets import PLACE, SETS, folder_of


class RunError(Exception):
    """A command that failed, and what it said last."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a model is trained on: the first ``labels`` rows of a set; 0 is the start itself.

    Attributes:
        name: Of the set.
        labels: How many rows.
        seed: Of the training.
        source: What to start from, as ``train --from`` takes it.
    """

    name: str
    labels: int
    seed: int = 0
    source: str = "start"


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


def captchascope(*arguments: str, threads: int | None = None, log: Path | None = None) -> str:
    """Run a command of captchascope and return what it printed.

    Args:
        arguments: Of the command line.
        threads: Of torch and the like; None leaves that to them.
        log: A file for what the command says; otherwise it is shown.
    Raises:
        RunError: If it failed; it may say that single images did.
    """
    command = [sys.executable, "-m", "captchascope", *arguments]
    environment = dict(os.environ)
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    with (log or Path(os.devnull)).open("ab") as file:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=None if log is None else file,
            text=True,
            env=environment,
            check=False,
        )
    if done.returncode not in (0, 1):  # 1: some image failed, the rest was done
        said = "" if log is None else f", see {log}"
        raise RunError(f"{' '.join(arguments)} ended with status {done.returncode}{said}")
    return done.stdout


def trained(folder: Path, model: Path, *options: str, threads: int | None = None) -> float:
    """Train a model beside its log and return the seconds from start to written file.

    Raises:
        RunError: If there is no model then.
    """
    model.parent.mkdir(parents=True, exist_ok=True)
    model.unlink(missing_ok=True)
    log = model.with_suffix(".log")
    begun = time.perf_counter()
    captchascope("train", str(folder), "-o", str(model), *options, threads=threads, log=log)
    if not model.exists():
        raise RunError(f"training left no {model}, see {log}")
    return time.perf_counter() - begun


def measured(model: str, folder: Path, *options: str, threads: int | None = None) -> dict[str, Any]:
    """Return what ``captchascope test`` says of a model."""
    arguments = ["test", str(folder), "--model", model, "--format", "json", *options]
    result: dict[str, Any] = json.loads(captchascope(*arguments, threads=threads))
    return result


def rate(result: dict[str, Any]) -> Rate:
    """Return the exact match of what ``captchascope test`` said."""
    return Rate(result["captcha"]["hits"], result["captcha"]["total"])


def is_kept(training: Training) -> bool:
    """Tell whether a training has been done, and what came of it is known."""
    return _kept(training).exists()


def cell(training: Training, threads: int | None = None) -> Cell:
    """Return what came of a training, having done it if need be.

    Raises:
        RunError: If the training fails, or its test does.
    """
    base, kept = _base(training), _kept(training)
    if kept.exists():
        return _read(kept)
    if training.labels:
        found = _cell_of_labels(training, base.with_suffix(".onnx"), threads)
    else:
        found = _cell_of_none(training, threads)
    base.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(kept, json.dumps(asdict(found), indent=1))
    return found


def _cell_of_labels(training: Training, model: Path, threads: int | None) -> Cell:
    folder = folder_of(training.name)
    options = ["--last", str(training.labels), "--seed", str(training.seed)]
    options += ["--from", training.source]
    seconds = trained(folder / "train", model, *options, threads=threads)
    result = measured(str(model), folder / "test", threads=threads)
    return Cell(str(model), rate(result), seconds, commit())


def _cell_of_none(training: Training, threads: int | None) -> Cell:
    """Measure what the start reads of a set that it has seen nothing of."""
    known = SETS[training.name]
    options = ["--charset", known.charset, "--length", str(known.length)]
    test = folder_of(training.name) / "test"
    result = measured(training.source, test, *options, threads=threads)
    return Cell(training.source, rate(result), 0.0, commit())


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


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""Whether a model trained on few labels is too sure: how many of 500 others it reads wrong, surely.

    python bench/few_labels.py [--sets SET...] [--labels N,N] [--seeds N] [--kept]

Trains by the command on so many rows of each set's first 1,000, chosen by the seed as `--labels`
does, with default settings, and reads the last 500 as the model does by itself, told nothing. What
is done is kept in build/bench/few, so that an interrupted run goes on; after a change of the
training's code, delete that folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from calibration import Confidences
from captchascope import load, read_dataset
from captchascope.atomic import atomic_write
from captchascope.model.file import open_model
from running import RunError, commit, share, table, trained
from sets import PLACE, SETS, available, folder_of

_SURE = 0.95
_ALLOWED = 5  # of a test set, that are wrong though the model is sure
_USEFUL = 0.5  # a confidence below which a reader would ask


@dataclass(frozen=True, slots=True)
class Few:
    """A training on few labels, and how its model read the images of the test.

    Attributes:
        confidence: Of each reading.
        right: Whether it is right.
        temperature: Of the model.
        metrics: What the model says of itself.
        seconds: From start to written file.
        commit: Of the code that trained it.
    """

    confidence: list[float]
    right: list[bool]
    temperature: float
    metrics: dict[str, object]
    seconds: float
    commit: str

    @property
    def exact(self) -> float:
        """The share that is right."""
        return fmean(self.right)

    @property
    def surely_wrong(self) -> int:
        """How many are wrong with a confidence that says otherwise."""
        return sum(
            p > _SURE and not hit for p, hit in zip(self.confidence, self.right, strict=True)
        )

    def row(self) -> list[str]:
        """Return its cells of the table."""
        p, hit = np.array(self.confidence), np.array(self.right)
        rank = np.argsort(np.argsort(p))
        right, wrong = int(hit.sum()), int((~hit).sum())
        above = rank[hit].sum() - right * (right - 1) / 2
        missed = "" if self.surely_wrong <= _ALLOWED else ", missed"
        return [
            share(self.exact),
            f"{self.surely_wrong}{missed}",
            share(float((p > _SURE).mean())),
            share(float((p > _USEFUL).mean())),
            f"{above / (right * wrong):.3f}" if right and wrong else "",
            f"{Confidences(p, hit.astype(float)).ece():.3f}",
            f"{self.temperature:.2f}",
            f"{self.seconds:.0f} s",
        ]


_HEAD = [
    "set",
    "labels",
    "seed",
    "exact match",
    "wrong above 0.95",
    "above 0.95",
    "above 0.5",
    "AUROC",
    "ECE",
    "temperature",
    "training",
]


def _measured(name: str, labels: int, seed: int, kept_only: bool) -> Few | None:
    """Return what came of a training, having done it if need be and allowed.

    Raises:
        RunError: If the training fails.
    """
    model = PLACE / "few" / f"{name}-{labels}-{seed}.onnx"
    kept = model.with_suffix(".json")
    if kept.exists():
        return Few(**json.loads(kept.read_text(encoding="utf-8")))
    if kept_only:
        return None
    folder = folder_of(name)
    options = ["--labels", str(labels), "--seed", str(seed)]
    seconds = trained(folder / "train", model, *options)
    found = _read(model, folder / "test", seconds)
    atomic_write(kept, json.dumps(asdict(found)))
    return found


def _read(model: Path, folder: Path, seconds: float) -> Few:
    test = read_dataset(folder).samples
    readings = list(load(model).read_many([sample.path for sample in test]))
    right = [r.text == sample.label for r, sample in zip(readings, test, strict=True)]
    meta = open_model(model).metadata
    confidence = [float(reading.confidence) for reading in readings]
    return Few(confidence, right, meta.temperature, dict(meta.metrics), seconds, commit())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Few labels, and confidence.")
    names = ["cloud4", "captcha"]
    parser.add_argument("--sets", nargs="+", default=names, choices=[*SETS], metavar="SET")
    parser.add_argument("--labels", default="25,44", help="how many, such as 25,44")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each (5)")
    parser.add_argument("--kept", action="store_true", help="train nothing, show what is there")
    return parser.parse_args()


def main() -> None:
    """Do what has not been done, printing each line as it comes."""
    options = _options()
    print(table(_HEAD, []), flush=True)
    commits = set()
    for seed in range(options.seeds):  # outermost, so that each set is there early
        for name in available(options.sets):
            for labels in map(int, options.labels.split(",")):
                try:
                    found = _measured(name, labels, seed, options.kept)
                except RunError as error:
                    print(f"{name}, {labels} labels, seed {seed}: {error}", file=sys.stderr)
                    continue
                if found is not None:
                    cells = [name, str(labels), str(seed), *found.row()]
                    print(f"| {' | '.join(cells)} |", flush=True)
                    commits.add(found.commit)
    print(f"\nTrained at {', '.join(sorted(commits))}.")


if __name__ == "__main__":
    main()

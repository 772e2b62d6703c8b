"""Trainings on few labels: what a model reads afterwards of images that it has not seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from captchascope.audit.figures import Training
from captchascope.audit.measure.readings import reads_of, untold
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.data.dataset import Dataset
from captchascope.errors import MissingExtraError, TrainingError
from captchascope.reader import reader_of
from captchascope.train import Progress, Trained, train_model
from captchascope.train.recipes import CTC_RECIPES

_LEAST = 40.0  # seconds: of fewer, little more is left than what loading and exporting take
_READING = 0.9  # of a measurement, the share of it that is over when reading begins

_STEP = 0.33  # seconds for one step on two processors, of images of usual size
_AROUND = 12.0  # seconds, there, for loading, exporting and reading


def train_and_read(setting: Setting, labels: int, seed: int) -> Training:
    """Train on so many labels of the pool by the default recipe, and read what is held out.

    Nothing is validated, in folds or otherwise: all labels are trained on, as the images that are
    held out measure the model. It is told nothing further than what it knows, and removed.

    Args:
        setting: Its folder is written to; its time limit ends the training early.
        labels: How many.
        seed: Of their choice and of the training; fewer labels of one seed are among more.
    Raises:
        UnmeasuredError: If there are not as many labels, there is too little time, the packages of
            training are not installed, or nothing comes of it.
        OutputError: If the model cannot be written.
        KeyboardInterrupt: If somebody ended it: a model that is half trained is none.
    """
    pool, held = setting.subject.pool, setting.subject.held
    if labels > len(pool.samples):
        given = f"{len(pool.samples)} labelled images besides those held out"
        raise UnmeasuredError(f"there are only {given}; label more")
    if setting.left() < _LEAST:
        raise UnmeasuredError("too little of the time limit was left; allow more time")
    setting.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="training-", dir=setting.folder) as folder:
        begun = time.monotonic()
        model = Path(folder) / "model.onnx"
        trained, cut_short = _trained(pool.take(labels, seed), model, setting, seed)
        seconds = time.monotonic() - begun
        paths, readings = [sample.path for sample in held.samples], []
        with reader_of(trained.model, untold(setting.reading)) as reader:
            for reading in reader.read_many(paths, jobs=setting.jobs, errors="return"):
                readings.append(reading)
                done = len(readings) / len(paths)
                setting.progress(_READING + (1 - _READING) * done)
            reads = reads_of(reader, paths, held.samples, readings)
    return Training(labels, seed, reads, seconds, trained.kept, cut_short)


def _trained(dataset: Dataset, model: Path, setting: Setting, seed: int) -> tuple[Trained, bool]:
    """Train a model, and tell whether the time limit ended that before all its steps were done."""
    told: list[Progress] = []

    def note(progress: Progress) -> None:
        told[:] = [progress]
        setting.progress(_READING * min(1.0, progress.share))

    options, left = setting.reading, setting.left()
    try:
        trained = train_model(
            dataset,
            model,
            seed=seed,
            time_limit=None if setting.deadline is None else left,
            frames=options.frames,
            rows=options.rows,
            ink=options.ink,
            ignore_case=options.ignore_case,
            validate=False,
            on_progress=note,
        )
    except MissingExtraError as error:
        raise UnmeasuredError(f"training {error.what}; {error.remedy}") from error
    except TrainingError as error:
        remedy = f" ({error.remedy})" if error.remedy else ""
        raise UnmeasuredError(f"the training came to nothing: {error.what}{remedy}") from error
    if trained.interrupted:
        raise KeyboardInterrupt
    return trained, any(last.done < last.planned for last in told)


def expected_seconds(labels: int, made: Sequence[Training]) -> float:
    """Return how long ``train_and_read`` takes with so many labels, in seconds.

    Args:
        labels: How many.
        made: Trainings of this machine and these images, which tell how fast they go; without any,
            two processors of 2026 and images of usual size are assumed.
    """
    whole = [training for training in made if not training.cut_short]
    usual = sum(_usual_seconds(training.labels) for training in whole)
    slowness = sum(training.seconds for training in whole) / usual if whole else 1.0
    return _usual_seconds(labels) * slowness


def _usual_seconds(labels: int) -> float:
    recipe = CTC_RECIPES["default"].for_labels(labels)
    return _AROUND + _STEP * recipe.steps(labels, scratch=False)

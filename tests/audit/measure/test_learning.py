"""Trainings on few labels, as an audit makes them."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from captchascope.audit.figures import Reads, Training
from captchascope.audit.measure.learning import expected_seconds, train_and_read
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.audit.subject import Subject, folder_subject
from captchascope.decode import ReadOptions
from captchascope.evaluate import Rate
from captchascope.train.recipes import CTC_RECIPES

pytest.importorskip("torch")
tasks = pytest.importorskip("train.ctc.tasks")


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Draw easy captchas, forty of them to train on."""
    return folder_subject(tasks.folder_of(tmp_path_factory.mktemp("easy") / "captchas", 80), 0)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the default recipe be a tiny one, which begins with nothing."""
    monkeypatch.setitem(CTC_RECIPES, "default", tasks.TINY)


def test_a_model_is_trained_measured_and_removed(tmp_path: Path, subject: Subject) -> None:
    """It reads what is held out, and is told nothing of it by what the user said of the texts."""
    shares: list[float] = []
    told = ReadOptions(charset="xyz", length=1)
    setting = Setting(subject, tmp_path / "work", reading=told, progress=shares.append)
    found = train_and_read(setting, 40, 3)
    assert (found.labels, found.seed, found.cut_short) == (40, 3, False)
    assert found.reads.exact is not None
    assert found.reads.exact.total == len(subject.held.samples)
    assert found.reads.exact.hits > 0
    assert found.kept == "kept step 60 of 60: the last"
    assert found.seconds > 0
    assert not [*(tmp_path / "work").iterdir()]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_more_labels_than_there_are(tmp_path: Path, subject: Subject) -> None:
    """It says how many there are."""
    with pytest.raises(UnmeasuredError, match="only 40 labelled images besides"):
        train_and_read(Setting(subject, tmp_path), 41, 0)


def test_too_little_time(tmp_path: Path, subject: Subject) -> None:
    """It does not begin."""
    with pytest.raises(UnmeasuredError, match="allow more time"):
        train_and_read(Setting(subject, tmp_path, deadline=time.monotonic() + 5), 8, 0)


def test_labels_of_which_nothing_can_be_learnt(tmp_path: Path, subject: Subject) -> None:
    """It gives the training's own words."""
    same = tuple(replace(sample, label="01") for sample in subject.pool.samples)
    alike = replace(subject, pool=replace(subject.pool, samples=same))
    with pytest.raises(UnmeasuredError, match="the training came to nothing: all 8 labels"):
        train_and_read(Setting(alike, tmp_path), 8, 0)


def test_an_interrupt_leaves_nothing(tmp_path: Path, subject: Subject) -> None:
    """A model that is half trained is none."""

    def interrupt(share: float) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_and_read(Setting(subject, tmp_path, progress=interrupt), 8, 0)
    assert not [*tmp_path.iterdir()]


def training(labels: int, seconds: float, cut_short: bool = False) -> Training:
    """Return one that took so long."""
    return Training(labels, 0, Reads(Rate(1, 2), None, 0.5, 0, 0, 9.0), seconds, "", cut_short)


def test_how_long_a_training_will_take() -> None:
    """More labels take longer; one that was made tells of others, but not if it was cut short."""
    usual = expected_seconds(8, [])
    assert usual > 0
    assert expected_seconds(8, [training(8, 3 * usual)]) == pytest.approx(3 * usual)
    assert expected_seconds(8, [training(8, usual / 9, cut_short=True)]) == usual

"""A training as a whole: which rows go where, and what the model says about itself."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import captchascope
from captchascope.data.dataset import Dataset
from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import InputSpec
from captchascope.glyphs.scheme import Scheme
from captchascope.model.file import open_model_bytes
from captchascope.model.metadata import Metadata
from captchascope.train.glyphs.data import GlyphSet, glyphs_of
from captchascope.train.glyphs.loop import Epoch
from captchascope.train.glyphs.training import train_glyphs, usable
from train.glyphs.tiny import METU, WINDOW, batch_of, drawn, quick


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Draw thirty captchas."""
    return drawn(tmp_path_factory.mktemp("data") / "made", 30)


@pytest.fixture
def sets(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record the files of every set that is cut: first the one to train on, then the other."""
    seen: list[list[str]] = []

    def recorded(dataset: Dataset, scheme: Scheme, spec: InputSpec, jitter: int) -> GlyphSet:
        seen.append([sample.file for sample in dataset.samples])
        return glyphs_of(dataset, scheme, spec, jitter)

    monkeypatch.setattr("captchascope.train.glyphs.training.glyphs_of", recorded)
    return seen


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_validation_rows_are_never_trained_on(
    data: Dataset, sets: list[list[str]], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A tenth is held out, chosen by the seed, and the two together are all."""
    quick(monkeypatch, epochs=1)
    train_glyphs(data, METU, seed=seed)
    train, held = sets
    assert len(held) == 3
    assert not set(train) & set(held)
    assert sorted(train + held) == sorted(sample.file for sample in data.samples)
    assert held == [sample.file for sample in data.hold_out(0.1, seed=seed)[1].samples]


def test_the_tutorial_trains_on_all_rows(
    data: Dataset, sets: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is held out, so the last epoch is taken and nothing can be said of its accuracy."""
    quick(monkeypatch, "tutorial", epochs=3)
    trained = train_glyphs(data, METU, recipe="tutorial")
    assert sets == [[sample.file for sample in data.samples], []]
    assert trained.metadata.metrics == {
        "epoch": 3,
        "epochs": 3,
        "loss": trained.epochs[-1].loss,
    }
    assert trained.metadata.temperature == 1


def test_a_single_captcha_can_be_trained_on(
    data: Dataset, sets: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to hold out then."""
    quick(monkeypatch, epochs=1)
    trained = train_glyphs(data.take(1, 0), METU)
    assert [len(files) for files in sets] == [1, 0]
    assert "validation_captcha" not in trained.metadata.metrics


def test_the_model_says_what_it_is(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed, recipe, alphabet, input, scheme, version; and the file has the same metadata."""
    quick(monkeypatch, epochs=2)
    told: list[Epoch] = []
    trained = train_glyphs(data, METU, seed=7, on_epoch=told.append)
    meta = trained.metadata
    assert (meta.format, meta.method, meta.seed) == (1, "glyphs", 7)
    assert (meta.charset.chars, meta.version) == ("0123456789", captchascope.__version__)
    assert meta.input == asdict(WINDOW)
    assert meta.scheme == asdict(METU)
    assert json.loads(meta.data) == {"samples": 30, "recipe": "default"}
    assert set(meta.metrics) >= {"epoch", "epochs", "loss", "validation_captcha"}
    assert 0.25 <= meta.temperature <= 4
    assert tuple(told) == trained.epochs
    assert written(trained.data).to_props() == meta.to_props()


def written(data: bytes) -> Metadata:
    """Return the metadata of a model file."""
    return open_model_bytes(data, "trained").metadata


@pytest.mark.parametrize("recipe", ["default", "tutorial"])
def test_the_seed_decides(data: Dataset, monkeypatch: pytest.MonkeyPatch, recipe: str) -> None:
    """The same gives the same logits to the bit, another gives others."""
    spec = InputSpec.of_scheme(METU, quick(monkeypatch, recipe, epochs=2).looks_at)
    first, second, other = (
        open_model_bytes(train_glyphs(data, METU, recipe=recipe, seed=seed).data, "m").run(
            batch_of(spec)
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.allclose(first, other)


def test_what_cannot_be_cut_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is, among the rows to train on or those held out."""
    quick(monkeypatch, epochs=1)
    data = drawn(tmp_path / "made", 10)
    held = data.hold_out(0.1, seed=0)[1].samples[0]
    trained = next(sample for sample in data.samples if sample != held)
    for sample in (held, trained):
        Image.new("L", (150, 50), 255).save(sample.path)
    problems = train_glyphs(data, METU, seed=0).problems
    assert {problem.where for problem in problems} == {str(held.path), str(trained.path)}


def test_nothing_that_can_be_cut(tmp_path: Path) -> None:
    """It is an error that says why, of the first captcha."""
    data = drawn(tmp_path / "made", 3)
    for sample in data.samples:
        Image.new("L", (150, 50), 255).save(sample.path)
    with pytest.raises(TrainingError, match=r"no sample can be trained on: .*: no ink"):
        train_glyphs(data, METU)
    with pytest.raises(TrainingError, match="no sample can be trained on"):
        train_glyphs(replace(data, samples=()), METU)


def test_labels_that_the_scheme_cannot_have(data: Dataset) -> None:
    """They become problems before anything is cut."""
    changed = replace(data.samples[0], label="12345a"), replace(data.samples[1], label="1234567")
    part = usable(replace(data, samples=(*changed, *data.samples[2:])), METU)
    assert part.samples == data.samples[2:]
    assert len(part.problems) == 2


def test_the_export_has_its_time(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is that of the written file: training ends well before it."""
    quick(monkeypatch, epochs=10**6)
    begun = time.monotonic()
    trained = train_glyphs(data, METU, deadline=begun + 18)
    assert time.monotonic() - begun < 18
    assert 1 <= len(trained.epochs) < 10**6
    with pytest.raises(TrainingError, match="no time was left"):
        train_glyphs(data, METU, deadline=time.monotonic() + 5)

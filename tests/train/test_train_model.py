"""Training as the library has it: a data set in, a model file out, and what is told of it."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch

from captchascope import load, train_model
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ModelError,
    TrainingError,
    UsageError,
)
from captchascope.image import Preprocessing
from captchascope.model.metadata import is_calibrated
from captchascope.train import Progress
from captchascope.train.request import preprocessing_of
from train.ctc.tasks import folder_of, tiny


@pytest.fixture
def digits(tmp_path: Path) -> Dataset:
    """Draw labelled digits, of which one image is damaged and one label cannot be learnt."""
    folder = folder_of(tmp_path / "digits", 80)
    (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows = (folder / "labels.csv").read_text().splitlines()
    spoilt = [f"{row.split(',')[0]},1\u2028" if row.startswith("5.png,") else row for row in rows]
    (folder / "labels.csv").write_text("\n".join(spoilt) + "\n")
    return read_dataset(folder)


def test_a_model_comes_of_a_data_set(
    tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads; what was left out is told; and the process is afterwards as it was before."""
    tiny(monkeypatch)
    lines: list[str] = []
    told: list[Progress] = []
    threads = torch.get_num_threads(), cv2.getNumThreads()
    trained = train_model(
        digits,
        tmp_path / "mine.onnx",
        recipe="fast",
        on_line=lines.append,
        on_progress=told.append,
    )
    assert trained.model == tmp_path / "mine.onnx"
    assert (trained.samples, trained.interrupted) == (len(digits.samples) - 1, False)
    assert trained.metrics["step"] == 60
    assert "3.png" in {Path(problem.where).name for problem in trained.problems}
    assert lines[0] == "alphabet  0123 (4 characters)"
    last = told[-1]
    assert (last.share, last.unit, last.done, last.planned) == (1, "step", 60, 60)
    assert last.texts == trained.metrics["validation_samples"] == 8
    assert (torch.get_num_threads(), cv2.getNumThreads()) == threads
    reader = load(trained.model)
    texts = [reader.read(sample.path).text == sample.label for sample in digits.samples[10:40]]
    assert sum(texts) > 24


@pytest.mark.parametrize("moment", ["before a step", "before a validation"])
def test_an_interrupt_before_the_first_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It says that there is no model, and leaves the one that was there; a step can be resumed."""
    tiny(monkeypatch, validations=1)
    digits, model = read_dataset(folder_of(tmp_path / "digits", 80)), tmp_path / "mine.onnx"
    model.write_bytes(b"kept")

    def interrupt(told: str | Progress) -> None:
        if isinstance(told, Progress) == (moment == "before a validation"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="no model was written") as ended:
        train_model(digits, model, recipe="fast", on_line=interrupt, on_progress=interrupt)
    begun = moment == "before a validation"
    assert ended.value.args[1] == ("--resume goes on" if begun else "train again")
    assert model.read_bytes() == b"kept"


def test_a_model_keeps_how_its_images_were_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader does as its training did, and so does a training that starts from it."""
    tiny(monkeypatch)
    digits = read_dataset(folder_of(tmp_path / "digits", 40))
    told = Preprocessing("last", 2, "black")
    model = train_model(
        digits, tmp_path / "mine.onnx", recipe="fast", frames="last", rows=2, ink="black"
    ).model
    assert load(model).preprocessing == preprocessing_of(model) == told
    assert load(model, rows=1).preprocessing == replace(told, rows=1)
    assert preprocessing_of(None) == Preprocessing()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"recipe": "fast", "method": "glyphs"}, UsageError, "recipe: fast is of --method whole"),
        ({"method": "none"}, UsageError, "method: there is no none"),
        ({"unlabelled": "more", "devices": 2}, UsageError, "unlabelled: is done by one process"),
        ({"unlabelled": "nowhere"}, DatasetError, "nowhere: cannot be read"),
        ({"rows": "two"}, UsageError, "rows: cannot be 'two'"),
        ({"ink": "red", "recipe": "fast"}, TrainingError, "shows nothing in the ink red"),
        ({"source": "start"}, UsageError, r"^source: start no longer ships \(write any"),
        ({"source": "nothing"}, ModelError, "nothing: no such model"),
        ({"recipe": "fast", "time_limit": 0.01}, TrainingError, "no time was left"),
    ],
)
def test_what_cannot_be(
    tmp_path: Path,
    digits: Dataset,
    options: dict[str, object],
    error: type[CaptchascopeError],
    says: str,
) -> None:
    """An error that names the parameter, and nothing is left."""
    with pytest.raises(error, match=says):
        train_model(digits, tmp_path / "mine.onnx", **options)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]


def test_a_training_that_nothing_validates(
    tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All labels are trained on, the last weights are kept, and the file says that none tell more.

    Images without labels, of which validation chooses those that are read surely, are refused.
    """
    tiny(monkeypatch)
    lines: list[str] = []
    model = tmp_path / "mine.onnx"
    trained = train_model(digits, model, recipe="fast", validate=False, on_line=lines.append)
    assert f"samples   {len(digits.samples) - 1} to train on, 0 to validate on" in lines
    assert trained.metrics == {"step": 60, "steps": 60, "validation_samples": 0}
    assert trained.kept == "kept step 60 of 60: the last"
    assert not is_calibrated(load(model).model.metadata.metrics)
    with pytest.raises(UsageError, match="needs labels that tell"):
        train_model(digits, model, validate=False, unlabelled=digits.folder)

"""captchascope train, without segmentation, from Parquet to a model."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from captchascope import read_parquet, train_model
from captchascope.data.shards import Row
from captchascope.errors import OutputError, UsageError
from captchascope.model.file import open_model
from captchascope.train import Progress, request
from captchascope.train.checkpoint import CHECKPOINT
from captchascope.train.ctc import workflow
from captchascope.train.ctc.stream import StreamedBatches
from cli.commands import TIMEOUT, Cli, one_line, shaped
from train.ctc.tasks import TINY, folder_of, shards_of, start, tiny

TRAIN = ["train", "shards", "-o", "mine.onnx", "--recipe", "fast", "--from", "none"]


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have more than sixty rows be too many for memory."""
    monkeypatch.setattr(request, "_IN_MEMORY", 60)


@pytest.mark.usefixtures("streamed")
def test_a_model_comes_of_parquet(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads; no row that validates it is trained on; and what is left out is told."""
    tiny(monkeypatch)
    held: list[int] = []
    given: set[int] = set()

    class Watched(StreamedBatches):
        def __init__(self, *arguments: Any) -> None:
            rows: Iterable[int] = arguments[5]
            held.extend(rows)
            super().__init__(*arguments)

        def rows(self, number: int) -> Iterator[Row]:
            for row in super().rows(number):
                given.add(row.number)
                yield row

    monkeypatch.setattr(workflow, "StreamedBatches", Watched)
    folder = shards_of(Path("shards"), 3, 52)
    table = pq.read_table(folder / "1.parquet")
    images, labels = (table.column(name).to_pylist() for name in ("image", "text"))
    images[7], labels[8], labels[9] = b"none", None, "1 2"
    labels[7] = labels[30] = "14"  # of which the first would be among the samples, and no other is
    pq.write_table(pa.table({"image": images, "text": labels}), folder / "1.parquet")
    done = cli(*TRAIN, "--seed", "3")
    told = "labels: from column 'text' of 3 files, `"
    assert done.origins[0].startswith(told)
    assert done.origins[0].endswith("` of shards/0.parquet:0; 154 of 156 rows")
    assert done.errors[0] == "1 of 156 rows has no label: left out"
    assert "samples   139 to train on, 15 to validate on" in done.errors
    assert (len(held), len(given) > 100, given & {*held}) == (15, True, set())
    faults = [shaped(line) for line in done.errors if line.startswith("captchascope: ")]
    assert [line.split(": ")[0] for line in faults] == [
        "shards/1.parquet:9",
        "shards/1.parquet:7",
    ]
    assert done.status == 1
    assert done.rows[0].startswith("mine.onnx\t154 samples\t")
    meta = open_model("mine.onnx").metadata
    assert (meta.charset.chars, meta.lengths) == ("01234", (2, 2))
    assert json.loads(meta.data)["samples"] == 154
    folder_of(Path("unseen"), 60, seed=9)
    result = json.loads(cli("test", "unseen", "--model", "mine.onnx", "--format", "json").out)
    assert result["captcha"]["value"] > 0.8


def test_a_few_rows_are_trained_on_as_a_folder_is(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, and validated by folds where there are few."""
    tiny(monkeypatch, batch=8, views=8 * 80)
    shards_of(Path("shards"), 2, 15)
    done = cli(*TRAIN[:-1], "metu")
    assert done.status == 0, done
    assert "samples   30 to train on, 30 to validate on by folds" in done.errors
    assert done.rows[0].startswith("mine.onnx\t30 samples\t")


@pytest.mark.usefixtures("streamed")
def test_a_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was ended; but not on other rows."""
    tiny(monkeypatch, validations=1)
    shards, more = shards_of(tmp_path / "shards", 2, 50), shards_of(tmp_path / "more", 2, 51)
    model = tmp_path / "mine.onnx"

    def interrupt(now: Progress) -> None:
        if now.done == 30:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="no model was written"):
        train_model(read_parquet(shards), model, recipe="fast", on_progress=interrupt)
    with pytest.raises(UsageError, match="was made with "):
        train_model(read_parquet(more), model, recipe="fast", resume=True)
    steps: list[int] = []
    second = train_model(
        read_parquet(shards),
        model,
        recipe="fast",
        resume=True,
        on_progress=lambda now: steps.append(now.done),
    )
    assert steps == [*range(32, 61)]
    assert (second.metrics["steps"], second.samples) == (60, 100)
    assert not (tmp_path / "mine.onnx.run" / CHECKPOINT).exists()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
def test_no_room_for_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error says where, and nothing is left there."""
    import resource

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = read_parquet(shards_of(tmp_path / "shards", 1, 3))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            train_model(data, tmp_path / "mine.onnx", recipe="fast")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]


def test_two_processes_train_on_parquet(place: Path) -> None:
    """Each reads its own; the first tells."""
    shards_of(place / "shards", 3, 1400)
    process = start([*TRAIN, "--devices", "2"], TINY)
    out, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, said
    assert b"samples   3780 to train on, 420 to validate on" in said
    assert out.startswith(b"mine.onnx\t")
    assert open_model("mine.onnx").metadata.metrics["steps"] == 60


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--method", "glyphs"], "--method: glyphs is trained on a folder of images, not on Par"),
        (["--labels", "9"], "--labels: has no meaning for Parquet"),
        (["--first", "2"], "--first: has no meaning for Parquet"),
        (["--labels-from", "csv"], "--labels-from: has no meaning for Parquet"),
        (["--file-column", "a"], "--file-column: has no meaning for Parquet"),
        (["--as-written"], "--as-written: has no meaning for Parquet"),
        (["--unlabelled", "captchas"], "--unlabelled: is for few labels, and there are 62"),
    ],
)
@pytest.mark.usefixtures("streamed")
def test_what_has_no_meaning_for_parquet(cli: Cli, options: list[str], says: str) -> None:
    """It is said, and nothing is left."""
    shards_of(Path("shards"), 2, 31)
    plan = TRAIN[:4] if "glyphs" in options else TRAIN
    assert one_line(cli(*plan, *options, "-q"), 2).startswith(says)
    assert sorted(path.name for path in Path().iterdir()) == ["captchas", "shards"]


def test_what_has_a_meaning_for_parquet_alone(cli: Cli) -> None:
    """A folder of images has no column of them."""
    line = one_line(cli("train", "captchas", "-o", "mine.onnx", "--column", "image", "-q"), 2)
    assert line.startswith("--column: has no meaning for a folder of images")


def test_columns_are_named(cli: Cli) -> None:
    """One that is not there is an error that says which are."""
    shards_of(Path("shards"), 1, 3)
    line = one_line(cli(*TRAIN, "--column", "picture", "-q"), 1)
    assert line.startswith("shards/0.parquet: has no column 'picture'; it has 'image'")

"""Rows that need not fit in memory: which come, in which order, and how many at once."""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("pyarrow")

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec
from captchascope.data.shards import ParquetDataset, RowGroup, read_parquet
from captchascope.errors import DatasetError
from captchascope.image import load_image
from captchascope.train.ctc import stream as module
from captchascope.train.ctc.augment import augment_image
from captchascope.train.ctc.data import Batch
from captchascope.train.ctc.infer import Inferred
from captchascope.train.ctc.stream import StreamedBatches
from train.ctc.tasks import drawn, shards_of

KNOWN = Inferred(Charset("0123"), (2, 2), CtcSpec("whole", 32, 40, 40, 40, 1))


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows come as they are read, of one row group after the other."""
    monkeypatch.setattr(module, "_SHUFFLED", 0)
    monkeypatch.setattr(module, "_OPEN", 1)


def stream(
    data: ParquetDataset, held: tuple[int, ...] = (), share: tuple[int, int] = (0, 1), seed: int = 0
) -> StreamedBatches:
    """Return batches of ten, as they are, without augmentation."""
    return StreamedBatches(data, KNOWN, 10, 0.0, seed, held, share)


def numbers(source: StreamedBatches, count: int, given: int = 0) -> list[int]:
    """Return the numbers of the rows that come first."""
    return [row.number for row in islice(source.rows(given), count)]


def test_a_batch_is_what_a_network_learns_from(tmp_path: Path) -> None:
    """The images as they are read, and their texts."""
    data = read_parquet(shards_of(tmp_path / "s", 2, 30))
    rows = [row for group in data.groups for row in data.rows_of(group)]
    of = {load_image(row.image, 1).tobytes(): row.label for row in rows}
    for batch in islice(stream(data).after(0), 8):
        assert batch.images.shape == (10, 1, 32, 40)
        assert batch.lengths.tolist() == [2] * 10
        pixels = (batch.images[:, 0] * 255).round().byte().numpy()
        read = [KNOWN.charset.decode(ids) for ids in batch.targets.reshape(10, 2).tolist()]
        assert [of[image.tobytes()] for image in pixels] == read


@pytest.mark.usefixtures("in_order")
def test_a_pass_has_every_row_once_but_those_held_out(tmp_path: Path) -> None:
    """Each pass in another order, as a seed decides it."""
    data = read_parquet(shards_of(tmp_path / "s", 4, 25, group=10))
    held = 3, 26, 99
    passes = numbers(stream(data, held), 3 * 97)
    one, two, three = passes[:97], passes[97:194], passes[194:]
    assert sorted(one) == sorted(two) == sorted(three) == sorted({*range(100)} - {*held})
    assert one != two != three
    assert numbers(stream(data, held), 97) == one
    assert numbers(stream(data, held, seed=1), 97) != one


def test_rows_are_shuffled_among_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Across row groups, and none is kept waiting for ever."""
    monkeypatch.setattr(module, "_SHUFFLED", 40)
    monkeypatch.setattr(module, "_TURN", 4)
    data = read_parquet(shards_of(tmp_path / "s", 4, 50))
    got = numbers(stream(data), 5 * 200)
    assert {number // 50 for number in got[:20]} == {0, 1, 2, 3}
    assert sum(b == a + 1 for a, b in pairwise(got)) < 150
    counts = Counter(got)
    assert len(counts) == 200
    assert max(counts.values()) <= 6


@pytest.mark.parametrize(("files", "processes"), [(6, 2), (4, 3), (1, 3)])
def test_processes_share_a_pass(tmp_path: Path, files: int, processes: int) -> None:
    """Each has its own row groups, or where these are fewer than processes, its own rows."""
    data = read_parquet(shards_of(tmp_path / "s", files, 30))
    for number in range(2):
        own = [
            [row.number for row in stream(data, (7,), (rank, processes)).one_pass(number)]
            for rank in range(processes)
        ]
        assert sorted(n for part in own for n in part) == sorted({*range(30 * files)} - {7})
        assert min(map(len, own)) >= 9


@pytest.mark.usefixtures("in_order")
def test_a_resume_goes_on_in_the_pass_that_was_interrupted(tmp_path: Path) -> None:
    """With the row group that it had come to, and then the others that had not come."""
    data = read_parquet(shards_of(tmp_path / "s", 5, 20))
    whole = numbers(stream(data), 300)
    for given in (3, 12, 27):  # batches of ten
        begin = given * 10 // 20 * 20  # of that row group
        again = numbers(stream(data), 300 - begin, given)
        assert again == whole[begin:]


def test_the_same_resume_gives_the_same(tmp_path: Path) -> None:
    """And another one other batches, shuffled anew."""
    data = read_parquet(shards_of(tmp_path / "s", 2, 30))

    def batches(given: int) -> list[bytes]:
        return [batch.images.numpy().tobytes() for batch in islice(stream(data).after(given), 3)]

    assert batches(4) == batches(4) != batches(5)


def spoilt(path: Path, *places: int, image: bytes | None = b"\x89PNG\r\n\x1a\n") -> None:
    """Make the images at some places of a file one that does not decode."""
    table = pq.read_table(path)
    images = table.column("image").to_pylist()
    for place in places:
        images[place] = image
    pq.write_table(table.set_column(0, "image", pa.array(images)), path)


def test_what_does_not_decode_is_left_out_and_counted_once(tmp_path: Path) -> None:
    """However often it comes; the rest is trained on."""
    folder = shards_of(tmp_path / "s", 2, 20)
    spoilt(folder / "1.parquet", 3, 4)
    spoilt(folder / "0.parquet", 11, image=None)
    source = stream(read_parquet(folder))
    batches = source.after(0)
    for batch in islice(batches, 12):
        assert len(batch.images) == 10
    batches.close()
    missing, broken = sorted(source.problems, key=lambda problem: problem.where)
    assert str(missing).startswith(f"{folder}/0.parquet:11: holds no image (write its bytes")
    assert broken.where in {f"{folder}/1.parquet:{place}" for place in (3, 4)}
    assert broken.what.endswith("; 1 more like it")
    assert source.samples == 37


@pytest.mark.usefixtures("in_order")
def test_a_label_that_the_image_cannot_hold(tmp_path: Path) -> None:
    """It is a problem of the row, as in a folder."""
    folder = shards_of(tmp_path / "s", 1, 20)
    table = pq.read_table(folder / "0.parquet")
    labels = pa.array([*table.column("text").to_pylist()[:-1], "0123" * 9])
    pq.write_table(table.set_column(1, "text", labels), folder / "0.parquet")
    source = stream(read_parquet(folder))
    batches = source.after(0)
    assert len([*islice(batches, 3)]) == 3
    batches.close()
    assert [problem.where for problem in source.problems] == [f"{folder}/0.parquet:19"]


def test_nothing_that_decodes_is_an_error(tmp_path: Path) -> None:
    """And no endless search."""
    folder = shards_of(tmp_path / "s", 1, 30)
    spoilt(folder / "0.parquet", *range(30))
    with pytest.raises(DatasetError, match=r"0\.parquet:\d+: .*; \d+ more like it"):
        next(stream(read_parquet(folder)).after(0))


def test_files_that_are_gone_are_an_error_where_none_is_left(tmp_path: Path) -> None:
    """What is left of them is trained on till then."""
    folder = shards_of(tmp_path / "s", 2, 30)
    data = read_parquet(folder)
    (folder / "0.parquet").unlink()
    source = stream(data)
    assert {number // 30 for number in numbers(source, 90)} == {1}
    (folder / "1.parquet").unlink()
    with pytest.raises(DatasetError, match=r"\d\.parquet: cannot be read: .*; 1 more"):
        numbers(source, 1)


def test_files_that_have_changed_are_not_trained_on(tmp_path: Path) -> None:
    """What is in them by then was not looked at: other labels, and rows that were held out."""
    folder = shards_of(tmp_path / "s", 2, 30)
    data = read_parquet(folder)
    table = pq.read_table(folder / "0.parquet").rename_columns(["image", "other"])
    pq.write_table(table, folder / "0.parquet")
    source = stream(data)
    assert {number // 30 for number in numbers(source, 90)} == {1}
    assert [p.what for p in source.problems] == ["has changed since its labels were read"]


def test_images_of_about_one_width_go_together(tmp_path: Path) -> None:
    """Of many widths there are few, and none is padded."""
    rng = np.random.default_rng(0)
    texts = ["0123"[: 1 + n % 4] * (1 + n // 4 % 3) for n in range(240)]
    images = [cv2.imencode(".png", drawn(text, rng))[1].tobytes() for text in texts]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": images, "text": texts}), path)
    spec = CtcSpec("whole", 32, None, 32, 200, 1)
    known = Inferred(KNOWN.charset, (1, 12), spec)
    source = StreamedBatches(read_parquet(path), known, 6, 0.2, 0)
    widths = {batch.images.shape[3] for batch in islice(source.after(0), 40)}
    assert len(widths) > 2
    assert widths <= {32, 40, 48, 64, 80, 96, 120, 152, 192, 240}


@pytest.mark.parametrize("files", [1, 8])
def test_what_is_in_memory_does_not_grow_with_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """Neither rows that are read ahead, nor decoded images: as many of eight files as of one."""
    monkeypatch.setattr(module, "_SHUFFLED", 30)
    read, alive = Counter[str](), Counter[str]()
    rows_of, augmented, lock = ParquetDataset.rows_of, augment_image, threading.Lock()

    def counted_rows(self: ParquetDataset, group: RowGroup) -> Iterator[object]:
        for row in rows_of(self, group):
            read["rows"] += 1
            yield row

    def gone() -> None:
        with lock:
            alive["now"] -= 1

    def counted(*arguments: object) -> object:
        image = augmented(*arguments)  # type: ignore[arg-type]
        with lock:
            alive["now"] += 1
            alive["most"] = max(alive["most"], alive["now"])
        weakref.finalize(image, gone)
        return image

    monkeypatch.setattr(ParquetDataset, "rows_of", counted_rows)
    monkeypatch.setattr(module, "augment_image", counted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    source = stream(read_parquet(shards_of(tmp_path / "s", files, 200)))
    batches: Iterator[Batch] = source.after(0)
    ahead = 10 * (2 * module._AHEAD + 1)
    for number, batch in enumerate(islice(batches, 60), 1):
        del batch
        assert read["rows"] <= 10 * number + ahead + 30 + module._OPEN * module._TURN
    assert 10 < alive["most"] <= ahead + 2 * 10

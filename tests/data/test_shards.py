"""Labelled images in Parquet: what is counted of them, and rows a few at a time."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from captchascope.data.shards import parquet_files, read_parquet
from captchascope.errors import DatasetError, MissingExtraError
from captchascope.generate import draw_captcha

IMAGE = draw_captcha("metu", 5, 1).jpeg()


def written(
    path: Path, labels: Sequence[str | None], image: bytes | None = IMAGE, group: int = 1000
) -> Path:
    """Write a row for each label, all of one image."""
    columns = {
        "image": pa.array([image] * len(labels), pa.binary()),
        "text": pa.array(labels, pa.string()),
    }
    table = pa.table(columns)
    pq.write_table(table, path, row_group_size=group)
    return path


def test_the_labels_tell_what_there_is_to_learn(tmp_path: Path) -> None:
    """Their characters and lengths, and how many are not usable, with the first of those."""
    written(tmp_path / "2.parquet", ["ab", None, "b\u00a0c", "  ", "c d"], group=2)
    written(tmp_path / "10.parquet", ["−1", "abc", "\u0007"])
    data = read_parquet(tmp_path)
    assert (data.rows, data.size, data.unlabelled) == (3, 8, 2)
    assert (data.chars, data.lengths) == ("-1abc", (2, 3))
    assert [(p.where, p.what) for p in data.problems] == [
        (
            f"{tmp_path}/2.parquet:2",
            "has a label with white space or a control character; 2 more like it",
        )
    ]
    rows = [row for group in data.groups for row in data.rows_of(group)]
    assert [(row.number, row.label) for row in rows] == [(0, "ab"), (5, "-1"), (6, "abc")]
    assert {row.image for row in rows} == {IMAGE}
    assert data.first == ("ab", f"{tmp_path}/2.parquet:0")
    assert data.where(6) == f"{tmp_path}/10.parquet:1"
    assert data.origin.what == "column 'text' of 2 files"
    assert pickle.loads(pickle.dumps(data)).groups == data.groups


def test_labels_are_taken_as_they_are_asked_for(tmp_path: Path) -> None:
    """Without white space, or in lower case."""
    path = written(tmp_path / "a.parquet", ["A b", "cD"])
    data = read_parquet(path, strip_spaces=True)
    assert (data.rows, data.chars) == (2, "ADbc")
    lower = data.ignoring_case()
    assert (lower.chars, lower.lengths) == ("abcd", (2, 2))
    assert [row.label for row in lower.rows_of(lower.groups[0])] == ["ab", "cd"]


def test_a_row_group_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """Of 64 MB a few are, whatever Arrow has of it."""
    rng = np.random.default_rng(0)
    images = pa.array([rng.bytes(8192) for _ in range(8192)], pa.binary())
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"image": images, "text": ["12"] * 8192}), path)
    del images
    data = read_parquet(path)
    assert len(data.groups) == 1
    before, most, count = pa.total_allocated_bytes(), 0, 0
    for row in data.rows_of(data.groups[0]):
        count += len(row.image)
        most = max(most, pa.total_allocated_bytes() - before)
    assert count == 64 * 2**20
    assert most < 24 * 2**20


def test_a_sample_shows_every_character_and_length(tmp_path: Path) -> None:
    """However rare; the same seed chooses the same rows, another one others."""
    labels = ["12"] * 3000
    labels[1234], labels[2345] = "1x", "12121"
    written(tmp_path / "a.parquet", labels, group=500)
    data = read_parquet(tmp_path / "a.parquet")
    names = "one", "again", "other"
    for name in names:
        (tmp_path / name).mkdir()
    one, again, other = (
        data.sample(100, seed, tmp_path / name) for name, seed in zip(names, (1, 1, 2), strict=True)
    )
    assert 100 <= len(one.samples) <= 103
    assert {1234, 2345} < {sample.row for sample in one.samples}
    assert [s.row for s in one.samples] == [s.row for s in again.samples]
    assert len({s.row for s in one.samples} & {s.row for s in other.samples}) < 20
    spread = [sum(s.row // 1000 == part for s in one.samples if s.row) for part in range(3)]
    assert min(spread) > 15
    assert all(sample.path.read_bytes() == IMAGE for sample in one.samples)
    assert one.problems == ()


def test_all_rows_are_a_sample_of_no_more(tmp_path: Path) -> None:
    """Those that do not decode are left out, and told."""
    path = tmp_path / "a.parquet"
    images = pa.array([IMAGE, b"none", None, b"neither"], pa.binary())
    pq.write_table(pa.table({"picture": images, "answer": ["12", "13", "14", "15"]}), path)
    (tmp_path / "rows").mkdir()
    whole = read_parquet(path, column="picture", label_column="answer")
    sample = whole.sample(4, 0, tmp_path / "rows")
    assert [(s.file, s.label, s.row, s.position) for s in sample.samples] == [
        (f"{path}:0", "12", 0, 1)
    ]
    assert [problem.where for problem in sample.problems] == [f"{path}:1", f"{path}:2"]
    assert sample.problems[0].what.endswith("; 1 more like it")
    (tmp_path / "none").mkdir()
    only = read_parquet(written(tmp_path / "b.parquet", ["1"], b""))
    with pytest.raises(DatasetError, match=r"b\.parquet:0: holds no image"):
        only.sample(4, 0, tmp_path / "none")


def test_a_label_that_is_not_utf8(tmp_path: Path) -> None:
    """It is told as such, and not learnt; Parquet only says that it is text."""
    labels = pa.array([b"1\xff", b"12"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, labels.buffers())
    pq.write_table(pa.table({"image": [IMAGE] * 2, "text": text}), tmp_path / "a.parquet")
    data = read_parquet(tmp_path)
    assert (data.rows, data.chars) == (1, "12")
    assert [p.what for p in data.problems] == ["has a label that is not UTF-8"]
    assert [row.number for row in data.rows_of(data.groups[0])] == [1]


def test_a_file_may_have_no_rows_and_a_long_name(tmp_path: Path) -> None:
    """As one of many that others write: its neighbours are read and sampled."""
    for name, labels in (("0", []), ("1" * 240, ["12", "34"]), ("2" * 240, [])):
        written(tmp_path / f"{name}.parquet", labels)
    data = read_parquet(tmp_path)
    (tmp_path / "rows").mkdir()
    assert [s.row for s in data.sample(9, 0, tmp_path / "rows").samples] == [0, 1]


def test_what_names_parquet(tmp_path: Path) -> None:
    """A file, a pattern, or a folder of files that has no images; in natural order."""
    names = ["10.parquet", "2.parquet", "x.csv", "_metadata.parquet"]
    for name in names:
        (tmp_path / name).touch()
    two = [tmp_path / "2.parquet", tmp_path / "10.parquet"]
    assert parquet_files(tmp_path) == parquet_files(tmp_path / "[0-9]*.parquet") == two
    assert parquet_files(tmp_path / "2.parquet") == two[:1]
    assert parquet_files(tmp_path / "missing.parquet") == [tmp_path / "missing.parquet"]
    assert parquet_files(tmp_path / "x.csv") == parquet_files(tmp_path / "missing") == []
    (tmp_path / "1.jpeg").write_bytes(IMAGE)
    assert parquet_files(tmp_path) == []


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """An error names the file."""
    with pytest.raises(DatasetError, match=r"missing\.parquet: cannot be read: "):
        read_parquet(tmp_path / "missing.parquet")
    with pytest.raises(DatasetError, match=r"names no Parquet file"):
        read_parquet(tmp_path)
    (tmp_path / "odd.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DatasetError, match=r"odd\.parquet: cannot be read: "):
        read_parquet(tmp_path / "odd.parquet")
    written(tmp_path / "a.parquet", ["1"])
    with pytest.raises(DatasetError, match=r"a\.parquet: has no column 'answer'"):
        read_parquet(tmp_path / "a.parquet", label_column="answer")
    bare = written(tmp_path / "b.parquet", ["", None])
    with pytest.raises(DatasetError, match=r"b\.parquet: has no label in column 'text' of 2 rows"):
        read_parquet(bare)


def test_a_file_that_is_damaged_within(tmp_path: Path) -> None:
    """It is told when its rows are read."""
    path = written(tmp_path / "a.parquet", [str(n) for n in range(1000, 3000)])
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    whole = read_parquet(path)
    with pytest.raises(DatasetError, match=r"a\.parquet: cannot be read: "):
        [*whole.rows_of(whole.groups[0])]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the line that installs it."""
    monkeypatch.setitem(sys.modules, "captchascope.data.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'captchascope\[bulk\]'"):
        read_parquet(written(tmp_path / "a.parquet", ["1"]))

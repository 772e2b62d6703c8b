"""Reading in bulk from its source to its destination."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from bulk.making import EXAMPLES
from captchascope import BulkProgress, UsageError, load, read_bulk
from captchascope.bulk.places import place_of
from captchascope.bulk.sources import find_shards
from captchascope.bulk.workflow import _some_rows
from captchascope.errors import DatasetError, OutputError
from captchascope.reader import Reader

IMAGES = [(EXAMPLES / f"{number}.jpeg").read_bytes() for number in range(1, 13)]


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Return the reader that all is read with here."""
    return load("metu")


@pytest.fixture(scope="module")
def texts(reader: Reader) -> list[str | None]:
    """Return what is read of the twelve examples."""
    return [reading.text for reading in reader.read_many(IMAGES)]


def write_parquet(path: Path, count: int, odd: dict[int, bytes | None] | None = None) -> Path:
    """Write examples in turn as Parquet, some rows with other bytes."""
    images = [(odd or {}).get(row, IMAGES[row % 12]) for row in range(count)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": pa.array(images, pa.binary())}), path, row_group_size=100)
    return path


def rows_of(destination: Path) -> list[dict[str, Any]]:
    """Return all rows of a destination by file and number, as whoever opens it finds them."""
    rows = ds.dataset(destination).to_table().to_pylist()
    return sorted(rows, key=lambda row: (row["file"], row["row"]))


def test_a_folder_of_images(tmp_path: Path, reader: Reader, texts: list[str]) -> None:
    """A row for each, called as ``read`` calls it; the second time nothing is left to do."""
    summary = read_bulk(reader, EXAMPLES, tmp_path / "out", jobs=2)
    rows = {row["file"]: row["text"] for row in rows_of(tmp_path / "out")}
    assert rows == {f"{EXAMPLES}/{n}.jpeg": text for n, text in enumerate(texts, 1)}
    assert (summary.rows, summary.read, summary.new, summary.failed) == (12, 12, 12, {})
    parts = sorted((tmp_path / "out").glob("part-*"))
    again = read_bulk(reader, EXAMPLES, tmp_path / "out", jobs=2)
    assert (again.rows, again.read, again.new) == (12, 12, 0)
    assert sorted((tmp_path / "out").glob("part-*")) == parts


def test_images_that_came_later_are_read_later(tmp_path: Path, reader: Reader) -> None:
    """Only they are."""
    folder = tmp_path / "captchas"
    shutil.copytree(EXAMPLES, folder)
    (folder / "12.jpeg").rename(tmp_path / "12.jpeg")
    read_bulk(reader, folder, tmp_path / "out", jobs=1)
    (tmp_path / "12.jpeg").rename(folder / "0.jpeg")
    summary = read_bulk(reader, folder, tmp_path / "out", jobs=1)
    assert (summary.rows, summary.new) == (12, 1)


def test_bad_rows_are_rows_with_an_error(tmp_path: Path, reader: Reader) -> None:
    """They end no run, and the summary counts them by reason."""
    odd = {3: b"", 40: None, 41: None, 77: IMAGES[0][:200], 99: b"<html>"}
    write_parquet(tmp_path / "in" / "a.parquet", 120, odd)
    (tmp_path / "in" / "b.parquet").write_bytes(b"no Parquet at all")
    summary = read_bulk(reader, tmp_path / "in", tmp_path / "out", jobs=2)
    rows = rows_of(tmp_path / "out")
    wrong = {(Path(row["file"]).name, row["row"]) for row in rows if row["error"] is not None}
    assert wrong == {("a.parquet", row) for row in odd} | {("b.parquet", 0)}
    assert len(rows) == 121
    assert (summary.rows, summary.read, sum(summary.failed.values())) == (121, 115, 6)
    assert max(summary.failed.values()) == 2
    told = json.loads((tmp_path / "out" / "_manifest" / "summary.json").read_text())
    assert (told["rows"], told["failed"]) == (121, dict(summary.failed))


def test_json_lines_say_what_read_says(tmp_path: Path, reader: Reader) -> None:
    """The same keys in the same spelling, with the characters where they are wanted."""
    source = write_parquet(tmp_path / "a.parquet", 12, {11: b"no"})
    read_bulk(reader, source, tmp_path / "out", to="jsonl", chars=True, jobs=1)
    lines = (tmp_path / "out" / "part-00000.jsonl").read_text().splitlines()
    readings = reader.read_many([*IMAGES[:11], b"no"], errors="return")
    for number, (line, reading) in enumerate(zip(lines, readings, strict=True)):
        told = json.loads(line)
        expected = reading.row(str(source))
        assert told.keys() == {*expected, "row", "key"}
        assert told["row"] == number
        assert [c["char"] for c in told["chars"]] == [c.char for c in reading.chars]
        alike = {"file", "text", "value", "error", "abstained", "unfamiliar", "frames"}
        assert {key: told[key] for key in alike} == {key: expected[key] for key in alike}
        assert told["confidence"] == pytest.approx(expected["confidence"], abs=1e-4)


def test_progress_ends_with_all_rows(tmp_path: Path, reader: Reader) -> None:
    """The total is known beforehand, and what is left of it by then."""
    write_parquet(tmp_path / "a.parquet", 700)
    told: list[BulkProgress] = []
    read_bulk(reader, tmp_path / "a.parquet", tmp_path / "out", jobs=1, on_progress=told.append)
    assert (told[-1].rows, told[-1].total, told[-1].seconds_left) == (700, 700, 0)
    assert [one.rows for one in told] == sorted(one.rows for one in told)
    assert all(one.rate > 0 for one in told)


def test_what_all_have_in_common_is_inferred(tmp_path: Path) -> None:
    """From some images of the source; the destination remembers under what it was read."""
    source = write_parquet(tmp_path / "a.parquet", 60)
    lines: list[str] = []
    any_reader = load("any")
    read_bulk(any_reader, source, tmp_path / "out", consistent=True, jobs=1, on_line=lines.append)
    assert [line for line in lines if line.startswith("read as: 6 of 0123456789")]
    with pytest.raises(UsageError, match="charset"):
        read_bulk(any_reader, source, tmp_path / "out", jobs=1)


@pytest.mark.parametrize("kind", ["parquet", "images"])
def test_what_is_inferred_from_lies_all_over_the_source(tmp_path: Path, kind: str) -> None:
    """A file may be sorted: its first images are not like the others."""
    if kind == "parquet":
        source = write_parquet(tmp_path / "a.parquet", 1000)
    else:
        source = tmp_path / "in"
        source.mkdir()
        for number in range(1000):
            (source / f"{number}.jpeg").write_bytes(b"")
    some = pa.Table.from_batches(_some_rows(find_shards(place_of(str(source), {})).shards))
    places = [int(Path(file).stem) for file in some["file"].to_pylist()] if kind == "images" else []
    places = places or some["row"].to_pylist()
    assert 100 <= len(places) <= 110
    gaps = [high - low for low, high in pairwise(sorted(places))]
    assert (min(places), max(gaps) < 40, max(places) > 950) == (0, True, True)


def test_other_options_do_not_go_on(tmp_path: Path, reader: Reader) -> None:
    """Half of the rows would be read one way and half another."""
    source = write_parquet(tmp_path / "a.parquet", 12)
    read_bulk(reader, source, tmp_path / "out", jobs=1)
    for other in (load("metu", length=6), load("any")):
        with pytest.raises(UsageError, match="begun with"):
            read_bulk(other, source, tmp_path / "out", jobs=1)
    with pytest.raises(UsageError, match="begun with"):
        read_bulk(reader, source, tmp_path / "out", to="jsonl", jobs=1)


def test_a_source_in_other_words_does_not_go_on(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows would have other names, and be there twice."""
    write_parquet(tmp_path / "in" / "a.parquet", 12)
    monkeypatch.chdir(tmp_path)
    read_bulk(reader, "in", "out", jobs=1)
    for other in ("./in", tmp_path / "in"):
        with pytest.raises(UsageError, match=r"begun with (source in, not \./in|another source)"):
            read_bulk(reader, other, "out", jobs=1)
    assert read_bulk(reader, "in/", "out", jobs=1).new == 0
    (tmp_path / "elsewhere").mkdir()
    write_parquet(tmp_path / "elsewhere" / "in" / "a.parquet", 12)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="begun with another path of the source"):
        read_bulk(reader, "in", tmp_path / "out", jobs=1)


def test_an_empty_name_is_no_place(tmp_path: Path, reader: Reader) -> None:
    """A variable that a shell does not know would be the current folder."""
    with pytest.raises(UsageError, match="source: is empty"):
        read_bulk(reader, "", tmp_path / "out")
    with pytest.raises(UsageError, match="destination: is empty"):
        read_bulk(reader, EXAMPLES, "")


def test_columns_that_were_found_may_differ(tmp_path: Path, reader: Reader) -> None:
    """From file to file, and in those that come later: a run goes on all the same."""
    for new, name in enumerate(("image", "file", "jpeg")):
        table = pa.table({name: pa.array(IMAGES, pa.binary())})
        (tmp_path / "in").mkdir(exist_ok=True)
        pq.write_table(table, tmp_path / "in" / f"{name}.parquet")
        summary = read_bulk(reader, tmp_path / "in", tmp_path / "out", jobs=1)
        assert (summary.read, summary.new) == (12 * (new + 1), 12)


def test_an_error_of_the_caller_ends_the_processes(tmp_path: Path, reader: Reader) -> None:
    """At once, whoever holds it and its traceback; what was read is written."""

    def progressed(now: BulkProgress) -> None:
        raise RuntimeError("enough")

    source = write_parquet(tmp_path / "a.parquet", 600)
    with pytest.raises(RuntimeError, match="enough") as held:
        read_bulk(reader, source, tmp_path / "out", jobs=2, on_progress=progressed)
    assert multiprocessing.active_children() == []
    assert held.value.__traceback__ is not None
    assert len(rows_of(tmp_path / "out")) == 100  # the first batch, which is a row group


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"engine": "spark"}, "engine: cannot be 'spark'"),
        ({"to": "csv"}, "to: cannot be 'csv'"),
        ({"jobs": 0}, "jobs: must be at least 1"),
        ({"rows_per_part": 0}, "rows_per_part: must be at least 1"),
        ({"address": "auto"}, "address: has no meaning for the local engine"),
        ({"storage_options": {"region": "x"}}, "storage_options: has no meaning"),
    ],
)
def test_options_that_make_no_sense(
    tmp_path: Path, reader: Reader, options: dict[str, Any], what: str
) -> None:
    """Nothing is begun."""
    with pytest.raises(UsageError, match=what):
        read_bulk(reader, EXAMPLES, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_there(tmp_path: Path, reader: Reader) -> None:
    """Nothing is left behind at the destination."""
    with pytest.raises(DatasetError):
        read_bulk(reader, tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_destination_in_use_is_refused(tmp_path: Path, reader: Reader) -> None:
    """What is there stays as it is."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("all of it")
    with pytest.raises(OutputError):
        read_bulk(reader, EXAMPLES, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


RUN = """
import captchascope, os, sys
if __name__ == "__main__":
    source, out, dies = sys.argv[1:]
    def progressed(now):
        if now.rows >= int(dies):
            os.kill(os.getpid(), 9)
    reader = captchascope.load("metu")
    captchascope.read_bulk(
        reader, source, out, jobs=2, rows_per_part=500, on_progress=progressed
    )
"""


def test_a_killed_run_goes_on(tmp_path: Path, reader: Reader, texts: list[str]) -> None:
    """By ``kill -9``, again and again; every row is there once, and is right."""
    for name, count in (("a", 1100), ("b", 700), ("c", 5)):
        write_parquet(tmp_path / "in" / f"{name}.parquet", count)
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(RUN))
    for dies in (900, 600):
        command = [*map(str, (sys.executable, script, tmp_path / "in", tmp_path / "out", dies))]
        assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    summary = read_bulk(reader, tmp_path / "in", tmp_path / "out", jobs=2, rows_per_part=500)
    rows = rows_of(tmp_path / "out")
    assert Counter(Path(row["file"]).stem for row in rows) == {"a": 1100, "b": 700, "c": 5}
    assert len({(row["file"], row["row"]) for row in rows}) == summary.rows == 1805
    assert all(row["text"] == texts[row["row"] % 12] for row in rows)
    assert summary.new < 1805
    assert multiprocessing.active_children() == []


def test_another_store_takes_and_gives(bucket: Any, reader: Reader, texts: list[str]) -> None:
    """S3: Parquet and images are read from it, and parts written to it."""
    files = bucket.files
    for number, image in enumerate(IMAGES, 1):
        with files.open_output_stream(f"{bucket.path}/in/{number}.jpeg") as file:
            file.write(image)
    source, target = f"{bucket.url}/in", f"{bucket.url}/out"
    for new in (12, 0):
        summary = read_bulk(reader, source, target, jobs=1, storage_options=bucket.options)
        assert (summary.read, summary.new) == (12, new)
    rows = ds.dataset(f"{bucket.path}/out", filesystem=files).to_table().to_pylist()
    assert {row["file"]: row["text"] for row in rows} == {
        f"{source}/{number}.jpeg": text for number, text in enumerate(texts, 1)
    }

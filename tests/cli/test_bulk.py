"""captchascope bulk: what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from captchascope.bulk import BulkSummary
from captchascope.cli.bulk import _say_summary
from captchascope.cli.output import Console
from cli.commands import ROOT, Cli, ended, one_line, start

EXAMPLES = ROOT / "examples"


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Return a folder of Parquet with 24 images, of which two are none."""
    images = [(EXAMPLES / f"{1 + row % 12}.jpeg").read_bytes() for row in range(24)]
    images[5], images[17] = b"", images[17][:100]
    (tmp_path / "shards").mkdir()
    for name, some in (("a", images[:10]), ("b", images[10:])):
        pq.write_table(pa.table({"image": some}), tmp_path / "shards" / f"{name}.parquet")
    return tmp_path / "shards"


def test_the_result_is_one_line(cli: Cli, tmp_path: Path) -> None:
    """The destination, what has become of all rows, and the time."""
    done = cli("bulk", EXAMPLES, tmp_path / "out", "--model", "metu", "--jobs", 1)
    assert done.status == 0
    (row,) = done.rows
    told = row.split("\t")
    assert told[:-1] == [f"{tmp_path}/out", "12 rows", "12 read", "0 abstained", "0 failed"]
    assert told[-1].endswith(" s")


def test_a_second_run_says_what_is_there(cli: Cli, tmp_path: Path) -> None:
    """And reads nothing."""
    for status in (0, 0):
        done = cli("bulk", EXAMPLES, tmp_path / "out", "--model", "metu", "--jobs", 1)
        assert done.status == status
    assert "going on: 12 rows are there already" in done.err
    assert done.rows[0].split("\t")[1] == "12 rows"


def test_failures_are_told_by_reason(cli: Cli, shards: Path, tmp_path: Path) -> None:
    """The status says that there were some."""
    done = cli("bulk", shards, tmp_path / "out", "--model", "metu", "--jobs", 1, "--chars")
    assert done.status == 1
    assert done.rows[0].split("\t")[1:-1] == ["24 rows", "22 read", "0 abstained", "2 failed"]
    told = [line for line in done.errors if " failed: " in line]
    assert [line[:10] for line in told] == ["1 failed: ", "1 failed: "]
    table = ds.dataset(tmp_path / "out").to_table()
    assert len(table["error"].drop_null()) == 2
    assert table.schema.names[-1] == "chars"


def test_of_many_reasons_some_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """And how many more there are."""
    failed = {f"is wrong in way {letter}": 1 for letter in "abcdefghijklm"}
    _say_summary(Console(), "out", BulkSummary(13, 0, 0, 0, failed))
    told = capsys.readouterr().err.splitlines()
    assert told[-2:] == [
        "1 failed: is wrong in way j",
        "and 3 more reasons: _manifest/summary.json has them all",
    ]


def test_abstaining_is_told(cli: Cli, tmp_path: Path) -> None:
    """As ``read`` does it: by the status, too."""
    out = tmp_path / "out"
    options = "--model", "metu", "--jobs", 1, "--min-confidence", 1
    done = cli("bulk", EXAMPLES, out, *options, "--to", "jsonl")
    assert done.status == 1
    assert done.rows[0].split("\t")[1:4] == ["12 rows", "0 read", "12 abstained"]
    assert [path.name for path in out.glob("part-*")] == ["part-00000.jsonl"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--storage-option", "region"], "bulk: invalid value for '--storage-option'"),
        (["--storage-option", "region=x"], "--storage-option: has no meaning"),
        (["--address", "auto"], "--address: has no meaning for the local engine"),
        (["--jobs", "0"], "bulk: invalid value for '--jobs'"),
        (["--length", "x"], "--length: "),
    ],
)
def test_wrong_usage(cli: Cli, tmp_path: Path, options: list[str], said: str) -> None:
    """Status 2, and nothing is begun."""
    done = cli("bulk", EXAMPLES, tmp_path / "out", *options)
    assert one_line(done, 2).startswith(said)
    assert not (tmp_path / "out").exists()


def test_another_model_does_not_go_on(cli: Cli, tmp_path: Path) -> None:
    """The line says what differs."""
    assert cli("bulk", EXAMPLES, tmp_path / "out", "--model", "metu", "--jobs", 1).status == 0
    done = cli("bulk", EXAMPLES, tmp_path / "out", "--jobs", 1)
    assert done.status == 2
    assert "begun with another model" in done.errors[-1]


def test_ctrl_c_leaves_what_was_read(tmp_path: Path) -> None:
    """In a process of its own; the same command goes on, and each row is there once."""
    images = [(EXAMPLES / f"{1 + row % 12}.jpeg").read_bytes() for row in range(12)] * 1000
    pq.write_table(pa.table({"image": images}), tmp_path / "a.parquet", row_group_size=500)
    out = tmp_path / "out"
    command = ["bulk", tmp_path / "a.parquet", out, "--model", "metu", "--jobs", 2]
    process = start(*command, "--rows-per-part", 500, session=True)
    until = time.monotonic() + 300
    while not [*out.glob("part-*")] and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert done.status == 130
    assert done.errors[-1].startswith("captchascope: interrupted: ")
    before = ds.dataset(out).count_rows()
    assert 500 <= before < 12000
    done = ended(start(*command, "--rows-per-part", 500))
    assert done.status == 0, done
    assert f"going on: {before:,} rows are there already" in done.err
    rows: list[Any] = ds.dataset(out).to_table()["row"].to_pylist()
    assert sorted(rows) == [*range(12000)]

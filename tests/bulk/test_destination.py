"""Where rows go, and how a second run goes on: each row is there exactly once, whatever happens."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.fs import FileSelector

from bulk.rows import batch, found, found_lines, row, span
from captchascope.bulk.destination import Destination, destination, require_apart
from captchascope.bulk.places import place_of
from captchascope.errors import OutputError, UsageError

IN_MEMORY = "memory://made/out"

FACTS = {"model": "0" * 64, "source": "shards", "length": 6}

Form = Literal["parquet", "jsonl"]


def opened(
    url: Path | str, form: Form = "parquet", rows_per_part: int = 10, **more: Any
) -> AbstractContextManager[Destination]:
    """Open a destination of small parts."""
    facts = more.pop("facts", FACTS)
    return destination(place_of(str(url), {}), form, facts, rows_per_part=rows_per_part, **more)


def names(folder: Path) -> list[str]:
    """Return all files in a destination but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return sorted(path.relative_to(folder).as_posix() for path in files)


def fill(out: Path | str, rows: int = 40, form: Form = "parquet") -> None:
    """Write rows of one file in parts of ten, and finish."""
    with opened(out, form) as place:
        for start in range(0, rows, 5):
            ends = {"a": rows} if start + 5 == rows else {}
            place.add(batch(span("a", start, start + 5), ends))
        place.finish()


def interrupted(out: Path | str, batches: Iterable[pa.RecordBatch]) -> None:
    """Write these, and then press Ctrl-C."""

    def write() -> NoReturn:
        with opened(out) as place:
            for rows in batches:
                place.add(rows)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Name a place that is not there yet."""
    return tmp_path / "some" / "out"


def test_what_is_there_in_the_end(out: Path) -> None:
    """Parts, an entry for each, what the run was begun with, and the summary."""
    fill(out, 25)
    parts = [f"part-0000{number}" for number in range(3)]
    manifest = ["begun.json", *(f"{part}.json" for part in parts), "summary.json"]
    assert names(out) == [
        *(f"_manifest/{name}" for name in manifest),
        *(f"{part}.parquet" for part in parts),
    ]
    assert found(out) == span("a", 0, 25)
    summary = json.loads((out / "_manifest/summary.json").read_bytes())
    seconds = summary.pop("seconds")
    assert 0 <= seconds < 60
    reasons = {"is cut off at byte …": 3}
    counts = {"rows": 25, "read": 20, "abstained": 2, "unfamiliar": 5, "failed": reasons}
    assert summary == {"version": 1} | counts


def test_parquet_has_the_columns_of_a_reading(out: Path) -> None:
    """In the files that a glob finds, too."""
    with opened(out, chars=True) as place:
        place.add(batch(span("a", 0, 8)))
    (part,) = out.glob("*.parquet")
    assert pq.read_table(part).to_pylist() == [row("a", number) for number in range(8)]
    assert pq.ParquetFile(part).metadata.row_group(0).column(0).compression == "ZSTD"


def test_json_lines_are_spelled_as_read_does(out: Path) -> None:
    """A sum's value is a number where it is whole; confidences have six digits."""
    with opened(out, "jsonl", chars=True) as place:
        place.add(batch([*span("a", 1, 7), ("sums", 0)]))
    first, *_, last, ratio = map(json.loads, (out / "part-00000.jsonl").read_text().splitlines())
    assert first == row("a", 1) | {"value": 1}
    assert ratio["value"] == "8/3"
    assert last["error"] == "is cut off at byte 6"
    assert last["text"] is None


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_characters_only_where_they_are_wanted(out: Path, form: Form) -> None:
    """They take half of the room."""
    with opened(out, form) as place:
        place.add(batch(span("a", 0, 2)))
    (part,) = out.glob("part-*")
    if form == "parquet":
        assert "chars" not in pq.read_schema(part).names
    else:
        assert "chars" not in json.loads(part.read_text().splitlines()[0])


@settings(max_examples=20)
@given(
    st.permutations([(file, start) for file in "ab" for start in range(0, 30, 3)]),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 29), st.integers(1, 9)), max_size=8),
    st.integers(0, 20),
)
def test_each_row_is_there_once(
    order: list[tuple[str, int]], repeated: list[tuple[str, int, int]], stop: int
) -> None:
    """Whatever the order of batches, what is repeated, and when the first run was interrupted."""
    batches = [span(file, start, min(start + n, 30)) for file, start, n in repeated]
    for number, (file, start) in enumerate(order):
        batches.insert(2 * number, span(file, start, start + 3))
    interrupted(IN_MEMORY, [batch(rows) for rows in batches[:stop]])
    with opened(IN_MEMORY) as place:
        for rows in batches:
            place.add(batch(rows, {"a": 30}))
        assert place.covered.complete("a", None)
        assert place.covered.complete("b", 30)
        place.finish()
        assert place.earlier.rows + place.counts.rows == 60
    memory = place_of(IN_MEMORY, {})
    assert found(memory.path, memory.files) == span("a", 0, 30) + span("b", 0, 30)
    memory.files.delete_dir(memory.path)


def test_an_interrupt_loses_nothing(out: Path) -> None:
    """What waits is written before the error goes on."""
    interrupted(out, [batch(span("a", 0, 3))])
    assert found(out) == span("a", 0, 3)


def test_a_part_ends_after_its_time(out: Path) -> None:
    """So that a kill loses no more than that."""
    with opened(out, rows_per_part=1000, seconds_per_part=0) as place:
        for start in range(3):
            place.add(batch(span("a", start, start + 1)))
        assert len([*out.glob("*.parquet")]) == 3


def test_a_second_run_does_nothing_twice(out: Path) -> None:
    """It knows what is there, and how it ended; the summary is the same."""
    fill(out)
    before = {name: (out / name).read_bytes() for name in names(out)}
    with opened(out) as place:
        assert place.covered.complete("a", None)
        assert place.covered.ranges("a") == ((0, 40),)
        assert (place.earlier.rows, place.earlier.failed.total()) == (40, 5)
        place.add(batch(span("a", 0, 40), {"a": 40}))
        assert place.counts.rows == 0
        place.finish()
    assert {name: (out / name).read_bytes() for name in names(out)} == before


def test_ends_alone_are_written_down(out: Path) -> None:
    """The run was interrupted just before them: a third run need not look for them again."""
    with opened(out) as place:
        place.add(batch(span("a", 0, 10)))
    with opened(out) as place:
        place.add(batch([], {"a": 10}))
    with opened(out) as place:
        assert place.covered.complete("a", None)
        place.add(batch(span("b", 0, 10)))
    assert found(out) == span("a", 0, 10) + span("b", 0, 10)


def test_a_summary_says_what_is_so(out: Path) -> None:
    """Where a later run adds rows and does not come to its end, there is none."""
    fill(out)
    with opened(out) as place:
        place.add(batch(span("b", 0, 1)))
    assert not (out / "_manifest/summary.json").exists()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"model": "1" * 64}, "with another model"),
        ({"length": 5}, "with length 6, not 5"),
        ({"pattern": "[0-9]"}, "with pattern None, not"),
    ],
)
def test_other_facts(out: Path, changed: dict[str, object], what: str) -> None:
    """Rows of two models or options in one place would be worth nothing."""
    fill(out)
    before = names(out)
    with (
        pytest.raises(UsageError, match=f"out: was begun {what}.*name a new place"),
        opened(out, facts=FACTS | changed),
    ):
        pass
    with pytest.raises(UsageError, match="with format parquet, not jsonl"), opened(out, "jsonl"):
        pass
    with pytest.raises(UsageError, match="with chars False, not True"), opened(out, chars=True):
        pass
    assert names(out) == before


def test_a_folder_of_somebody_else(out: Path) -> None:
    """It is left as it is, what looks like a part of ours included."""
    out.mkdir(parents=True)
    for name in ("part-00000.parquet", ".0123456789abcdef.part"):
        (out / name).touch()
    with pytest.raises(OutputError, match=r"has other things in it, such as part-0.*new folder"):
        fill(out)
    assert names(out) == [".0123456789abcdef.part", "part-00000.parquet"]


def test_a_file(tmp_path: Path) -> None:
    """Parts cannot be put into it."""
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="out: is a file"):
        fill(tmp_path / "out")


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be"):
        fill(tmp_path / "file" / "out")


def test_an_empty_folder_and_one_hardly_begun(out: Path) -> None:
    """A run may have been killed before it wrote what it was begun with."""
    (out / "_manifest").mkdir(parents=True)
    (out / "_manifest/lock").touch()
    (out / "_manifest/.0123456789abcdef.part").touch()
    fill(out, 10)
    assert found(out) == span("a", 0, 10)
    assert not (out / "_manifest/.0123456789abcdef.part").exists()


def test_two_runs_at_once(out: Path) -> None:
    """The second one is told; after the first it may go on."""
    with opened(out) as place:
        place.add(batch(span("a", 0, 3)))
        with pytest.raises(OutputError, match="out: another run is writing there"), opened(out):
            pass
    fill(out, 10)
    assert found(out) == span("a", 0, 10)


def test_what_a_killed_run_left(out: Path) -> None:
    """The last part without its entry, and what was half-written, are removed; nothing else."""
    fill(out)
    (out / "_manifest/part-00003.json").unlink()
    (out / ".0123456789abcdef.part").write_bytes(b"PAR1")
    (out / "_manifest/.0123456789abcdef.part").write_bytes(b"{")
    (out / "README").touch()
    with opened(out) as place:
        assert place.covered.ranges("a") == ((0, 30),)
    left = names(out)
    assert "part-00003.parquet" not in left
    assert "README" in left
    assert not any(name.endswith(".part") for name in left)
    fill(out)
    (out / "README").unlink()
    assert found(out) == span("a", 0, 40)


def refused(out: Path, match: str) -> None:
    """Require that a further run is told, and changes nothing."""
    before = names(out)
    with pytest.raises(OutputError, match=match), opened(out):
        pass
    assert names(out) == before


def test_a_part_that_somebody_removed(out: Path) -> None:
    """It may be in use elsewhere: its rows are read again only when its entry is removed, too."""
    fill(out)
    (out / "part-00001.parquet").unlink()
    refused(out, r"part-00001.parquet: is not there any more, with 10 rows \(put it back; or rem")
    (out / "_manifest/part-00001.json").unlink()
    with opened(out) as place:
        assert place.covered.ranges("a") == ((0, 10), (20, 40))
    fill(out)
    assert found(out) == span("a", 0, 40)


def test_a_part_that_somebody_changed(out: Path) -> None:
    """Or that another run on another machine has written in its place."""
    fill(out)
    shutil.copy(out / "part-00000.parquet", out / "part-00001.parquet")
    with (out / "part-00001.parquet").open("ab") as file:
        file.write(b"\0")
    refused(out, r"part-00001.parquet: has [\d,]+ bytes, and had [\d,]+ when it was written")


def test_an_entry_that_somebody_removed(out: Path) -> None:
    """The part may be good: it is not removed, as reading its rows again would give them twice."""
    fill(out)
    (out / "_manifest/part-00001.json").unlink()
    refused(out, r"part-00001.parquet: has no entry in the manifest \(move it away")


def test_a_damaged_entry(out: Path) -> None:
    """What it covers cannot be known."""
    fill(out)
    (out / "_manifest/part-00001.json").write_bytes(b'{"version": 1, ')
    refused(out, r"_manifest/part-00001.json: is damaged: .*\(if it is of a part, remove both")


def test_an_entry_that_says_what_another_says(out: Path) -> None:
    """Two copies of one part: its rows would be there twice."""
    fill(out)
    for name in ("part-00001.parquet", "_manifest/part-00001.json"):
        shutil.copy(out / name, out / name.replace("1", "4"))
    entry = out / "_manifest/part-00004.json"
    entry.write_text(entry.read_text().replace("part-00001", "part-00004"))
    refused(out, r"part-00004.parquet: has rows of a that another part has")


def test_a_newer_manifest(out: Path) -> None:
    """What it means is not guessed."""
    fill(out)
    begun = out / "_manifest/begun.json"
    begun.write_text(begun.read_text().replace('"version": 1', '"version": 2'))
    refused(out, r"begun.json: is of version 2, .*upgrade captchascope")


@pytest.mark.parametrize("name", ["part-00001.parquet", "_manifest/part-00001.json"])
def test_a_number_that_another_run_took(out: Path, name: str) -> None:
    """Where no lock keeps it away; what it wrote is not written over."""

    def theirs() -> Iterator[pa.RecordBatch]:
        yield batch(span("a", 0, 10))
        (out / name).write_bytes(b"theirs")
        yield batch(span("a", 10, 20))

    with pytest.raises(OutputError, match=f"{name}: was written by another run"):
        interrupted(out, theirs())
    assert (out / name).read_bytes() == b"theirs"


def test_a_file_system_of_fsspec() -> None:
    """Files are moved into their place, and what is half-written is removed."""
    memory = place_of(IN_MEMORY, {})
    interrupted(IN_MEMORY, [batch(span("a", 0, 25))])
    with memory.files.open_output_stream(f"{memory.path}/.0123456789abcdef.part") as file:
        file.write(b"PAR1")
    fill(IN_MEMORY, 50)
    with opened(IN_MEMORY) as place:
        assert place.covered.ranges("a") == ((0, 50),)
    infos = memory.files.get_file_info(FileSelector(memory.path))
    assert len(infos) == 1 + 4
    assert found(memory.path, memory.files) == span("a", 0, 50)
    memory.files.delete_dir(memory.path)


@pytest.mark.parametrize(
    ("source", "out", "within"),
    [
        ("shards", "shards", True),
        ("shards", "shards/out", True),
        ("shards", "out", False),
        ("shards", "shards-read", False),
        ("shards/../shards", "./shards/out", True),
        ("*.parquet", "out", False),
        ("*/*.parquet", "out", True),
        ("*/*.tar", "out", False),
        ("**/*.parquet", "some/out", True),
        ("shards", "memory://shards/out", False),
        ("memory://shards", "memory://shards/out", True),
    ],
)
def test_a_place_in_the_source(source: str, out: str, within: bool) -> None:
    """What is written would be read, this time or the next."""
    places = place_of(source, {}), place_of(out, {})
    if not within:
        require_apart(*places, "parquet")
        return
    with pytest.raises(UsageError, match="lies in the source"):
        require_apart(*places, "parquet")


needs_limits = pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")


@needs_limits
@pytest.mark.parametrize("limit", [0, 300])
def test_a_limit_of_file_size(out: Path, limit: int) -> None:
    """The entry, or the part too, cannot be written: neither stays, and what was there does."""
    fill(out, 10)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"part-00001.*File too large.*same command goes on"):
            interrupted(out, [batch(span("b", 0, 500))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [name for name in names(out) if "00001" in name] == []
    assert found(out) == span("a", 0, 10)
    interrupted(out, [batch(span("b", 0, 500))])
    assert found(out) == span("a", 0, 10) + span("b", 0, 500)


def test_nothing_is_lost_after_a_failure(out: Path) -> None:
    """Who goes on all the same is told again: what could not be written counts as covered."""

    def write() -> None:
        with opened(out) as place:
            (out / "part-00000.parquet").touch()
            for _ in range(2):
                with pytest.raises(OutputError, match="another run"):
                    place.add(batch(span("a", 0, 10)))

    with pytest.raises(OutputError, match="another run"):
        write()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of one megabyte, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_full_disk(disk: Path, form: Form) -> None:
    """What was written stays good; after room was made, a second run goes on."""
    out, ballast = disk / "out", disk / "ballast"
    ballast.write_bytes(bytes(800_000))

    def write(rows: int) -> None:
        with opened(out, form, 100) as place:
            for start in range(0, rows, 50):
                place.add(batch(span("a", start, start + 50)))
            place.finish()

    with pytest.raises(OutputError, match=r"part-0\d+.*: No space left on device \(free some"):
        write(4000)
    read = found if form == "parquet" else found_lines
    there = read(out)
    assert 100 <= len(there) < 4000
    assert there == span("a", 0, len(there))
    ballast.unlink()
    write(1500)
    assert read(out) == span("a", 0, max(1500, len(there)))


RUNS = """
import os, signal, sys
from bulk.rows import batch, span
from captchascope.bulk.destination import destination
from captchascope.bulk.places import place_of

out = sys.argv[1]

def run(steps):
    def count(event, args):
        nonlocal steps
        if event in ("open", "os.rename", "os.remove") and str(args[0]).startswith(out):
            steps -= 1
            if steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    with destination(place_of(out, {}), "parquet", {}, rows_per_part=20) as place:
        there = place.covered.ranges("a")
        missing = [n for n in range(300) if not any(a <= n < b for a, b in there)]
        print(len(missing), flush=True)
        for row in missing:
            place.add(batch([("a", row)], {"a": 300}))
            print(row, flush=True)
        place.finish()

for line in sys.stdin:
    if not (process := os.fork()):
        print(os.getpid(), flush=True)
        run(int(line))
        os._exit(0)
    print("ended by", os.waitpid(process, 0)[1], flush=True)
"""


class Runs:
    """Runs that add what is missing, each a process of its own; to import all takes them long."""

    def __init__(self, out: Path) -> None:
        path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNS, str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def start(self, steps: int = 0) -> int:
        """Start a run; before so many steps that open or rename something, it kills itself."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return int(self.line())

    def line(self) -> str:
        """Return what the run said: how many rows are missing, and then each that it added."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> str:
        """Wait for its end, and return how that came about."""
        while not (line := self.line()).startswith("ended"):
            assert line
        return line

    def all_there(self) -> bool:
        """Let a last run come to its end, and tell whether each row is there exactly once."""
        self.start()
        ended = self.end()
        summary = json.loads((self.out / "_manifest/summary.json").read_bytes())
        return (ended, summary["rows"], found(self.out)) == ("ended by 0", 300, span("a", 0, 300))


@pytest.fixture
def runs(out: Path) -> Iterator[Runs]:
    """Give runs, and end what is left of them."""
    if not hasattr(os, "fork"):
        pytest.skip("needs processes that fork")
    started = Runs(out)
    with started.process:
        yield started
        started.process.kill()


def test_kills_at_random_moments(runs: Runs) -> None:
    """Runs are killed after so many rows, whatever they do then."""
    moments = random.Random(15)
    for _ in range(6):
        process = runs.start()
        left = int(runs.line())
        for _ in range(moments.randrange(min(left, 60)) + 1):
            runs.line()
        os.kill(process, signal.SIGKILL)
        assert runs.end() == "ended by 9"
    assert runs.all_there()


def test_kills_between_a_part_and_its_entry(runs: Runs) -> None:
    """Runs are killed at each kind of moment that there is on the disk, and one by one go on."""
    for steps in range(2, 20):
        runs.start(steps)
        assert runs.end() == "ended by 9", steps
    assert runs.all_there()

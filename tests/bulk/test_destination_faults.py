"""Kills at any moment, full disks, and what somebody did to a destination: nothing is doubtful."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa

from bulk.destinations import Form, fill, interrupted, names, opened
from bulk.rows import batch, found, found_lines, span
from captchascope.bulk.places import place_of
from captchascope.errors import OutputError


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


needs_limits = pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")


@needs_limits
@pytest.mark.parametrize("limit", [0, 300])
def test_a_limit_of_file_size(out: Path, limit: int) -> None:
    """The entry, or the part too, cannot be written: neither stays, and what was there does."""
    import resource

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


@pytest.mark.parametrize(
    ("form", "scheme"),
    [("parquet", ""), ("jsonl", ""), ("parquet", "fsspec+file://")],
    ids=["parquet", "jsonl", "fsspec"],
)
def test_a_full_disk(disk: Path, form: Form, scheme: str) -> None:
    """What was written stays good; after room was made, a second run goes on."""
    out, ballast = disk / "out", disk / "ballast"
    ballast.write_bytes(bytes(800_000))
    place = place_of(f"{scheme}{out}", {})
    read = found if form == "parquet" else found_lines

    def write(rows: int) -> None:
        with opened(place, form, 100) as begun:
            for start in range(0, rows, 50):
                begun.add(batch(span("a", start, start + 50)))
            begun.finish()

    with pytest.raises(OutputError, match=r"part-0\d+.*: No space left .*the same command goes on"):
        write(4000)
    there = read(out)
    assert 100 <= len(there) < 4000
    assert there == span("a", 0, len(there))
    assert not [*out.rglob(".*")]
    ballast.unlink()
    write(1500)
    assert read(out) == span("a", 0, max(1500, len(there)))


def test_a_lock_that_cannot_be_taken(out: Path) -> None:
    """A file system that has none says so here."""
    (out / "_manifest/lock").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"out: cannot be written: .*choose another place"):
        fill(out)


RUNS = """
import os, signal, sys
from bulk.rows import batch, span
from captchascope.bulk.destination import open_destination
from captchascope.bulk.places import place_of

out = sys.argv[1]

def run(steps, how):
    waits = steps < 0

    def count(event, args):
        nonlocal steps
        if event in ("open", "os.rename", "os.remove") and str(args[0]).startswith(out):
            steps -= 1
            if steps == 0:
                os.kill(os.getpid(), how)

    sys.addaudithook(count)
    with open_destination(place_of(out, {}), "parquet", {}, rows_per_part=20) as place:
        there = place.covered.ranges("a")
        missing = [n for n in range(300) if not any(a <= n < b for a, b in there)]
        print(len(missing), flush=True)
        for row in missing:
            if waits and row == missing[-1]:
                signal.pause()
            place.add(batch([("a", row)], {"a": 300}))
            print(row, flush=True)
        place.finish()

for line in sys.stdin:
    if not (process := os.fork()):
        print(os.getpid(), flush=True)
        try:
            run(*map(int, line.split()))
        except KeyboardInterrupt:
            os._exit(130)
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
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def start(self, steps: int = 0, how: signal.Signals = signal.SIGKILL) -> int:
        """Start a run, and return its process.

        At so many-th of its steps that open or rename something it ends itself. With -1 it waits
        before its last row, to be killed by then.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps} {how}\n")
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
    """Give runs, and end what is left of them, if need be after some minutes."""
    if not hasattr(os, "fork"):
        pytest.skip("needs processes that fork")
    started = Runs(out)
    ended = threading.Timer(180, os.killpg, (started.process.pid, signal.SIGKILL))
    ended.start()
    with started.process:
        yield started
        ended.cancel()
        os.killpg(started.process.pid, signal.SIGKILL)


def test_kills_at_random_moments(runs: Runs) -> None:
    """Runs are killed after so many rows, whatever they do then."""
    moments = random.Random(15)
    for _ in range(6):
        process = runs.start(-1)
        left = int(runs.line())
        for _ in range(moments.randrange(min(left, 60))):
            runs.line()
        os.kill(process, signal.SIGKILL)
        assert runs.end() == "ended by 9"
    assert runs.all_there()


@pytest.mark.parametrize(
    ("how", "end"), [(signal.SIGKILL, "ended by 9"), (signal.SIGINT, f"ended by {130 << 8}")]
)
def test_an_end_at_any_step(runs: Runs, how: signal.Signals, end: str) -> None:
    """Runs are ended at each kind of moment that there is on the disk, and one by one go on."""
    ends = []
    for steps in range(2, 16):
        runs.start(steps, how)
        ends.append(runs.end())
    assert {*ends} <= {end, "ended by 0"}  # the last ones may find nothing left to do
    assert ends.count(end) >= 8
    assert runs.all_there()

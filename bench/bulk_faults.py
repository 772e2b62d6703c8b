"""Whether `bulk` loses a row or gives one twice, whatever happens to it.

    python bench/bulk_faults.py [--engine local|ray]... [--moments 20] [--seed S] [--data DIR]

20,000 generated captchas in Parquet, 1 % of them spoilt, are read by the command. At a random
moment of each run one of these happens:

- a worker process is killed (``kill -9``);
- the command itself is killed, and given again;
- the first, and then the second;
- the second twice;
- the file system of DEST is full (a real tmpfs, so on Linux and as root alone), and the command is
  given again when there is room.

In the end every row must be there exactly once, with the text that `read_many` gives, and every
spoilt one with an error; the command, given once more, must change nothing; and no process may be
left. Each moment has a seed; ends with status 1 if one fails.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

import captchascope
from bulk_data import DATA, images_of, spoilt
from bulk_runs import cluster, family_of, rows_in, started

_FILES = 2
_PATIENCE = 120.0  # seconds
_PARTS = ("--rows-per-part", "1500")  # so that there is something to go on with

Disturb = Callable[[subprocess.Popen[bytes]], None]
Row = tuple[str, int, str | None, bool]
"""File, row, text, and whether there is an error."""


def truth(paths: Sequence[Path]) -> list[Row]:
    """Return what should be there, as `read_many` reads it."""
    reader, rows = captchascope.load("metu"), []
    for path in paths:
        images = images_of(path)
        found = reader.read_many((i for i in images if i is not None), errors="return")
        for number, image in enumerate(images):
            reading = None if image is None else next(found)
            failed = reading is None or reading.error is not None
            rows.append((path.name, number, reading.text if reading else None, failed))
    return rows


def _rows(dest: Path) -> list[Row]:
    columns = rows_in(dest).to_pydict().values()
    rows = zip(*columns, strict=True)
    return [(file, row, text, error is not None) for file, row, text, error in rows]


def _faults(wanted: Sequence[Row], dest: Path) -> list[str]:
    """Return what is wrong with what was written."""
    there = _rows(dest)
    if there == wanted:
        return []
    places = Counter(row[:2] for row in there)
    missing = sum(row[:2] not in places for row in wanted)
    twice = sum(count > 1 for count in places.values())
    other = len(set(there) - set(wanted))
    return [
        f"{missing} rows are missing, {twice} are there twice, {other} are not as they should be"
    ]


class Moments:
    """Runs that something happens to.

    Args:
        source: What is read; some of its images are spoilt.
        options: Of the command.
        workers: Returns the worker processes of a running command.

    Attributes:
        lasts: Seconds that a run takes that nothing happens to.
        size: Bytes that it writes.
        at: Seconds after its start at which something happened to the run.
        killed: The worker processes that were killed.
    """

    def __init__(
        self, source: Path, options: Sequence[str], workers: Callable[[int], list[int]]
    ) -> None:
        self._source, self._options, self._workers = source, (*options, *_PARTS), workers
        self.at: list[float] = []
        self.killed: list[str] = []
        self._sessions: list[int] = []
        self.lasts, self.size = 0.0, 0

    def read_undisturbed(self, dest: Path) -> list[str]:
        """Read, to know how long that takes and how much is written."""
        begun = time.perf_counter()
        faults = self.read(dest)
        self.lasts = time.perf_counter() - begun
        self.size = sum(file.stat().st_size for file in dest.rglob("*") if file.is_file())
        return faults

    def worker_killed(self, dest: Path, rng: random.Random) -> list[str]:
        """Kill a worker process."""
        return self.read(dest, partial(self._kill_worker, rng=rng))

    def command_killed(self, dest: Path, rng: random.Random) -> list[str]:
        """Kill the command, and give it again."""
        return self.read(dest, partial(self._kill, rng=rng)) + self.read(dest)

    def both_killed(self, dest: Path, rng: random.Random) -> list[str]:
        """Kill a worker, then the command, and give it again."""
        return self.read(dest, partial(self._kill_both, rng=rng)) + self.read(dest)

    def killed_twice(self, dest: Path, rng: random.Random) -> list[str]:
        """Kill the command, and once more when it goes on."""
        return self.read(dest, partial(self._kill, rng=rng)) + self.command_killed(dest, rng)

    def full(self, dest: Path, rng: random.Random) -> list[str]:
        """Let the file system be full, then not."""
        room = rng.randrange(self.size // 20, self.size)
        place = str(dest.parent)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", place]
        subprocess.run(mount, check=True)  # who has given the place takes it away
        faults = self.read(dest)
        if "No space" not in _log(dest).read_text(errors="replace"):
            faults.append(f"did not say that {room:,} bytes are too few")
        subprocess.run(["mount", "-o", "remount,size=1g", place], check=True)
        return faults + self.read(dest)

    def read(self, dest: Path, disturb: Disturb = lambda command: None) -> list[str]:
        """Read to the end, or until the command is killed, and return what is wrong with that."""
        command = started(self._source, dest, *self._options, log=_log(dest), session=True)
        disturb(command)
        try:
            command.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(command.pid, signal.SIGKILL)
            return [f"had not ended after {_PATIENCE:.0f} s"]
        self._sessions.append(command.pid)
        status = command.returncode
        good = status in (1, -signal.SIGKILL)  # images are spoilt; and we have killed it
        return [] if good else [f"ended with status {status}"]

    def left(self) -> list[str]:
        """Return which processes of commands that have ended are still there after a while."""
        until = time.monotonic() + _PATIENCE
        while alive := [one for session in self._sessions for one in _members(session)]:
            if time.monotonic() > until:
                return [f"processes are left: {alive}"]
            time.sleep(0.05)
        self._sessions.clear()
        return []

    def _wait(self, command: subprocess.Popen[bytes], rng: random.Random) -> None:
        self.at.append(rng.uniform(0, self.lasts))
        with suppress(subprocess.TimeoutExpired):
            command.wait(self.at[-1])

    def _kill(self, command: subprocess.Popen[bytes], rng: random.Random) -> None:
        self._wait(command, rng)
        command.kill()

    def _kill_worker(self, command: subprocess.Popen[bytes], rng: random.Random) -> None:
        self._wait(command, rng)
        while command.poll() is None:
            if alive := self._workers(command.pid):
                chosen = rng.choice(alive)
                self.killed.append(_line(chosen).replace(b"\0", b" ").decode(errors="replace")[:60])
                with suppress(ProcessLookupError):
                    os.kill(chosen, signal.SIGKILL)
                return
            time.sleep(0.01)

    def _kill_both(self, command: subprocess.Popen[bytes], rng: random.Random) -> None:
        self._kill_worker(command, rng)
        self._kill(command, rng)


def _log(dest: Path) -> Path:
    """Return where a command says what happens; never on a disk that is full."""
    return dest.parents[1] / "log"


def _members(session: int) -> Iterator[int]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text("ascii", "replace").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(status.parent.name)


def _workers_here(command: int) -> list[int]:
    return [one for one in family_of(command) if b"spawn_main" in _line(one)]


def _workers_of_ray(command: int) -> list[int]:
    """Return what runs on the cluster, which this process has started."""
    lines = {one: _line(one) for one in family_of(os.getpid())}
    return [one for one, line in lines.items() if line.startswith(b"ray::") and b"IDLE" not in line]


def _line(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


KINDS = {
    "worker killed": Moments.worker_killed,
    "command killed": Moments.command_killed,
    "worker and command killed": Moments.both_killed,
    "command killed twice": Moments.killed_twice,
    "disk full": Moments.full,
}


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a place for what is written, in a folder that may become a tmpfs."""
    with tempfile.TemporaryDirectory() as place:
        dest = Path(place, "scratch", "readings")
        dest.parent.mkdir()
        try:
            yield dest
        finally:
            if dest.parent.is_mount():
                subprocess.run(["umount", dest.parent], check=True)


def happened(
    moments: Moments, wanted: Sequence[Row], kind: str, rng: random.Random
) -> tuple[str, bool]:
    """Let something happen to a run, and return what came of it, and whether that is good."""
    with _scratch() as dest:
        faults = KINDS[kind](moments, dest, rng) + _faults(wanted, dest)
        found = re.findall(r"going on: ([\d,]+) rows", _log(dest).read_text())
        faults += moments.read(dest) + _faults(wanted, dest)  # there is nothing to do
        faults += moments.left()
        if faults:
            print("killed:", *moments.killed)
            print(_log(dest).read_text(errors="replace")[-4000:], flush=True)
    moment = " and ".join(f"{at:.1f} s" for at in moments.at)
    there = " and ".join(found)
    said = f"at {moment}" if moment else "when it was full"
    said += f", went on from {there} rows" if found else ", nothing to go on with"
    moments.at.clear()
    moments.killed.clear()
    return f"{said}: {'; '.join(faults) or 'good'}", not faults


def _measure(
    engine: str, moments: Moments, wanted: Sequence[Row], options: argparse.Namespace
) -> int:
    """Let things happen at so many moments, and return how many came out wrong."""
    with _scratch() as dest:
        if faults := moments.read_undisturbed(dest) + _faults(wanted, dest):
            raise SystemExit(f"{engine}, undisturbed: {'; '.join(faults)}")
    print(f"{engine}: {moments.lasts:.1f} s, {moments.size:,} bytes if nothing happens", flush=True)
    wrong = 0
    for number in range(options.moments):
        seed, kind = options.seed + number, [*KINDS][number % len(KINDS)]
        said, good = happened(moments, wanted, kind, random.Random(f"{engine} {seed}"))
        print(f"{engine}, seed {seed}, {kind}: {said}", flush=True)
        wrong += not good
    return wrong


def main() -> None:
    """Try both engines."""
    parser = argparse.ArgumentParser(description="Rows of bulk, whatever happens.")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where images are kept ({DATA})")
    parser.add_argument("--engine", action="append", choices=["local", "ray"], help="(both)")
    parser.add_argument("--moments", type=int, default=20, help="of each engine (20)")
    parser.add_argument("--seed", type=int, default=0, help="of the first moment (0)")
    options = parser.parse_args()
    source, bad = spoilt(options.data, _FILES)
    wanted = truth(paths := sorted(source.glob("*.parquet")))
    failed = [(file, row) for file, row, _, error in wanted if error]
    if failed != [(path.name, row) for path, rows in zip(paths, bad, strict=True) for row in rows]:
        raise SystemExit("read_many itself reads what is spoilt, or fails where nothing is")
    print(f"{len(wanted):,} rows, {len(failed):,} of them with an error", flush=True)
    wrong = 0
    for engine in options.engine or ["local", "ray"]:
        with nullcontext() if engine == "local" else cluster() as address:
            more = ["--jobs", "2"] if address is None else ["--engine", "ray", "--address", address]
            workers = _workers_here if address is None else _workers_of_ray
            wrong += _measure(engine, Moments(source, more, workers), wanted, options)
    print(f"{wrong} moments came out wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

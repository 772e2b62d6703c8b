"""Runs of `captchascope bulk` as commands of their own: time, memory, and what they wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, LocalFileSystem

from running import RunError

_LOOKS = 0.25  # seconds between two looks at a run
_COLUMNS = ["file", "row", "text", "error"]


def started(
    source: Path | str,
    dest: Path | str,
    *options: str,
    log: Path | None = None,
    session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start reading with the model `metu`, perhaps in a session of its own.

    What it says goes to a file, or nowhere.
    """
    command = [sys.executable, "-m", "captchascope", "bulk", str(source), str(dest)]
    with Path(log or os.devnull).open("ab") as target:
        return subprocess.Popen(
            [*command, "--model", "metu", *options],
            stdout=target,
            stderr=subprocess.STDOUT,
            start_new_session=session,
        )


def seconds_of(
    source: Path | str,
    dest: Path | str,
    *options: str,
    look: Callable[[int, float], None] = lambda process, seconds: None,
) -> float:
    """Return the seconds that a run takes, its start included.

    Args:
        source: What is read.
        dest: Where to, a new place.
        options: Of the command.
        look: Called with its process and the seconds since its start, some times in a second.

    Raises:
        RunError: If it fails.
    """
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "log")
        begun = time.perf_counter()
        process = started(source, dest, *options, log=log)
        while process.poll() is None:
            look(process.pid, time.perf_counter() - begun)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOKS)
        seconds = time.perf_counter() - begun
        if process.returncode:
            said = log.read_text(errors="replace")[-2000:]
            raise RunError(f"reading {source} ended with status {process.returncode}: {said}")
    return seconds


def family_of(process: int) -> Iterator[int]:
    """Yield a process and all that came of it."""
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from family_of(int(child))


def memory_of(process: int) -> float:
    """Return the memory of a process and all that came of it, in MB; what they share counts once.

    Linux's proportional set size, in which each process bears its part of a page.
    """
    total = 0
    for member in family_of(process):
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


@contextmanager
def cluster() -> Iterator[str]:
    """Start a Ray cluster of two worker processes, and give its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    store = 256 * 2**20  # bytes
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": store}
    running: Any = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            running.add_node(num_cpus=1, object_store_memory=store)
        running.wait_for_nodes()
        yield running.address
    finally:
        running.shutdown()


def rows_in(dest: Path | str, files: Any = None) -> pa.Table:
    """Return what stands in all parts of a destination, in the order of files and rows.

    Files are called by their names without their folders.

    Args:
        dest: As its file system takes it.
        files: That file system; None for this machine's.
    """
    files = files or LocalFileSystem()
    found = files.get_file_info(FileSelector(str(dest)))
    parts = [one.path for one in found if one.base_name.startswith("part-")]
    tables = [pq.read_table(part, columns=_COLUMNS, filesystem=files) for part in parts]
    rows = pa.concat_tables(tables) if tables else pa.table({name: [] for name in _COLUMNS})
    names = pa.array([Path(file).name for file in rows["file"].to_pylist()])
    rows = rows.set_column(0, "file", names)
    return rows.sort_by([("file", "ascending"), ("row", "ascending")])

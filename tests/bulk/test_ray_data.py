"""Ray Data on a cluster of two nodes, which are started for these tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("ray")

import pyarrow as pa
import ray
from pyarrow import parquet
from pyarrow.fs import LocalFileSystem

from bulk.making import EXAMPLES, given
from bulk.test_local import Fatal
from captchascope import CaptchascopeError, MissingExtraError, UsageError, load
from captchascope.bulk.places import place_of
from captchascope.bulk.ray_data import read_shards
from captchascope.bulk.rows import Shard
from captchascope.bulk.sources import find_shards
from captchascope.bulk.work import Work

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has clusters elsewhere"),
    # Ray sets options of its own that it calls deprecated.
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning:ray.data.context"),
]

IMAGES = [(EXAMPLES / f"{number}.jpeg").read_bytes() for number in range(1, 13)]
LITTLE = {"object_store_memory": 100 * 2**20, "num_gpus": 0}


T = TypeVar("T")


def patient(start: Callable[[], T]) -> T:
    """Start something of Ray, again where the machine is too busy for its thirty seconds."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return start()


def started() -> Any:
    """Return a new cluster of a head and two nodes, each of a processor."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        cluster.add_node(num_cpus=0, include_dashboard=False, **LITTLE)
        for _ in range(2):
            cluster.add_node(num_cpus=1, **LITTLE)
        cluster.wait_for_nodes(120)
    except BaseException:
        cluster.shutdown()
        raise
    return cluster


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a cluster; all is gone in the end."""
    folder = tempfile.mkdtemp(prefix="ray")  # short: sockets are below it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # whatever secret this user may have
        patch.setenv("RAY_worker_niceness", "0")  # else whatever runs beside the tests goes first
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        cluster = patient(started)
        yield cluster.address
        ray.shutdown()
        cluster.shutdown()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def joined(address: str) -> Iterator[None]:
    """Let this process join the cluster, as a program may have."""
    ray.init(address, log_to_driver=False, logging_level="error")
    yield
    assert ray.is_initialized()
    ray.shutdown()


def work(kind: type[Work] = Work) -> Work:
    """Return how rows are read here."""
    return kind.of(load("metu"), LocalFileSystem(), False)


def shards(folder: Path, files: int, rows: int, **odd: bytes) -> Sequence[Shard]:
    """Write examples in turn; some rows of the first file have other bytes, such as ``_7=b""``."""
    for number in range(files):
        images = [IMAGES[row % 12] for row in range(rows)]
        for row, image in odd.items() if number == 0 else ():
            images[int(row[1:])] = image
        path = folder / f"{number}.parquet"
        parquet.write_table(pa.table({"image": images}), path, row_group_size=500)
    return find_shards(place_of(str(folder), {})).shards


def told(read: Iterator[pa.RecordBatch]) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what is said of each row; none may come twice."""
    rows = pa.Table.from_batches(read).to_pylist()
    found = {(Path(row.pop("file")).name, row.pop("row")): row for row in rows}
    assert len(found) == len(rows)
    return found


def expected(files: int, rows: int) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what a worker in this process says of the rows of ``shards``."""
    read = work().start().read(given(*({"image": image} for image in IMAGES), {"end": True}))
    *said, end = (
        {k: v for k, v in row.items() if k not in ("file", "row")} for row in read.to_pylist()
    )
    return {
        (f"{file}.parquet", row): end if row == rows else said[row % 12]
        for file in range(files)
        for row in range(rows + 1)
    }


def processes(word: bytes) -> list[int]:
    """Return the processes that have a word in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and word in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something, a minute at most."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("named", ["127.0.0.1:{port}", "ray://127.0.0.1:{port}", "x:y"])
def test_an_address_without_a_cluster_is_an_error(named: str, tmp_path: Path) -> None:
    """It says so at once, where Ray tries for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UsageError, match="address"):
        list(read_shards(work(), shards(tmp_path, 1, 1), address=named.format(port=port)))
    assert not ray.is_initialized()


def test_what_answers_may_be_no_ray(tmp_path: Path) -> None:
    """Some other server, which the error tells."""

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("", 0)) as server:
        answering = threading.Thread(target=answer)
        answering.start()
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match="is not Ray"):
            list(read_shards(work(), shards(tmp_path, 1, 1), address=f"127.0.0.1:{port}"))
        answering.join()


def test_ray_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"captchascope\[ray\]"):
        list(read_shards(work(), []))


def test_rows_are_those_of_one_process(
    address: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Read on two nodes, each row once; Ray says nothing, and the cluster goes on."""
    read = read_shards(work(), shards(tmp_path, 3, 700), address="auto")
    assert told(read) == expected(3, 700)
    assert not ray.is_initialized()
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("joined")
def test_a_killed_actor_costs_no_row(tmp_path: Path) -> None:
    """Ray starts another, which reads again what that one had."""
    read = read_shards(work(), shards(tmp_path, 3, 2000))
    first = next(read)
    for process in processes(b"ray::MapWorker"):
        os.kill(process, signal.SIGKILL)
    assert told(iter([first, *read])) == expected(3, 2000)


@pytest.mark.usefixtures("joined")
def test_an_image_that_kills_costs_no_other_row(tmp_path: Path) -> None:
    """It is found, and becomes a row with an error."""
    read = read_shards(work(Fatal), shards(tmp_path, 2, 60, _7=b"kills"))
    found = told(read)
    assert found.pop(("0.parquet", 7))["error"] == "killed the process that read it"
    rows = expected(2, 60)
    del rows["0.parquet", 7]
    assert found == rows


@pytest.mark.usefixtures("joined")
def test_who_stops_early_leaves_no_actor(tmp_path: Path) -> None:
    """They end though Ray goes on."""
    read = read_shards(work(), shards(tmp_path, 3, 2000))
    next(read)
    assert processes(b"ray::MapWorker")
    read.close()
    wait_until(lambda: not processes(b"ray::MapWorker"))


@pytest.mark.usefixtures("joined")
def test_another_version_on_another_machine_is_an_error(tmp_path: Path) -> None:
    """It is said by name."""
    other = replace(work(), version="0.0")
    with pytest.raises(CaptchascopeError, match="version"):
        list(read_shards(other, shards(tmp_path, 1, 5)))


@pytest.mark.usefixtures("joined")
def test_a_gpu_that_no_machine_has_is_not_waited_for(tmp_path: Path) -> None:
    """The error says so at once."""
    other = replace(work(), providers=("CUDAExecutionProvider", "CPUExecutionProvider"))
    with pytest.raises(UsageError, match="GPU"):
        list(read_shards(other, shards(tmp_path, 1, 5)))


ALONE = """
import sys
from bulk.test_ray_data import expected, patient, read_shards, shards, told, work
from pathlib import Path

if __name__ == "__main__":
    some = shards(Path(sys.argv[1]), 1, 40)
    assert patient(lambda: told(read_shards(work(), some, jobs=1))) == expected(1, 40)
    from ray._common.usage.usage_lib import usage_stats_enabled
    assert not usage_stats_enabled()
"""


def test_ray_on_this_machine_alone_is_quiet(tmp_path: Path) -> None:
    """It is started, says nothing, tells nobody, and is gone in the end."""
    folder = tempfile.mkdtemp(prefix="ray")
    environment = os.environ | {"RAY_TMPDIR": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_until(lambda: not processes(folder.encode()))
    assert not list(Path(folder).rglob("usage_stats.json"))
    shutil.rmtree(folder)

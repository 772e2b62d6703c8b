"""The engine of a cluster: Ray Data moves the rows, and an actor on each processor reads them.

A task goes through each shard and gives its rows as they are asked for; actors, which hold a reader
each, take them. Ray does the rest: it keeps all of them busy and no more rows in memory than they
need, moves rows between machines, and repeats what was lost with a process or a machine.
"""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import cv2
import pyarrow as pa

from captchascope.bulk.local import read_batches
from captchascope.bulk.rows import GIVEN, Shard
from captchascope.bulk.sources import rows_of
from captchascope.bulk.work import Work
from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    MissingExtraError,
    UsageError,
    causes_of,
)

GPU_SHARE = 0.25
"""Of a GPU, what an actor takes of it: decoding keeps a processor longer than the network a GPU."""

_BLOCK = 2 * 2**20  # bytes of a block, which is read at once: some 700 images of 3 kB
_STORE = 512 * 2**20  # bytes of shared memory of a Ray that is started here
_BLOCKS = 2**12  # blocks of shards at most: Ray keeps account of each
_DEATHS = 8  # of processes and machines over a shard, before it is given up
_PATIENCE = 10.0  # seconds in which an address answers

_SECRET = secrets.token_hex(32)
"""What the processes of a Ray that is started here know each other by; Ray knows one at a time."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""How a conversation in HTTP/2 begins (RFC 9113, section 3.4), which is what Ray speaks."""


def read_shards(
    work: Work,
    shards: Sequence[Shard],
    *,
    address: str | None = None,
    jobs: int | None = None,
) -> Generator[pa.RecordBatch, None, None]:
    """Read the rows of shards on a Ray cluster.

    A Ray that this process has already joined is used as it is, and left so.

    Args:
        work: How they are read.
        shards: What is read; their file systems must lead to the same files on all machines.
        address: Of a running cluster that this machine is part of, such as ``auto`` or
            ``10.0.0.1:6379``; None starts a Ray on this machine, unless ``RAY_ADDRESS`` names one.
        jobs: Actors at most, a processor each; None for one on each processor that there is. More
            than there are let a cluster grow.

    Yields:
        Rows of ``work.schema``, in any order. Rows that kill the process which reads them become
        rows with an error.

    Raises:
        MissingExtraError: If Ray is not installed.
        UsageError: If no cluster answers at the address, or has no GPU and the work needs one.
        CaptchascopeError: If the reader fails, or is of another version on another machine.
    """
    ray = _imported()
    if not shards:
        return
    with _joined(ray, address, jobs):
        dataset = _read(ray, work, shards, jobs)
        try:
            for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from table.select(work.schema.names).cast(work.schema).to_batches()
        except ray.exceptions.RayError as error:
            raise _explained(error) from error


def _imported() -> Any:
    """Return Ray, which tells nobody that it is used and prints nothing by itself."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("the engine ray", "ray") from None
    return ray


@contextmanager
def _joined(ray: Any, address: str | None, jobs: int | None) -> Iterator[None]:
    """Join a cluster, or start one, for as long as it is needed."""
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS")
    started: dict[str, Any] = {"address": address}
    secret = {}
    if address and address != "local":
        _expect_ray(address)
    else:
        started = {"address": "local", "num_cpus": jobs, "object_store_memory": _STORE}
        started["include_dashboard"] = False
        if "RAY_AUTH_MODE" not in os.environ:  # else Ray makes a secret for all that is started
            secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _SECRET}
    ending = signal.getsignal(signal.SIGTERM)
    try:
        with _muted(), _environment(secret):
            _init(ray, started)
    except Exception as error:  # it raises that itself where a start takes too long
        raise _unusable(address or "local", error) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ending)
    try:
        with _silent():
            yield
    finally:
        ray.shutdown()


def _init(ray: Any, started: Mapping[str, Any]) -> None:
    """Join or start Ray; it starts once more where a busy machine took longer than it waits."""
    quietly = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(**started, **quietly)
    except Exception:
        if started["address"] != "local":
            raise
        ray.shutdown()
        ray.init(**started, **quietly)


@contextmanager
def _muted() -> Iterator[None]:
    """Keep the compiled part of Ray from writing to standard error.

    It calls it an error that Ray Data makes actors as it does (Ray's issue 57733), and the variable
    that raises its level is announced in its own words.
    """
    if "RAY_BACKEND_LOG_LEVEL" in os.environ:
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with _environment({"RAY_BACKEND_LOG_LEVEL": "fatal"}):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Have more variables for a while, of which there was none before."""
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            os.environ.pop(name, None)


@contextmanager
def _silent() -> Iterator[None]:
    """Leave what Ray Data logs to its files."""
    said = [
        h for h in logging.getLogger("ray.data").handlers if isinstance(h, logging.StreamHandler)
    ]
    levels = [handler.level for handler in said]
    for handler in said:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in zip(said, levels, strict=True):
            handler.setLevel(level)


def _expect_ray(address: str) -> None:
    """Expect a cluster at an address; Ray itself takes many minutes to say that none answers.

    Raises:
        UsageError: If none answers.
    """
    from ray._private.services import canonicalize_bootstrap_address

    if "://" in address:
        what = "Ray Data needs a machine that is part of the cluster"
        remedy = "run there with the address auto, or hand the command to `ray job submit`"
        raise UsageError(f"address {address}", what, remedy)
    try:
        host, _, port = canonicalize_bootstrap_address(address).rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE) as connection:
            connection.sendall(_PREFACE)
            answer = connection.recv(9)
    except (OSError, ValueError) as error:
        raise _unusable(address, error) from error
    if answer[3:4] != b"\4" and answer[:1] != b"\x15":  # settings, or that TLS is spoken there
        raise _unusable(address, ConnectionError("what answers there is not Ray"))


def _unusable(address: str, error: Exception) -> UsageError:
    what = f"no Ray can be used: {(str(error).splitlines() or [type(error).__name__])[0]}"
    remedy = "start one with `ray start`, or name another"
    if address == "local":
        remedy = "a busy machine takes longer than Ray waits: give the command again"
    return UsageError(f"address {address}", what, remedy)


def _read(ray: Any, work: Work, shards: Sequence[Shard], jobs: int | None) -> Any:
    """Return the data set of what is read, of which nothing is read yet."""
    from ray.data import ActorPoolStrategy, TaskPoolStrategy

    actors, now, takes = _actors(ray, work, jobs)
    items = [{"shard": pickle.dumps(part)} for shard in shards for part in shard.parts()]
    blocks = min(len(items), _BLOCKS)
    dataset = ray.data.from_items(items, override_num_blocks=blocks)
    dataset.context.target_max_block_size = _BLOCK
    dataset.context.enable_progress_bars = False
    given = dataset.map_batches(
        _rows,
        batch_size=1,
        num_cpus=0,  # actors hold all processors
        compute=TaskPoolStrategy(min(max(2, actors // 8), blocks)),
    )
    return given.map_batches(
        _Actor,
        fn_constructor_args=[work],
        batch_size=None,
        batch_format="pyarrow",
        compute=ActorPoolStrategy(min_size=1, initial_size=now, max_size=actors),
        **takes,
    )


def _actors(ray: Any, work: Work, jobs: int | None) -> tuple[int, int, dict[str, float]]:
    """Return how many actors there are at most, how many at first, and what each takes."""
    has = ray.cluster_resources()
    takes: dict[str, float] = {"num_cpus": 1}
    fit = int(has.get("CPU", 0))
    if work.providers and work.providers[0] != "CPUExecutionProvider":
        if not (gpus := has.get("GPU", 0)):
            remedy = "add a machine that has one, or choose the provider cpu"
            raise UsageError("provider", "Ray knows of no GPU", remedy)
        takes["num_gpus"] = GPU_SHARE
        fit = min(fit, int(gpus / GPU_SHARE))
    actors = jobs or max(1, fit)
    return actors, max(1, min(fit, actors)), takes


def _failures() -> int:
    """Return how often what Ray runs here was begun before: the process died, or its machine."""
    import ray

    core = ray.get_runtime_context().worker.core_worker
    return int(core.get_current_task_attempt_number())


def _rows(block: dict[str, Any]) -> Iterator[pa.Table]:
    """Yield the rows of a shard; a task of Ray runs it.

    Raises:
        DatasetError: If the processes that went through it have died.
    """
    pa.set_cpu_count(1)
    for data in block["shard"]:
        shard: Shard = pickle.loads(data)
        if _failures() >= _DEATHS:
            what = "the processes that go through it die"
            raise DatasetError(shard.names[0], what, "leave it away, or give them more memory")
        yield from (pa.Table.from_batches([batch]) for batch in rows_of(shard))


class _Actor:
    """Holds a reader; Ray gives it blocks of rows."""

    def __init__(self, work: Work) -> None:
        cv2.setNumThreads(1)  # actors are the parallelism
        pa.set_cpu_count(1)
        self._work, self._worker = work, work.start()

    def __call__(self, block: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows that are read of those that are given."""
        rows = block.select(GIVEN.names).cast(GIVEN).combine_chunks().to_batches()
        for batch in chain.from_iterable(map(self._read, rows)):
            yield pa.Table.from_batches([batch])

    def _read(self, given: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        if not _failures():
            try:
                yield self._worker.read(given)
                return
            except CaptchascopeError:
                raise
            except Exception:  # of one row, it may be
                pass
        yield from read_batches(self._work, iter([given]), 1)  # which finds the row that does it


def _explained(error: Exception) -> CaptchascopeError:
    """Return what is behind an error of Ray."""
    for one in causes_of(error):
        for behind in (one, getattr(one, "cause", None)):
            if isinstance(behind, CaptchascopeError):
                return behind
    said = [line for line in str(error).splitlines() if line.strip()]
    return CaptchascopeError("ray", said[-1].strip() if said else type(error).__name__)

"""The engine of one machine: processes that each hold a reader, and bounded queues."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import socket
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import wait
from typing import Any, cast

import pyarrow as pa

from captchascope.bulk.messages import Messages
from captchascope.bulk.rows import GIVEN
from captchascope.bulk.work import Work, Worker
from captchascope.errors import CaptchascopeError
from captchascope.parallel import MOST_JOBS, become_worker, interrupts_held

_QUEUED = 2  # batches that a process has: one to read, and the next
_UNDER_WAY = 4  # batches for each process, those included that wait for earlier ones
_FAILURES = 2  # of a batch, before it is taken apart to find the row that does it
_STARTS = 3  # of processes that died before they had begun, one after the other
_PATIENCE = 5.0  # seconds in which a process ends

_KILLED = "killed the process that read it"

_BEGUN, _READ, _UNREAD, _FAILED = b"B", b"R", b"U", b"F"
"""The first byte of what a worker process says."""


def default_jobs() -> int:
    """Return how many processes are worth it: one for each processor that this one may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_batches(
    work: Work, batches: Iterator[pa.RecordBatch], jobs: int
) -> Generator[pa.RecordBatch, None, None]:
    """Read batches of rows in processes of this machine.

    A process that dies is replaced, and what it had is read again. A batch that fails twice is
    taken apart until the row is found that does it, which becomes one with an error.

    Args:
        work: How they are read.
        batches: Of ``GIVEN``; the next is made in a thread while others are read.
        jobs: Processes.

    Yields:
        Rows of ``work.schema``, in order; a batch may come in parts.

    Raises:
        CaptchascopeError: If processes cannot be started, or the reader fails in them.
    """
    if (first := next(batches, None)) is None:
        return  # no process need be started for that
    batches = chain([first], batches)
    pool = _Pool(work)
    with ThreadPoolExecutor(1, "rows") as reading:
        try:
            pool.start(min(jobs, MOST_JOBS))
            coming, more = reading.submit(next, batches, None), True
            while more or pool.under_way:
                while more and pool.has_room and pool.under_way < jobs * _UNDER_WAY:
                    batch = coming.result()
                    if more := batch is not None:
                        pool.add(batch)
                        coming = reading.submit(next, batches, None)
                if more or pool.under_way:
                    yield from pool.finished()
        finally:
            pool.close()


@dataclass(slots=True)
class _Batch:
    """A batch, or a part of one, on its way.

    Attributes:
        number: Of the batch, as they came.
        first: The place in it that this part begins at.
        rows: What is to be read.
        failures: How often reading it has failed.
    """

    number: int
    first: int
    rows: pa.RecordBatch
    failures: int = 0


@dataclass(slots=True)
class _Process:
    """A worker process, and what it was given and has not answered."""

    process: Any
    pipe: Messages
    queued: deque[_Batch] = field(default_factory=deque)
    begun: bool = False

    @property
    def has_room(self) -> bool:
        """Whether it should be given more."""
        return self.begun and len(self.queued) < _QUEUED

    def give(self, batch: _Batch) -> None:
        """Send it a batch; that it is gone is noticed when its answers are heard."""
        self.queued.append(batch)
        with suppress(OSError):
            self.pipe.send(batch.rows.serialize())

    def end(self) -> None:
        """End it; what it has could be read again."""
        self.pipe.close()  # which ends it once it has nothing to do
        self.process.join(_PATIENCE)
        self.process.kill()
        self.process.join()


class _Pool:
    """Some processes, and the batches on their way through them, given back in order."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._again: deque[_Batch] = deque()
        self._sizes: dict[int, int] = {}
        self._parts: dict[int, list[tuple[int, pa.RecordBatch]]] = {}
        self._given = self._returned = self._stillborn = 0
        self._processes: list[_Process] = []

    def start(self, jobs: int) -> None:
        """Start so many processes.

        Raises:
            CaptchascopeError: If they cannot be started.
        """
        for _ in range(jobs):
            self._start()

    @property
    def under_way(self) -> int:
        """How many batches were given and not yet given back."""
        return self._given - self._returned

    @property
    def has_room(self) -> bool:
        """Whether a process waits for a new batch."""
        return not self._again and any(process.has_room for process in self._processes)

    def add(self, rows: pa.RecordBatch) -> None:
        """Give a batch to a process that has room."""
        self._sizes[self._given], self._parts[self._given] = len(rows), []
        self._give(_Batch(self._given, 0, rows))
        self._given += 1

    def finished(self) -> Iterator[pa.RecordBatch]:
        """Wait until a process has something to say, and yield the batches that come next."""
        said = wait([process.pipe.connection for process in self._processes])
        for process in [one for one in self._processes if one.pipe.connection in said]:
            self._hear(process)
        while self._again and any(process.has_room for process in self._processes):
            self._give(self._again.popleft())
        while self._returned < self._given and self._is_read(self._returned):
            parts = sorted(self._parts.pop(self._returned), key=lambda part: part[0])
            del self._sizes[self._returned]
            self._returned += 1
            yield from (rows for _, rows in parts)

    def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.pipe.close()  # so that they end at once, and not one after the other
        for process in self._processes:
            process.end()

    def _is_read(self, number: int) -> bool:
        return sum(len(rows) for _, rows in self._parts[number]) == self._sizes[number]

    def _give(self, batch: _Batch) -> None:
        waits = [process for process in self._processes if process.has_room]
        min(waits, key=lambda process: len(process.queued)).give(batch)

    def _start(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        ours, theirs = socket.socketpair()
        for connection in (ours, theirs):
            connection.settimeout(None)  # a program may have another default
        process = spawning.Process(target=_serve, args=(theirs, self._work), daemon=True)
        try:
            with interrupts_held():
                process.start()
        except OSError as error:
            ours.close()
            what = f"processes cannot be started: {error.strerror}"
            raise CaptchascopeError("jobs", what, "read with fewer jobs") from None
        finally:
            theirs.close()
        self._processes.append(_Process(process, Messages(ours)))

    def _hear(self, process: _Process) -> None:
        """Take the next that a process has said; bury it if it is gone.

        That it has begun is the first, and then each answers what is first in its queue.
        """
        try:
            answer = process.pipe.receive()
        except (EOFError, OSError):
            self._bury(process)
        else:
            self._take(process, answer)

    def _take(self, process: _Process, answer: memoryview) -> None:
        kind, rest = bytes(answer[:1]), answer[1:]
        if kind == _FAILED:
            raise cast(CaptchascopeError, pickle.loads(rest))
        if kind == _BEGUN:
            process.begun, self._stillborn = True, 0
            return
        batch = process.queued.popleft()
        if kind == _READ:
            rows = pa.ipc.read_record_batch(pa.py_buffer(rest), self._work.schema)
            self._parts[batch.number].append((batch.first, rows))
        else:
            self._doubt(batch, bytes(rest).decode())

    def _bury(self, process: _Process) -> None:
        """Put another in the place of a process that died, and have its batches read again."""
        self._processes.remove(process)
        process.end()
        if not process.begun:
            self._stillborn += 1
            if self._stillborn == _STARTS:
                what = "worker processes die as they start"
                remedy = "try fewer jobs; a script needs its code under if __name__ == '__main__'"
                raise CaptchascopeError("jobs", what, remedy)
        elif process.queued:
            first = process.queued.popleft()
            self._again.extend(process.queued)
            self._doubt(first, _KILLED)
        self._start()

    def _doubt(self, batch: _Batch, why: str) -> None:
        """Read a batch again, or take it apart to find the row that fails, or give that row up."""
        batch.failures += 1
        rows, half = batch.rows, len(batch.rows) // 2
        if batch.failures < _FAILURES:
            self._again.append(batch)
        elif half:
            for start, part in ((0, rows.slice(0, half)), (half, rows.slice(half))):
                first = batch.first + start
                self._again.append(_Batch(batch.number, first, part, _FAILURES - 1))
        else:
            self._parts[batch.number].append((batch.first, self._work.failed(rows, why)))


def _serve(connection: socket.socket, work: Work) -> None:
    """Read the batches that are sent until no more can be; runs in a worker process."""
    become_worker()
    pipe = Messages(connection)
    pa.set_cpu_count(1)
    given: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, given), daemon=True).start()
    with suppress(ConnectionError):
        try:
            worker = work.start()
            pipe.send(_BEGUN)
            while (data := given.get()) is not None:
                pipe.send(*_answer(worker, data))
        except CaptchascopeError as error:  # it is not one image that is wrong
            pipe.send(_FAILED, pickle.dumps(error))


def _receive(pipe: Messages, given: queue.SimpleQueue[memoryview | None]) -> None:
    """Take what comes at once, so that whoever sends it never waits for what is being read."""
    with suppress(EOFError, OSError):
        while True:
            given.put(pipe.receive())
    given.put(None)


def _answer(worker: Worker, data: memoryview) -> tuple[bytes, bytes | pa.Buffer]:
    """Return what a worker makes of a batch, or why it makes nothing of it.

    Raises:
        ModelError: If the network fails.
    """
    try:
        rows = worker.read(pa.ipc.read_record_batch(pa.py_buffer(data), GIVEN))
    except CaptchascopeError:
        raise
    except Exception as error:  # of one image, it may be; the others must not suffer
        what = f"cannot be read: {type(error).__name__}: {error}"
        return _UNREAD, what.encode("utf-8", "replace")
    return _READ, rows.serialize()

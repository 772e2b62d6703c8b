"""Reading in several processes, lazily and in order.

The processes of a reader are kept for its next call: one takes as long to start as it takes to
read a thousand images. They end with ``Reader.close``, with the reader, or with this process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError
from captchascope.image import ImageSource
from captchascope.records import Reading

if TYPE_CHECKING:
    from captchascope.reader import Reader

__all__ = ["read_in_processes"]

_CHUNK = 64  # images; large enough that handing them over costs little
_AHEAD = 2  # chunks per process that are read before they are asked for
_making = threading.Lock()
_worker: list[Reader] = []
"""This process's reader, where it is a worker."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a worker makes its reader: a session cannot be sent, its file's path can."""

    model: Path
    options: ReadOptions


def read_in_processes(
    reader: Reader, images: Iterable[ImageSource], jobs: int
) -> Iterator[Reading]:
    """Yield the readings of ``images`` in order; images that fail have ``error`` set.

    Raises:
        CaptchascopeError: If a worker process dies.
    """
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # more, and Windows cannot wait for them
    rest = iter(images)
    waiting: deque[Future[list[Reading]]] = deque()
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (chunk := list(islice(rest, _CHUNK))):
                waiting.append(_submitted(reader, jobs, chunk))
            if not waiting:
                return
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        _forget(reader, jobs)
        what = "a worker process died"
        remedy = "try fewer jobs; a script needs its code under if __name__ == '__main__'"
        raise CaptchascopeError("jobs", what, remedy) from None
    finally:
        while waiting:  # none stays: their error's traceback holds this frame, and that the reader
            waiting.pop().cancel()


def _submitted(reader: Reader, jobs: int, chunk: Sequence[ImageSource]) -> Future[list[Reading]]:
    sent = [bytes(image) if isinstance(image, memoryview) else image for image in chunk]
    try:
        pool = _pool(reader, jobs)  # not below: multiprocessing's own process lets Ctrl-C through
        with _interrupts_held():
            return pool.submit(_read_chunk, sent)
    except OSError as error:
        _forget(reader, jobs)
        what = f"processes cannot be started: {error.strerror}"
        raise CaptchascopeError("jobs", what, "read with one job") from None


def _pool(reader: Reader, jobs: int) -> Executor:
    key = os.getpid(), jobs  # what this process was forked with is not its own
    with _making:
        if key not in reader.pools:
            recipe = _Recipe(reader.path, reader.options)
            spawning = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(jobs, spawning, initializer=_start, initargs=(recipe,))
            reader.pools[key] = pool
        return reader.pools[key]


def _forget(reader: Reader, jobs: int) -> None:
    """Let the next call begin with new processes."""
    with _making:
        pool = reader.pools.pop((os.getpid(), jobs), None)
    if pool is not None:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start processes that inherit a blocked Ctrl-C, where the system can; it waits for us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(recipe: _Recipe) -> None:
    from captchascope.reader import reader_of

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    cv2.setNumThreads(1)  # as ONNX Runtime: the processes are the parallelism
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.append(reader_of(recipe.model, recipe.options))


def _end_with_parent() -> None:
    """End this worker when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read_chunk(images: Sequence[ImageSource]) -> list[Reading]:
    return list(_worker[0].read_many(images, errors="return"))

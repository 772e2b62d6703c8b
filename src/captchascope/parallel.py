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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from multiprocessing.connection import wait
from typing import Literal, Protocol, TypeAlias

import cv2

from captchascope.errors import CaptchascopeError, ImageError
from captchascope.image import ImageSource
from captchascope.image.decode import bytes_of
from captchascope.records import Reading
from captchascope.sources import Source, Unread

MOST_JOBS = 61 if sys.platform == "win32" else sys.maxsize
"""Windows can wait for no more processes."""

_CHUNK = 64  # images; large enough that handing them over costs little
_AHEAD = 2  # chunks per process that are read before they are asked for


class ReadsMany(Protocol):
    """What a process reads with."""

    def read_many(
        self, images: Sequence[ImageSource], *, errors: Literal["return"]
    ) -> Iterator[Reading]:
        """Yield the readings of images in order; images that fail have ``error`` set."""


_Read: TypeAlias = tuple[list[Reading], Exception | None]
"""The readings of a chunk, and what has ended it before its end."""

_reader: list[ReadsMany] = []
"""This process's reader, where it is a worker."""


class Workers:
    """Some processes that read alike; they are started when they are first needed.

    Args:
        make: Makes the reader of each. It is sent to them, so it can be pickled.
        jobs: How many processes.
    """

    def __init__(self, make: Callable[[], ReadsMany], jobs: int) -> None:
        self._make = make
        self._jobs = min(jobs, MOST_JOBS)
        self._pool: Executor | None = None
        self._making = threading.Lock()

    def read(self, images: Iterable[ImageSource]) -> Iterator[Reading]:
        """Yield the readings of ``images`` in order; images that fail have ``error`` set.

        Raises:
            CaptchascopeError: If a worker process dies.
        """
        source = Source(images, _portable)
        waiting: deque[Future[_Read]] = deque()
        try:
            while True:
                while len(waiting) < self._jobs * _AHEAD:
                    if not (chunk := list(islice(source, _CHUNK))):
                        break
                    waiting.append(self._submitted(chunk))
                if not waiting:
                    source.raise_error()
                    return
                readings, error = waiting.popleft().result()
                yield from readings
                if error is not None:
                    raise error
        except BrokenProcessPool:
            self.close()
            what = "a worker process died"
            remedy = "try fewer jobs; a script needs its code under if __name__ == '__main__'"
            raise CaptchascopeError("jobs", what, remedy) from None
        finally:
            while waiting:  # none stays: their error's traceback holds this frame
                waiting.pop().cancel()

    def close(self) -> None:
        """End the processes; a later call begins with new ones."""
        with self._making:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _submitted(self, chunk: Sequence[ImageSource]) -> Future[_Read]:
        try:
            with self._making:
                if self._pool is None:
                    spawning = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(
                        self._jobs, spawning, initializer=_start, initargs=(self._make,)
                    )
                pool = self._pool
            # Not around the pool: multiprocessing's own process lets Ctrl-C through.
            with interrupts_held():
                return pool.submit(_read_chunk, chunk)
        except OSError as error:
            self.close()
            what = f"processes cannot be started: {error.strerror}"
            raise CaptchascopeError("jobs", what, "read with one job") from None


def _portable(image: ImageSource) -> ImageSource:
    """Return an image as it can be sent to another process."""
    if isinstance(image, memoryview):
        return bytes(image)
    if hasattr(image, "read"):
        try:
            return BytesIO(bytes_of(image, "<file>"))
        except ImageError as error:
            return Unread(error)
    return image


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Start processes that inherit a blocked Ctrl-C, where the system can; it waits for us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # started with the first process, it would unblock Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def become_worker() -> None:
    """Make this process one that its parent alone ends, and that uses one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)  # as ONNX Runtime: the processes are the parallelism
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _start(make: Callable[[], ReadsMany]) -> None:
    become_worker()
    _reader.append(make())


def _end_with_parent() -> None:
    """End this worker when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read_chunk(images: Sequence[ImageSource]) -> _Read:
    readings: list[Reading] = []
    try:
        readings.extend(_reader[0].read_many(images, errors="return"))
    except Exception as error:
        return readings, error
    return readings, None

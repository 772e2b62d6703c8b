"""Reading in several processes, lazily and in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

from captchascope.decode import Constraints
from captchascope.errors import CaptchascopeError
from captchascope.image import ImageSource
from captchascope.records import Reading

if TYPE_CHECKING:
    from captchascope.reader import Reader

__all__ = ["read_in_processes"]

_CHUNK = 64  # images; large enough that handing them over costs little
_AHEAD = 2  # chunks per process that are read before they are asked for
_worker: list[Reader] = []
"""This process's reader, where it is a worker."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a worker makes its reader: a session cannot be sent, its file's path can."""

    model: Path
    constraints: Constraints
    min_confidence: float


def read_in_processes(
    reader: Reader, images: Iterable[ImageSource], jobs: int
) -> Iterator[Reading]:
    """Yield the readings of ``images`` in order; images that fail have ``error`` set.

    Raises:
        CaptchascopeError: If a worker process dies.
    """
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # more, and Windows cannot wait for them
    recipe = _Recipe(reader.path, reader.constraints, reader.min_confidence)
    rest = iter(images)
    waiting: deque[Future[list[Reading]]] = deque()
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_start, initargs=(recipe,)
    ) as pool:
        try:
            while True:
                while len(waiting) < jobs * _AHEAD and (chunk := list(islice(rest, _CHUNK))):
                    with _interrupts_held():
                        sent = [_sendable(image) for image in chunk]
                        waiting.append(pool.submit(_read_chunk, sent))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        except BrokenProcessPool:
            what = "a worker process died"
            remedy = "try fewer jobs; a script needs its code under if __name__ == '__main__'"
            raise CaptchascopeError("jobs", what, remedy) from None
        except OSError as error:
            what = f"processes cannot be started: {error.strerror}"
            raise CaptchascopeError("jobs", what, "read with one job") from None
        finally:
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


def _sendable(image: ImageSource) -> ImageSource:
    return bytes(image) if isinstance(image, memoryview) else image


def _start(recipe: _Recipe) -> None:
    from captchascope.reader import reader_of

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.append(reader_of(recipe.model, recipe.constraints, recipe.min_confidence))


def _end_with_parent() -> None:
    """End this worker when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read_chunk(images: Sequence[ImageSource]) -> list[Reading]:
    return _worker[0].read_batch(images)

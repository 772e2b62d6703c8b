"""Several processes behind one address; one that dies is replaced."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from prometheus_client.multiprocess import mark_process_dead

from captchascope.errors import CaptchascopeError
from captchascope.web.metrics import FOLDER
from captchascope.web.server import PATIENCE, Server
from captchascope.web.settings import Settings

__all__ = ["Workers"]

_TICK = 0.2  # seconds between two looks at the signals
_READY = b"ready"


@dataclass(slots=True)
class _Worker:
    """A process, its door, and the line to it.

    It says on the line when it is ready, and ends when the line does.
    """

    door: socket.socket
    process: BaseProcess
    line: Connection
    ready: bool = False


class Workers:
    """Starts workers, replaces those that die, and ends them all in peace."""

    def __init__(
        self, settings: Settings, doors: Sequence[socket.socket], told: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._doors = doors
        self._told = told
        self._workers: list[_Worker] = []
        self._signal = 0

    def run(self, listening: Callable[[], None]) -> None:
        """Serve until SIGTERM or Ctrl-C.

        Raises:
            CaptchascopeError: If a worker ends before it is ready.
            KeyboardInterrupt: After Ctrl-C.
        """
        with _metrics_folder(), self._signals():
            doors = islice(cycle(self._doors), self._settings.workers)
            self._workers = [self._start(door) for door in doors]
            waiting = True
            try:
                while not self._signal:
                    self._look()
                    if waiting and all(worker.ready for worker in self._workers):
                        waiting = False
                        listening()
            finally:
                self._end()
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt

    def _start(self, door: socket.socket) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(self._settings, door, theirs))
        process.start()
        theirs.close()
        return _Worker(door, process, ours)

    def _look(self) -> None:
        """Wait a moment for workers to become ready or to end, and replace those that did."""
        lines = [worker.line for worker in self._workers if not worker.ready]
        ends = [worker.process.sentinel for worker in self._workers]
        happened = wait([*lines, *ends], _TICK)
        for place, worker in enumerate(self._workers):
            if worker.line in happened:
                with suppress(EOFError, OSError):
                    worker.ready = worker.line.recv_bytes() == _READY
            if worker.process.sentinel in happened and not self._signal:
                self._workers[place] = self._replaced(worker)

    def _replaced(self, worker: _Worker) -> _Worker:
        worker.process.join()
        self._forget(worker)
        status = worker.process.exitcode
        if not worker.ready:
            raise CaptchascopeError(
                "captchascope serve", f"a worker ended with {status} at its start"
            )
        self._told(f"a worker ended with {status}; another takes its place")
        return self._start(worker.door)

    def _end(self) -> None:
        """Hang up on all workers, which ends them when they have answered what they took in."""
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            worker.process.join(PATIENCE + self._settings.drain + 5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            self._forget(worker)

    def _forget(self, worker: _Worker) -> None:
        worker.line.close()
        if worker.process.pid is not None:
            mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def remember(number: int, _: object) -> None:
            self._signal = number

        numbers = [signal.SIGINT, signal.SIGTERM]
        before = {number: signal.signal(number, remember) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _work(settings: Settings, door: socket.socket, line: Connection) -> None:
    """Be a worker, until the line is cut."""
    server = Server(settings, lambda: line.send_bytes(_READY))

    def listen() -> None:
        with suppress(EOFError, OSError):
            line.recv_bytes()
        server.stop()

    threading.Thread(target=listen, daemon=True).start()
    with suppress(KeyboardInterrupt):  # a terminal sends it to all; who began this will tell
        server.run([door])


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Give the workers a folder to add their figures up in."""
    folder = tempfile.mkdtemp(prefix="captchascope-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        os.environ.pop(FOLDER, None)
        shutil.rmtree(folder, ignore_errors=True)

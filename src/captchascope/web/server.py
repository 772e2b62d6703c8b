"""Several processes behind one address; one that dies is replaced."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead

from captchascope.errors import CaptchascopeError
from captchascope.reader import load
from captchascope.web.app import create_app
from captchascope.web.batching import Batcher
from captchascope.web.metrics import FOLDER
from captchascope.web.protocol import protocol_of
from captchascope.web.readers import names_of
from captchascope.web.settings import Settings

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


_BACKLOG = 512  # connections that may wait
PATIENCE = 30  # seconds that what was taken in has when the server ends


def serve(
    settings: Settings,
    listening: Callable[[str], None],
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer what was taken in.

    Args:
        settings: How.
        listening: Called with the server's address once it can be asked.
        told: Called with a line on what happens to workers.
    Raises:
        ModelError: If a model cannot be used.
        UsageError: If two models would be called the same.
        CaptchascopeError: If the port cannot be had, or a worker cannot start.
        KeyboardInterrupt: After Ctrl-C.
    """
    for model in names_of(settings.models).values():
        load(model)  # so that what is wrong with it is known before anybody asks
    with _doors(settings) as doors:
        address = _address(settings, doors[0])
        if settings.workers == 1:
            Server(settings, lambda: listening(address)).run(doors)
        else:
            Workers(settings, doors, told).run(lambda: listening(address))


class Server(uvicorn.Server):
    """Says when it listens, and when it is about to end.

    Attributes:
        interrupted: Whether Ctrl-C ended it.
    """

    def __init__(self, settings: Settings, ready: Callable[[], None]) -> None:
        self._app = create_app(settings)
        self._settings = settings
        self._ready = ready
        self.interrupted = False
        super().__init__(
            uvicorn.Config(
                self._app,
                http=protocol_of(settings.limits),
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",  # web/problems.py reports what should not happen
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=settings.limits.idle,
                timeout_graceful_shutdown=PATIENCE,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so when images are read."""
        try:
            await super().startup(sockets)
        except SystemExit:
            raise self._app.state.failure or _never() from None
        self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        batcher: Batcher = self._app.state.batcher
        try:
            await batcher.opened()
        except CaptchascopeError as error:  # it was there a moment ago
            self._app.state.failure = error
            self.stop()
        else:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the end is near, take in more for a while, answer it, and end."""
        batcher: Batcher = self._app.state.batcher
        batcher.leave()
        ends = asyncio.get_running_loop().time() + self._settings.drain
        while not self.force_exit and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal.

        Raises:
            CaptchascopeError: If the app cannot start.
            KeyboardInterrupt: After Ctrl-C.
        """
        super().run(sockets)
        if self._app.state.failure is not None:
            raise self._app.state.failure
        if self.interrupted:
            raise KeyboardInterrupt

    def stop(self) -> None:
        """End when what was taken in has been answered."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in peace at SIGTERM and Ctrl-C, and at once at the second of either."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Remember that an end was asked for."""
        self.interrupted |= sig == signal.SIGINT
        self.force_exit = self.should_exit
        self.should_exit = True


def _never() -> CaptchascopeError:
    return CaptchascopeError("captchascope serve", "cannot start", "please report it")


_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)


@contextmanager
def _doors(settings: Settings) -> Iterator[list[socket.socket]]:
    """Open sockets that listen where the settings say: one for each worker, where there can be.

    Of a socket that all share, whoever wakes first takes every connection that waits, and keeps it
    for as long as its client does. Where each has its own, the system deals them out.
    """
    try:
        found = socket.getaddrinfo(
            settings.host.strip("[]"),
            settings.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except OSError as error:
        what = f"is no address: {error.strerror or error}"
        raise CaptchascopeError(f"--host {settings.host}", what, "such as 127.0.0.1") from error
    family, _, _, _, address = found[0]
    dealt = settings.workers > 1 and sys.platform == "linux"
    with ExitStack() as stack:
        try:
            if dealt:  # the option would let a second server have a port that is taken
                with _bound(family, address, dealt=False) as probe:
                    address = probe.getsockname()
            doors = [
                stack.enter_context(_bound(family, address, dealt=dealt))
                for _ in range(settings.workers if dealt else 1)
            ]
            for door in doors:
                door.listen(_BACKLOG)
        except OSError as error:
            raise _unavailable(settings, error) from error
        yield doors


def _bound(family: int, address: Any, *, dealt: bool) -> socket.socket:
    """Return a socket at an address, which ``dealt`` lets others have too."""
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option would let two share the port
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if dealt:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.bind(address)
    except OSError:
        door.close()
        raise
    return door


def _unavailable(settings: Settings, error: OSError) -> CaptchascopeError:
    where = f"port {settings.port} of {settings.host}"
    taken = error.errno == errno.EADDRINUSE
    what = "is taken" if taken else f"cannot be had: {error.strerror or error}"
    return CaptchascopeError(where, what, "choose another with --port, or 0 for one that is free")


def _address(settings: Settings, door: socket.socket) -> str:
    """Return what a browser is to open."""
    name: Any = door.getsockname()
    host = f"[{name[0]}]" if door.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}/"

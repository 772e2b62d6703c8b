"""The server: one process or several behind one address."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead

from captchascope.errors import CaptchascopeError
from captchascope.listen import sockets_at
from captchascope.reader import load
from captchascope.web.acceptor import Acceptor
from captchascope.web.access import log_refusal
from captchascope.web.app import create_app
from captchascope.web.batching import Batcher, names_of
from captchascope.web.connections import LimitedProtocol
from captchascope.web.metrics import FOLDER
from captchascope.web.settings import Settings
from captchascope.web.shedding import Shedder

_BACKLOG = 512  # connections that may wait
_UNSENT = 2**17  # bytes of answers that the system keeps for a connection; Linux takes it twice
_PATIENCE = 30  # seconds that what was taken in has when the server ends
_QUIET = 0.5  # seconds that who is connected has for one request more
_TICK = 0.2  # seconds between two looks at the signals
_READY = b"ready"

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)


def serve_app(
    settings: Settings,
    listening: Callable[[str], None],
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer what was taken in.

    Args:
        settings: How.
        listening: Called with the server's address once it can be asked.
        told: Called with a line on what happens to workers, and in the background.
    Raises:
        ModelError: If a model cannot be used.
        UsageError: If two models would be called the same.
        CaptchascopeError: If the port cannot be had, or a worker cannot start.
        KeyboardInterrupt: After Ctrl-C.
    """
    for model in names_of(settings.models).values():
        load(
            model, providers=settings.providers
        )  # so that what is wrong with it is known before anybody asks
    with sockets_at(
        settings.host,
        settings.port,
        count=settings.workers,
        backlog=_BACKLOG,
        where=f"port {settings.port} of {settings.host}",
        remedy="choose another with --port, or 0 for one that is free",
    ) as sockets:
        for one in sockets:  # its connections are as it is; else the system keeps megabytes of each
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT)
        name: Any = sockets[0].getsockname()
        host = f"[{name[0]}]" if sockets[0].family == socket.AF_INET6 else name[0]
        address = f"http://{host}:{name[1]}{settings.root_path}/"
        if settings.workers == 1:
            _Server(settings, lambda: listening(address), told).run(sockets)
        else:
            _Workers(settings, sockets, told).run(lambda: listening(address))


class _Server(uvicorn.Server):
    """One process: says when it listens, and when it is about to end.

    Attributes:
        interrupted: Whether Ctrl-C ended it.
    """

    def __init__(
        self,
        settings: Settings,
        ready: Callable[[], None],
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._app = create_app(settings, told)
        self._settings = settings
        self._ready = ready
        self.interrupted = False
        told_of = {"limits": settings.limits, "refused": staticmethod(self._refused)}
        super().__init__(
            uvicorn.Config(
                self._app,
                http=type("Protocol", (LimitedProtocol,), told_of),
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",  # web/problems.py reports what should not happen
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )

    def _refused(self, client: tuple[str, int] | None, status: int, size: int) -> None:
        """Count what was refused before it was a request, and log it."""
        self._app.state.metrics.refused(status)
        if self._settings.access_log:
            log_refusal(client, status, size)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so when images are read."""
        try:
            await super().startup([])
        except SystemExit:
            unknown = CaptchascopeError("serve", "cannot start", "please report it")
            raise self._app.state.failure or unknown from None
        self._accept(sockets or [])
        self._announcing = asyncio.create_task(self._announce())

    def _accept(self, sockets: Sequence[socket.socket]) -> None:
        config, protocol = self.config, self.config.http_protocol_class

        def answer(accepted: socket.socket) -> asyncio.Protocol:
            return protocol(  # type: ignore[call-arg]
                accepted,
                config=config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            )

        state = self._app.state
        acceptor = Acceptor(sockets, answer, lambda: state.batcher.short)
        root = self._settings.root_path
        self._shedder = Shedder(state.batcher, state.answered, acceptor, root)
        protocol.shedder = self._shedder  # type: ignore[attr-defined]
        acceptor.open()

    async def _announce(self) -> None:
        batcher: Batcher = self._app.state.batcher
        try:
            await batcher.opened()
        except CaptchascopeError as error:  # the model was there a moment ago
            self._app.state.failure = error
            self.should_exit = True
        else:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the end is near, take in more for a while, answer it, and end."""
        batcher: Batcher = self._app.state.batcher
        batcher.leave()
        ends = asyncio.get_running_loop().time() + self._settings.drain
        while not self.force_exit and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.05)
        self._shedder.ending = True
        self._shedder.acceptor.hold()
        await self._settle()
        await self._shedder.acceptor.close()
        await self._settle()
        if self.force_exit:
            for connection in list(self.server_state.connections):
                connection.transport.close()
        await super().shutdown(sockets)

    async def _settle(self) -> None:
        """Give all who are connected the time for one request more, which ends their connection."""
        ends = asyncio.get_running_loop().time() + _QUIET
        while self.server_state.connections and not self.force_exit:
            if asyncio.get_running_loop().time() > ends:
                return
            await asyncio.sleep(0.02)

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

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in peace at SIGTERM and Ctrl-C, and at once at the second of either."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with _handled(_SIGNALS, self.handle_exit):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Remember that an end was asked for."""
        self.interrupted |= sig == signal.SIGINT
        self.force_exit = self.should_exit
        self.should_exit = True


@contextmanager
def _handled(
    numbers: Sequence[int], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """Give signals another handler until the block ends."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@dataclass(slots=True)
class _Worker:
    """A process, the socket that it listens on, and the pipe to it.

    A worker says on the pipe when it is ready, and ends when the pipe does.
    """

    socket: socket.socket
    process: BaseProcess
    pipe: Connection
    ready: bool = False


class _Workers:
    """Starts workers, replaces those that die, and ends them all in peace.

    Uvicorn's supervisor would do so for less code, but has all workers share one socket, where
    whoever wakes first takes most connections (``bench/workers.py``). Nor does it say when all are
    ready, or give up on one that does not end.
    """

    def __init__(
        self, settings: Settings, sockets: Sequence[socket.socket], told: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._told = told
        self._workers: list[_Worker] = []
        self._signal = 0

    def run(self, listening: Callable[[], None]) -> None:
        """Serve until SIGTERM or Ctrl-C.

        Raises:
            CaptchascopeError: If a worker ends before it is ready.
            KeyboardInterrupt: After Ctrl-C.
        """

        def remember(number: int, _: FrameType | None) -> None:
            self._signal = number

        with (
            TemporaryDirectory(prefix="captchascope-", ignore_cleanup_errors=True) as folder,
            _handled([signal.SIGINT, signal.SIGTERM], remember),
        ):
            os.environ[FOLDER] = folder  # where the workers add their figures up
            sockets = islice(cycle(self._sockets), self._settings.workers)
            waiting = True
            try:
                self._workers = [self._start(one) for one in sockets]
                while not self._signal:
                    self._look()
                    if waiting and all(worker.ready for worker in self._workers):
                        waiting = False
                        listening()
            finally:
                self._end()
                del os.environ[FOLDER]
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt

    def _start(self, listener: socket.socket) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(self._settings, listener, theirs))
        process.start()
        theirs.close()
        return _Worker(listener, process, ours)

    def _look(self) -> None:
        """Wait a moment for workers to become ready or to end, and replace those that did."""
        pipes = [worker.pipe for worker in self._workers if not worker.ready]
        ends = [worker.process.sentinel for worker in self._workers]
        happened = wait([*pipes, *ends], _TICK)
        for place, worker in enumerate(self._workers):
            if worker.pipe in happened:
                with suppress(EOFError, OSError):
                    worker.ready = worker.pipe.recv_bytes() == _READY
            if worker.process.sentinel in happened and not self._signal:
                worker.process.join()
                self._forget(worker)
                what = f"a worker ended with {worker.process.exitcode}"
                if not worker.ready:
                    raise CaptchascopeError("serve", f"{what} at its start")
                self._told(f"{what}; another takes its place")
                self._workers[place] = self._start(worker.socket)

    def _end(self) -> None:
        """Hang up on all workers, which ends them when they have answered what they took in."""
        for one in self._sockets:
            one.close()  # lest connections come to wait there that nobody will take in
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(_PATIENCE + self._settings.drain + 5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            self._forget(worker)

    def _forget(self, worker: _Worker) -> None:
        worker.pipe.close()
        if worker.process.pid is not None:
            mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]


def _work(settings: Settings, listener: socket.socket, pipe: Connection) -> None:
    """Be a worker, until the pipe is cut."""
    server = _Server(settings, lambda: pipe.send_bytes(_READY))

    def listen() -> None:
        with suppress(EOFError, OSError):
            pipe.recv_bytes()
        server.should_exit = True  # when what was taken in has been answered

    threading.Thread(target=listen, daemon=True).start()
    with suppress(KeyboardInterrupt):  # a terminal sends it to all; who began this will tell
        server.run([listener])

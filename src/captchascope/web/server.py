"""The server: one process, or several workers behind one door, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import uvicorn

from captchascope.errors import CaptchascopeError
from captchascope.reader import load
from captchascope.web.app import create_app
from captchascope.web.batching import Batcher
from captchascope.web.protocol import protocol_of
from captchascope.web.readers import names_of
from captchascope.web.settings import Settings

__all__ = ["Server", "serve"]

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
            from captchascope.web.workers import Workers

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

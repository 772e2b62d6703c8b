"""Connections taken in: all that wait, fewer while too many are refused, and none is lost."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

_AT_ONCE = 64  # connections that are taken in before others are looked after
_WINDOW = 0.25  # seconds
_REFUSALS = 300  # within a window, before who is refused has to wait for the next one
_TICK = 0.02  # seconds between two looks whether somebody could be answered meanwhile


class Resting(Protocol):
    """A connection that can be left unread for a while."""

    def pause_reading(self) -> None:
        """Read no more from it."""

    def resume_reading(self) -> None:
        """Read from it again."""


class Acceptor:
    """Takes connections in from listening sockets.

    An event loop's own server takes one in each round, and a round may hold a batch of images: here
    it is all that wait. To refuse takes time as well, which is that of those who could be answered.
    So when many are refused within a moment, nobody more is taken in until the next one, and who
    was refused is not read from: what they send waits in the system's buffers, and then with them.

    Args:
        sockets: That listen.
        protocol: Makes what answers on a connection.
        room: Tells whether many more could be answered now.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[socket.socket], asyncio.Protocol],
        room: Callable[[], bool],
    ) -> None:
        self._sockets = sockets
        self._protocol = protocol
        self._room = room
        self._accepting: list[asyncio.Task[None]] = []
        self._taking: set[asyncio.Task[None]] = set()
        self._patient = asyncio.Event()
        self._patient.set()
        self._refused = 0  # within this window
        self._ends = 0.0  # the window, by the loop's clock
        self._resting: list[Resting] = []

    def open(self) -> None:
        """Begin."""
        for listener in self._sockets:
            listener.setblocking(False)
            self._accepting.append(asyncio.create_task(self._accept(listener)))

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._patient.wait()
            try:
                first, _ = await loop.sock_accept(listener)
            except OSError:  # too many files are open, say
                await asyncio.sleep(_WINDOW)
            else:
                await asyncio.shield(self._take([first, *_waiting(listener)]))

    def _take(self, accepted: Sequence[socket.socket]) -> asyncio.Task[None]:
        taking = asyncio.create_task(self._connect(accepted))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return taking

    async def _connect(self, accepted: Sequence[socket.socket]) -> None:
        connect = asyncio.get_running_loop().connect_accepted_socket
        for one in accepted:
            one.setblocking(False)
        made = [connect(partial(self._protocol, one), one) for one in accepted]
        await asyncio.gather(*made, return_exceptions=True)  # some may have gone again

    def refused(self, connection: Resting) -> None:
        """Count one who was refused, and let it wait if that are too many."""
        if not self._refused:
            self._ends = asyncio.get_running_loop().time() + _WINDOW
            self._look_later()
        self._refused += 1
        if self._refused > _REFUSALS:
            self._patient.clear()
            self._resting.append(connection)
            connection.pause_reading()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(_TICK, self._look)

    def _look(self) -> None:
        """Take more in if there is room, and begin anew at the end of the window."""
        over = asyncio.get_running_loop().time() >= self._ends
        if over or self._room():
            self._patient.set()
        if not over:
            self._look_later()
            return
        self._refused = 0
        resting, self._resting = self._resting, []
        for connection in resting:
            connection.resume_reading()

    def hold(self) -> None:
        """Let the system take no more in; those whom it has can still be taken in here."""
        for listener in self._sockets:
            _hold(listener)

    async def close(self) -> None:
        """Take in whom the system has taken in, and listen no more."""
        for listener in self._sockets:
            while accepted := _waiting(listener):
                await self._take(accepted)
        await asyncio.sleep(0)  # who was being taken in as we looked
        await asyncio.sleep(0)
        for task in self._accepting:
            task.cancel()
        while self._taking:
            await asyncio.wait(self._taking)
        for listener in self._sockets:
            listener.close()


def _waiting(listener: socket.socket) -> list[socket.socket]:
    """Return connections that wait to be taken in."""
    found: list[socket.socket] = []
    with suppress(OSError):
        while len(found) < _AT_ONCE:
            found.append(listener.accept()[0])
    return found


_SO_ATTACH_FILTER = 26
_NO_SYN = (  # code, jump if true, jump if false, operand: a filter on the header of TCP
    (0x30, 0, 0, 13),  # the flags
    (0x54, 0, 0, 0x12),  # SYN and ACK of these
    (0x15, 0, 1, 0x02),  # SYN alone begins a connection:
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # let all else through
)


def _hold(listener: socket.socket) -> None:
    """Drop the packets that begin a connection, so that no more come to wait at a socket.

    To close a listening socket resets what waits at it, and between the last look and the close
    something may come. Who is held back asks again within a second, and is told that nobody
    listens, or comes to the next server at that port. Linux alone can do this.
    """
    if sys.platform != "linux":
        return
    rules = b"".join(struct.pack("HBBI", *rule) for rule in _NO_SYN)
    kept = ctypes.create_string_buffer(rules)
    program = struct.pack("HP", len(_NO_SYN), ctypes.addressof(kept))
    with suppress(OSError):  # a sandbox may know no filters
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

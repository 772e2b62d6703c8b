"""The sockets that a server listens on."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from captchascope.errors import CaptchascopeError


@contextmanager
def sockets_at(
    host: str, port: int, *, count: int = 1, backlog: int = 128, where: str, remedy: str
) -> Iterator[list[socket.socket]]:
    """Open sockets that listen at an address, and close them in the end.

    Of a socket that several processes share, the one that wakes first takes every connection that
    waits, and keeps it for as long as its client does. Where each has its own, the system deals
    them out; it can on Linux alone, and elsewhere there is one socket however many are asked for.

    Args:
        host: An address or a name.
        port: The port, or 0 for one that is free; ``getsockname`` tells which it became.
        count: How many sockets, one for each process that answers.
        backlog: How many connections may wait at each.
        where: What an error of the port names.
        remedy: What such an error tells to do.
    Raises:
        CaptchascopeError: If the host is no address, or the port cannot be had.
    """
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        what = f"is no address: {error.strerror or error}"
        raise CaptchascopeError(f"--host {host}", what, "such as 127.0.0.1") from error
    family, _, _, _, address = found[0]
    dealt = count > 1 and sys.platform == "linux"
    with ExitStack() as stack:
        try:
            if dealt:  # the option would let a second server have a port that is taken
                with _bound(family, address) as probe:
                    address = probe.getsockname()
            sockets = [
                stack.enter_context(_bound(family, address, dealt=dealt))
                for _ in range(count if dealt else 1)
            ]
            for one in sockets:
                one.listen(backlog)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            what = "is taken" if taken else f"cannot be had: {error.strerror or error}"
            raise CaptchascopeError(where, what, remedy) from error
        yield sockets


def _bound(family: int, address: Any, *, dealt: bool = False) -> socket.socket:
    """Return a socket at an address, which ``dealt`` lets others have too."""
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option would let two share the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if dealt:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made

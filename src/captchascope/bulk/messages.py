"""Messages between two processes of this machine, whole and in order, with few copies.

The pipes of ``multiprocessing`` gather what they receive in pieces of the longest possible size;
of batches of images that takes four times as long, where a processor has better things to do.
"""

from __future__ import annotations

import socket
import struct

import pyarrow as pa

_LENGTH = struct.Struct("!Q")


class Messages:
    """One end of a connection over which messages are sent and received.

    A thread may send while another one receives.

    Attributes:
        connection: A connected stream socket, for ``multiprocessing.connection.wait``.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, *parts: bytes | pa.Buffer) -> None:
        """Send a message that consists of these parts.

        Raises:
            OSError: If the other end is gone.
        """
        views = [memoryview(part) for part in parts]
        self.connection.sendall(_LENGTH.pack(sum(view.nbytes for view in views)))
        for view in views:
            self.connection.sendall(view)

    def receive(self) -> memoryview:
        """Wait for a message.

        Raises:
            EOFError: If the other end is gone, and all that it had sent was received.
            OSError: If it went in the middle of something.
        """
        (length,) = _LENGTH.unpack(self._filled(_LENGTH.size))
        return self._filled(length)

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    def _filled(self, size: int) -> memoryview:
        view, got = memoryview(bytearray(size)), 0
        while got < size:
            if not (count := self.connection.recv_into(view[got:])):
                raise EOFError
            got += count
        return view.toreadonly()

"""Messages between two processes."""

from __future__ import annotations

import socket
import threading

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa

from captchascope.bulk.messages import Messages


def test_messages_arrive_whole_and_in_order() -> None:
    """However long, in one part or several, while others go the other way."""
    one, other = map(Messages, socket.socketpair())
    sent = [b"", b"short", bytes(range(256)) * 20_000]

    def send() -> None:
        for message in sent:
            one.send(message)
        one.send(b"in ", pa.py_buffer(b"parts"))

    sending = threading.Thread(target=send)
    sending.start()
    other.send(b"answer")
    assert [bytes(other.receive()) for _ in sent] == sent
    assert bytes(other.receive()) == b"in parts"
    assert bytes(one.receive()) == b"answer"
    sending.join()
    one.close()
    with pytest.raises(EOFError):
        other.receive()
    other.close()


def test_an_end_in_the_middle_of_a_message_is_no_message() -> None:
    """As when whoever sends is killed."""
    raw, connection = socket.socketpair()
    messages = Messages(connection)
    raw.sendall((9).to_bytes(8) + b"half")
    raw.close()
    with pytest.raises(EOFError):
        messages.receive()
    messages.close()

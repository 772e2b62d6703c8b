"""Clients that are slow, silent, hostile or merely odd, over real sockets."""

from __future__ import annotations

import re
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, Served, serving

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /v1/echo HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
EXPECTING = POST + b"Expect: 100-continue\r\n"
LAST = GET + b"Connection: close\r\n\r\n"
FLOOD = (b"GET /static/htmx.min.js HTTP/1.1\r\n" + HOST + b"\r\n") * 30
"""Asks for a megabyte, more than the buffers of the server and the system take."""


@contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    """Connect, with as little room for answers as the system grants, and send something."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", port))
        with suppress(OSError):  # it may have seen enough
            connection.sendall(sent)
        yield connection


def said_on(connection: socket.socket) -> list[int]:
    """Return the statuses of all answers until the server closes."""
    got = b""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            got += data
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        # heads that are too long, however they arrive
        (GET + b"X: " + b"x" * 20_000 + b"\r\n\r\n", [431]),
        (GET + b"X: " + b"x" * 300_000, [431]),
        (b"GET /" + b"x" * 300_000, [431]),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", [431]),
        (GET + b"X: y\r\n" * 3_000 + b"\r\n", [431]),
        (b"\r\n" * 150_000, [431]),
        # what is beside a body
        (CHUNKED + b"1;" + b"x" * 300_000, [431]),
        (CHUNKED + b"1\r\nx\r\n0\r\nX: " + b"x" * 300_000, [431]),
        (CHUNKED + b"1\r\nx\r\n0\r\n" + b"X: y\r\n" * 50_000, [431]),
        (CHUNKED + b"1\r\nx\r\n0\r\nHost: elsewhere\r\n\r\n" + LAST, [200, 200]),
        (CHUNKED + b"1;a=b\r\nx\r\n" * 5_000 + b"0\r\n\r\n" + LAST, [200, 200]),
        (EXPECTING + b"Transfer-Encoding: chunked\r\n\r\nx", [400]),
        (b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\nx" + LAST, [404, 200]),
        (CHUNKED + b"-1\r\nx", [400]),
        (CHUNKED + b"1" * 17 + b"\r\nx", [400]),
        # lengths
        (POST + b"Content-Length: " + b"0" * 6_000 + b"1\r\n\r\nx", [400]),
        (POST + b"Content-Length: 00001\r\n\r\nx" + LAST, [200, 200]),
        (POST + b"Content-Length: 99999999999999999999\r\n\r\n", [400]),
        (POST + b"Content-Length: -1\r\n\r\n", [400]),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", [400]),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", [400]),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", [400]),
        # hosts and targets
        (GET + HOST + b"\r\n", [400]),
        (GET + b"hOST: elsewhere\r\n\r\n", [400]),
        (b"GET /healthz HTTP/1.1\r\n\r\n" + LAST, [400, 200]),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1, 127.0.0.1\r\n\r\n", [400]),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1/elsewhere\r\n\r\n", [400]),
        (b"GET /healthz HTTP/1.1\r\nHost: elsewhere@127.0.0.1\r\n\r\n", [400]),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n" + LAST, [200, 200]),
        (b"GET http://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n", [400]),
        (b"GET healthz HTTP/1.1\r\n" + HOST + b"\r\n", [400]),
        (b"GET /healthz#x HTTP/1.1\r\n" + HOST + b"\r\n", [400]),
        (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\nabc", [400]),
        # other tongues, and none
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
        (b"\x16\x03\x01\x02nonsense\r\n\r\n", [400]),
        (b"\x00" * 100, [400]),
        (GET + b"X: a\x00b\r\n\r\n", [400]),
        (GET + b"X: a\r\n b\r\n\r\n", [400]),
        (GET + b"X : y\r\n\r\n", [400]),
        (b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n", [400]),
        (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n" + LAST, [200]),
        (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello", [200]),
        # one after the other
        ((GET + b"\r\n") * 31 + LAST, [200] * 32),
        ((GET + b"\r\n") * 5_000, [200] * 33 + [503]),
        (GET + b"\r\n\r\n\r\n" + LAST, [200, 200]),
        (GET + b"\r\n" + GET + b"\r\n" + b"nonsense\r\n\r\n", [200, 200, 400]),
        (LAST + b"nonsense", [200]),
        (GET + b"\r\n" + POST + b"Content-Length: 1\r\n\r\nx" + CHUNKED + b"x", [200, 200, 400]),
        (EXPECTING + b"Content-Length: 1\r\n\r\nx" + LAST, [100, 200, 200]),
    ],
)
def test_what_a_connection_says_is_answered_or_refused(
    served: Served, sent: bytes, statuses: list[int]
) -> None:
    """Also where it comes all at once, and behind what was good; a refusal is not lost."""
    with connected(served.port, sent) as connection:
        assert said_on(connection) == statuses


def test_the_end_of_a_body_and_the_next_head_may_come_in_one_packet(served: Served) -> None:
    """What is of the body is none of the head."""
    with connected(served.port, EXPECTING + b"Content-Length: 60000\r\n\r\n") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # the head was taken in
        connection.sendall(b"x" * 60_000 + GET)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")  # and the body
        connection.sendall(b"Connection: close\r\n\r\n")
        assert said_on(connection) == [200]


@dataclass(slots=True)
class Slow:
    """A kind of client that makes a server wait.

    Attributes:
        begin: What it sends at first.
        drip: What it sends again and again after that.
        statuses: What is answered before the server hangs up; None where nobody reads it.
        half: Whether it says that it sends no more.
    """

    begin: bytes = b""
    drip: bytes = b""
    statuses: list[int] | None = field(default_factory=list)
    half: bool = False


SLOW = {
    "silent": Slow(statuses=[408]),
    "half a head": Slow(GET, statuses=[408]),
    "a head by bytes": Slow(GET + b"X: ", b"x", [408]),
    "blank lines": Slow(drip=b"\r\n", statuses=[408]),
    "idle": Slow(GET + b"\r\n", statuses=[200]),
    "blank lines after an answer": Slow(GET + b"\r\n", b"\r\n", [200]),
    "half a head after an answer": Slow(GET + b"\r\n" + GET, statuses=[200, 408]),
    "half a body": Slow(POST + b"Content-Length: 9999\r\n\r\nx", statuses=[408]),
    "a body by bytes": Slow(POST + b"Content-Length: 9999\r\n\r\nx", b"x", [408]),
    "a body by chunks": Slow(CHUNKED, b"1\r\nx\r\n", [408]),
    "a chunk that does not begin": Slow(CHUNKED + b"1;", b"x", [408]),
    "trailers": Slow(CHUNKED + b"0\r\n", b"X: y\r\n", [408]),
    "a body that nobody wants": Slow(GET + b"Content-Length: 9999\r\n\r\n", b"x", [200]),
    "the body of what is too much": Slow(POST + b"Content-Length: 99999999\r\n\r\n", b"x", [413]),
    "expecting": Slow(EXPECTING + b"Content-Length: 9\r\n\r\n", statuses=[100, 408]),
    "never reading": Slow(FLOOD, statuses=None),
    "never reading, and sending": Slow(FLOOD + GET + b"X: ", b"x", None),
    "half-closed": Slow(GET, half=True),
    "half-closed, never reading": Slow(FLOOD, statuses=None, half=True),
}


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the sockets in /proc")
def test_nobody_who_is_slow_keeps_a_place() -> None:
    """Each of two of every kind is gone in the end, however it goes on; others are answered."""
    limits = Limits(seconds=2.0, idle=2)
    with serving(Settings(limits=limits, echo=True)) as served, ExitStack() as stack:
        before = served.sockets()
        clients = []
        for slow in [*SLOW.values()] * 2:
            connection = stack.enter_context(connected(served.port, slow.begin))
            clients.append((slow, connection))
            if slow.half:
                connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + TIMEOUT
        while served.sockets() > before:
            assert time.monotonic() < until, served.sockets() - before
            for slow, connection in clients:
                with suppress(OSError):
                    connection.send(slow.drip)
            with connected(served.port, LAST) as good:
                assert said_on(good) == [200]
        for slow, connection in clients:
            if slow.statuses is not None:
                assert said_on(connection) == slow.statuses
        assert served.stop() == 0


def test_who_is_slow_makes_room_for_others() -> None:
    """As many silent clients as there are places keep nobody out, long before their time is up."""
    limits = Limits(seconds=3600.0, idle=3600, connections=4)
    with serving(Settings(limits=limits)) as served, ExitStack() as stack:
        silent = [stack.enter_context(connected(served.port, GET)) for _ in range(4)]
        until = time.monotonic() + TIMEOUT
        answers: set[int] = set()
        while answers != {200}:
            assert time.monotonic() < until
            with connected(served.port, LAST) as good:
                answers = {*said_on(good)}
            assert answers <= {200, 503}
        gone, _, _ = select.select(silent, [], [], TIMEOUT)
        assert [said_on(one) for one in gone] == [[]]
        for one in set(silent) - set(gone):
            one.sendall(b"Connection: close\r\n\r\n")
            assert said_on(one) == [200]


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (b"POST /nowhere HTTP/1.1\r\n", b"Connection: close\r\n"),
        (b"POST /nowhere HTTP/1.0\r\n", b""),
        (b"POST /v1/read HTTP/1.0\r\n", b"Origin: http://elsewhere\r\n"),
    ],
)
def test_an_answer_before_the_end_of_a_body_arrives(
    served: Served, line: bytes, more: bytes
) -> None:
    """A proxy that sends on what it has would be reset amid it, and give 502 instead."""
    length = 2**18  # the system keeps as much, so that all is sent whenever it is looked at
    head = line + HOST + more + b"Content-Length: %d\r\n\r\n" % length
    for _ in range(5):
        with connected(served.port, head + b"x" * length) as connection:
            answer = b""
            while data := connection.recv(65536):  # a reset would be an error
                answer += data
            assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 404"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep more by themselves")
def test_answers_that_nobody_takes_have_a_limit_together() -> None:
    """Who has left them the longest is reset, long before its time, until the rest is no more."""
    limits = Limits(seconds=3600.0, idle=3600, body=2**16, bodies=2**17)
    with serving(Settings(limits=limits)) as served, ExitStack() as stack:
        watched = select.poll()
        for _ in range(8):
            watched.register(stack.enter_context(connected(served.port, FLOOD)), 0)  # of resets
        for _ in range(6):  # each of them has more than 64 KiB waiting
            found = watched.poll(TIMEOUT * 1000)
            assert found
            watched.unregister(found[0][0])
        with connected(served.port, LAST) as good:
            assert said_on(good) == [200]

"""More than a server can read for, and its end meanwhile: everybody is answered."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest

from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, Served, children_of, serving

_MANY = 400  # connections: less than may wait, more than are taken in within a moment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")


def request_for(image: bytes, *, headers: str = "") -> bytes:
    """Return the request that an image is read."""
    head = f"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n{headers}"
    return f"{head}Content-Length: {len(image)}\r\n\r\n".encode() + image


def connected(served: Served) -> socket.socket:
    """Return a connection to a server."""
    return socket.create_connection(("127.0.0.1", served.port), TIMEOUT)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers in lower case, and the body of the next answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        assert more, "hung up without an answer"
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        more = connection.recv(65536)
        assert more, "hung up amid its answer"
        body += more
    assert len(body) == length
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize("workers", [1, 2])
def test_who_waits_to_be_taken_in_is_answered_after_sigterm(
    captchas: list[bytes], workers: int
) -> None:
    """New connections, one that was kept, and one that is silent; the server stands still first.

    So all of them wait in the system as it looks around for the first time, with the signal.
    """
    settings = Settings(models=("metu",), workers=workers, limits=Limits(queue=1000))
    with serving(settings) as served:
        kept, silent = connected(served), connected(served)
        for connection in (kept, silent):
            connection.sendall(request_for(captchas[0]))
            assert answer_of(connection)[0] == 200
        with standing_still([served.process.pid, *children_of(served.process.pid)]):
            new = [connected(served) for _ in range(_MANY)]
            for number, connection in enumerate([kept, *new]):
                connection.sendall(request_for(captchas[number % 12]))
            served.process.send_signal(signal.SIGTERM)
        for connection in (kept, *new):
            assert answer_of(connection)[0] == 200
            assert connection.recv(1) == b""
        assert silent.recv(1) == b""
        assert served.process.wait(TIMEOUT) == 0
    for connection in (kept, silent, *new):
        connection.close()


@contextmanager
def standing_still(processes: Sequence[int]) -> Iterator[None]:
    """Let processes do nothing until the block ends."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.fixture(scope="module")
def overloaded(captchas: list[bytes]) -> Iterator[Served]:
    """Serve, and send more than can be read for."""
    files = [("image", ("a.jpeg", image)) for image in captchas * 5]
    over = threading.Event()

    def work() -> None:
        with httpx.Client(timeout=TIMEOUT) as client:
            while not over.is_set():
                client.post(f"{served.url}/v1/read", files=files)

    with serving(Settings(limits=Limits(queue=1))) as served:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield served
        finally:
            over.set()
            for thread in threads:
                thread.join()


def test_who_is_refused_keeps_the_connection_and_is_refused_in_full(
    overloaded: Served, captchas: list[bytes]
) -> None:
    """However often; other paths answer meanwhile, and it is counted."""
    small = request_for(captchas[0])
    with connected(overloaded) as one:
        until = time.monotonic() + 5 * TIMEOUT
        statuses: list[int] = []
        while statuses.count(503) < 400:  # more than are refused at once
            one.sendall(small)
            status, headers, body = answer_of(one)
            statuses.append(status)
            assert time.monotonic() < until
            if status == 503:
                assert int(headers["retry-after"]) >= 1
                assert headers["content-type"] == "application/problem+json"
                assert headers["cache-control"] == "no-store"
                assert headers["x-frame-options"] == "DENY"
                assert json.loads(body)["status"] == 503
                assert "connection" not in headers
        assert set(statuses) <= {200, 503}

        metrics = httpx.get(f"{overloaded.url}/metrics", timeout=TIMEOUT).text
        counted = 'captchascope_requests_total{path="/v1/read",status="503"}'
        assert float(metrics.partition(counted)[2].split()[0]) >= 400


@pytest.mark.parametrize(
    ("version", "header", "last"),
    [("1.1", "", False), ("1.0", "", True), ("1.1", "Expect: 100-continue", True)],
)
def test_who_is_refused_need_not_have_sent_its_body(
    overloaded: Served, version: str, header: str, last: bool
) -> None:
    """The answer comes before, and the rest of the body is no new request."""
    body = b"x" * 100_000
    lines = f"POST /v1/read?length=6 HTTP/{version}", "Host: 127.0.0.1", "Content-Type: image/png"
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", *filter(None, [header]), "\r\n"])
    until = time.monotonic() + TIMEOUT
    while True:  # until the server is busy as this one comes
        assert time.monotonic() < until
        with connected(overloaded) as connection:
            connection.sendall(head.encode() + (b"" if "Expect" in header else body[:100]))
            connection.settimeout(1)
            try:
                status, headers, _ = answer_of(connection)
            except TimeoutError:
                continue  # it waits for the body
            if status != 503:
                continue  # it says that the body may come
            if last and "connection" not in headers:
                continue  # it became busy only after it had looked, and the app has refused it
            assert (headers.get("connection") == "close") == last
            connection.settimeout(TIMEOUT)
            if not last:
                connection.sendall(body[100:] + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert answer_of(connection)[0] == 200
            elif "Expect" not in header:
                connection.sendall(body[100:])
                assert connection.recv(1) == b""
            else:
                assert connection.recv(1) == b""
            return

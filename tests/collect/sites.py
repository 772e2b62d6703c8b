"""Small sites on this machine, each a function from a path to an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import cv2
import numpy as np


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site sends: status, body and headers; ``endless`` parts follow, each after a pause."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    endless: bytes = b""
    pause: float = 0.0


@dataclass(slots=True)
class Site:
    """A site that is up.

    Attributes:
        root: Its URL, without a slash at the end.
        asked: The paths that were asked for, in order.
        times: When, by ``time.monotonic``.
        headers: The headers of each request.
    """

    root: str
    asked: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


Answering = Callable[[str], Answer]


@cache
def png(number: int) -> bytes:
    """Return an image that no other number has."""
    pixels = np.random.default_rng(number).integers(0, 256, (20, 60), np.uint8)
    return bytes(cv2.imencode(".png", pixels)[1])


def images() -> Answering:
    """Return what gives another image each time, and has no robots.txt."""
    numbers = count(1)

    def answer(path: str) -> Answer:
        return Answer(status=404) if path == "/robots.txt" else Answer(png(next(numbers)))

    return answer


@contextmanager
def serve(answering: Answering) -> Iterator[Site]:
    """Serve until the block ends."""
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.times.append(time.monotonic())
            site.headers.append(dict(self.headers))
            answer = answering(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not answer.endless:
                if "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = "Content-Length" in answer.headers
                return
            self.end_headers()
            self.close_connection = True
            with suppress(OSError):
                while True:
                    self.wfile.write(answer.endless)
                    time.sleep(answer.pause)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        site.root = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield site
        finally:  # else the thread asks a closed socket in a loop until the tests are over
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have gone."""

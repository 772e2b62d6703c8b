"""Load shedding: requests that could not be read for are refused before the app sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from captchascope.web.acceptor import Acceptor
from captchascope.web.batching import Batcher
from captchascope.web.guard import HEADERS, READ
from captchascope.web.problems import problem


@dataclass(slots=True)
class Shedder:
    """Refuses what could not be read, for all connections of a server.

    To refuse by way of the app takes a third of the time that reading takes: at ten times the load,
    all of it. Here it takes a fifteenth, and the acceptor sees to it that there is not too much.

    Attributes:
        batcher: Tells whether images could be taken in.
        answered: Is told of each refusal: the request, status, bytes of the body, and seconds.
        acceptor: Takes connections in, and is told of each refusal, too.
        root_path: The path that a proxy serves the app below, or "".
        ending: Whether the server ends, so that each answer is the last of its connection.
    """

    batcher: Batcher
    answered: Callable[[Mapping[str, Any], int, int, float], None]
    acceptor: Acceptor
    root_path: str
    ending: bool = False

    def refusal(self, target: bytes, scope: Mapping[str, Any], *, kept: bool) -> bytes | None:
        """Return the answer to a POST that could not be read for, else None.

        Args:
            target: The path that is asked for, with its query.
            scope: What else is known of the request.
            kept: Whether the connection is kept.
        """
        path = target.partition(b"?")[0].decode("latin-1").removeprefix(self.root_path)
        if path != READ or (why := self.batcher.refusal()) is None:
            return None
        head, body = raw_problem(503, *why, kept=kept)
        known = {"method": "POST", "path": READ, "raw_path": target}
        self.answered({**scope, **known}, 503, len(body), 0.0)
        return head + body


@lru_cache(64)
def raw_problem(
    status: int, detail: str, seconds: int | None = None, *, kept: bool = False
) -> tuple[bytes, bytes]:
    """Return head and body of a problem as they are sent, where the app is not asked.

    Args:
        status: The status.
        detail: What is wrong.
        seconds: After how many to come again, if that helps.
        kept: Whether the connection is kept.
    """
    later = {} if seconds is None else {"retry-after": str(seconds)}
    answer = problem(status, detail, {**later, **HEADERS, "cache-control": "no-store"})
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    lines += [] if kept else [b"connection: close"]
    return b"\r\n".join([*lines, b"", b""]), bytes(answer.body)

"""HTTP on a connection, with the limits that hold before there is a request."""

from __future__ import annotations

import asyncio
import json
from asyncio import TimerHandle
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from captchascope.web.problems import MEDIA_TYPE
from captchascope.web.settings import Limits

__all__ = ["protocol_of"]


class _Limited(HttpToolsProtocol):
    """Refuses heads that are too long or too slow, more connections than it can keep, and nonsense.

    A head is the line of a request and its headers. The parser takes any length of it, so that
    what has come is counted here until it is whole.
    """

    limits: ClassVar[Limits]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = 0  # bytes of it that have come
        self._heading = True
        self._late: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(503, "too many connections are open", "retry-after: 1\r\n")
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._head += len(data)
        super().data_received(data)
        if not self._heading:
            self._head = 0
        elif self._head > self.limits.head:
            self._refuse(431, f"the headers are longer than {self.limits.head} bytes")
        elif self._late is None:
            self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heading = True

    def on_headers_complete(self) -> None:
        self._heading = False
        self._in_time()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "that is not HTTP/1.1")

    def _wait(self) -> None:
        self._late = self.loop.call_later(self.limits.seconds, self._give_up)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self._heading and not self.transport.is_closing():
            self._refuse(408, "the request took too long to arrive")

    def _refuse(self, status: int, detail: str, more: str = "") -> None:
        """Answer without a request, and hang up."""
        title = HTTPStatus(status).phrase
        told = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        body = json.dumps(told)
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: {MEDIA_TYPE}\r\n{more}"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write((head + body).encode("ascii"))
        self.transport.close()


def protocol_of(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol that keeps to limits, as uvicorn takes it."""
    return type("Protocol", (_Limited,), {"limits": limits})

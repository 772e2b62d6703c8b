"""Bodies are taken in only so far: in bytes for each request and for all, and in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.web.problems import Problem, problem
from captchascope.web.settings import Limits

__all__ = ["Intake"]

_READ = "/v1/read"


class Intake:
    """Refuses bodies that are too long, take too long, or are too much together.

    What a request has sent counts as held until it is answered. One that wants images read is
    refused before its body is looked at where none could be taken in: when far too many come, most
    of the time would be spent on saying no.
    """

    def __init__(self, app: ASGIApp, limits: Limits, check: Callable[[], None]) -> None:
        self._app = app
        self._limits = limits
        self._check_queue = check
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before or while its body arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _content_length(scope)
        try:
            self._check(length)
            if scope["path"] == _READ and scope["method"] == "POST":
                self._check_queue()
        except Problem as refusal:
            answer = problem(refusal.status_code, refusal.detail, refusal.headers)
            await answer(scope, receive, send)
            return
        body = _Body(self, receive, length)
        self._held += length
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._held -= body.held

    def _check(self, length: int, more: int | None = None) -> None:
        """Refuse a body of so many bytes, of which ``more`` are not held yet.

        Raises:
            Problem: 413 for this body, 503 where all bodies together are too much.
        """
        limits = self._limits
        if length > limits.body:
            raise Problem(413, f"the request is longer than {limits.body:,} bytes")
        held = self._held + (length if more is None else more)
        if held > limits.bodies:
            raise Problem(503, "too much is being taken in", {"Retry-After": "1"})

    def grow(self, body: _Body, received: int) -> None:
        """Hold more of a body that has sent more than it had announced; raises as ``_check``."""
        more = received - body.held
        if more > 0:
            self._check(received, more)
            self._held += more
            body.held = received

    @property
    def seconds(self) -> float:
        """How long a body may take to arrive."""
        return self._limits.seconds


@dataclass(slots=True)
class _Body:
    """The body of one request, as it arrives."""

    intake: Intake
    messages: Receive
    held: int
    received: int = 0
    whole: bool = False
    deadline: float = 0.0

    async def receive(self) -> Message:
        """Return what comes next.

        Raises:
            Problem: 408 if it comes too late, or as ``Intake`` refuses.
        """
        if self.whole:  # only the end of the connection is still to come, whenever it will
            return await self.messages()
        loop = asyncio.get_running_loop()
        self.deadline = self.deadline or loop.time() + self.intake.seconds
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self.messages()
        except TimeoutError:
            raise Problem(408, "the request took too long to arrive") from None
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            self.intake.grow(self, self.received)
        return message


def _content_length(scope: Scope) -> int:
    """Return what a request says its body is long; 0 where it does not say."""
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0

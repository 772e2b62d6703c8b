"""What stands between the site and the network."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.practice.server import AccessLogMiddleware


def ask(log: AccessLogMiddleware, path: str = "/") -> list[Message]:
    """Send a request through, and return what comes back."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    asyncio.run(log(scope, receive, send))
    return sent


def raising(error: Exception) -> ASGIApp:
    """Return an application that fails."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app


def test_the_log_has_method_path_and_status() -> None:
    """On one line each, whatever the path holds; nothing of what was answered."""
    lines: list[str] = []
    log = AccessLogMiddleware(PlainTextResponse("secret", 404), lines.append)
    ask(log, "/captcha.jpeg")
    ask(log, "/a\nb\x1b[2J")
    assert lines == ["GET /captcha.jpeg 404", r"GET /a\nb\x1b[2J 404"]


def test_every_answer_gets_the_policy() -> None:
    """Beside the headers that it has."""
    start = ask(AccessLogMiddleware(PlainTextResponse("text"), print))[0]
    headers = dict(start["headers"])
    assert headers[b"content-length"] == b"4"
    assert headers[b"content-security-policy"].startswith(b"default-src 'none';")


def test_a_failure_ends_the_site() -> None:
    """The first is kept, for whoever started the site."""
    calls: list[str] = []
    first = ZeroDivisionError("first")
    log = AccessLogMiddleware(raising(first), print)
    log.give_up = lambda: calls.append("given up")
    ask(log)
    assert log.failure is first
    assert calls == ["given up"]


def test_a_visitor_who_hangs_up_ends_nothing() -> None:
    """In the middle of a form, say."""
    log = AccessLogMiddleware(raising(ClientDisconnect()), print)
    assert ask(log) == []
    assert log.failure is None

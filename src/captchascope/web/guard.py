"""The middleware before the app: response headers, host check, CSRF, the body limit.

A page of another site that a browser of this machine shows must not reach the server: not by a
name that it lets point here (the Host is checked), not by a form or script (the Origin is).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.web.problems import Problem, problem, unexpected
from captchascope.web.proxy import PROXY_HOST
from captchascope.web.settings import Limits, Settings, host_name, is_loopback

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""What every response says that does not say otherwise itself."""

_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_HEADERS.append((b"cache-control", b"no-store"))


class ResponseMiddleware:
    """Adds ``HEADERS`` to every response, and tells of each that was sent.

    No response is to be kept. Of all this, a response may say otherwise itself. HEAD is answered as
    GET is: the server leaves the body out. What should not be raised is a problem, too, where
    nothing was sent before.
    """

    def __init__(self, app: ASGIApp, answered: Callable[[Scope, int, int, float], None]) -> None:
        self._app = app
        self._answered = answered  # with the request, status, bytes of the body, and seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, size, started = time.perf_counter(), 500, 0, False
        head = scope["method"] == "HEAD"

        async def sending(message: Message) -> None:
            nonlocal status, size, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                told = {name for name, _ in message["headers"]}
                further = [header for header in _HEADERS if header[0] not in told]
                message = {**message, "headers": [*message["headers"], *further]}
            elif not head:
                size += len(message.get("body", b""))
            await send(message)

        asked = {**scope, "method": "GET"} if head else scope
        try:
            await self._app(asked, receive, sending)
        except Exception as error:
            if started:
                raise
            await unexpected(scope["method"], scope["path"], error)(asked, receive, sending)
        finally:
            self._answered(scope, status, size, time.perf_counter() - begun)


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN = (
    "the request comes from a page of another site; --allow-host NAME adds the name of a proxy "
    "before this server"
)
_HOSTS = 64  # values of Host that are remembered


class HostOriginMiddleware:
    """The host check, and CSRF: turns away requests for another host or from another site.

    Where a proxy names the host, its own is checked, too: one that only hands headers on may have
    that name from a page.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = {host_name(one) for one in settings.hosts}
        # A browser leaves the port out where it is the scheme's own.
        self._origins = {one.removesuffix(":443").removesuffix(":80") for one in settings.hosts}
        self._loopback = is_loopback(settings.host)
        self._knows = lru_cache(_HOSTS)(self._is_known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        refusal = None
        if not (self._knows(host) and self._knows(scope.get(PROXY_HOST, host))):
            what = "the Host is none that this server is asked by; --allow-host NAME adds one"
            refusal = problem(400, what)
        elif scope["method"] not in _SAFE and self._is_foreign(headers, host, scope["scheme"]):
            refusal = problem(403, _FOREIGN)
        await (refusal or self._app)(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        """Tell whether a Host cannot be a name that somebody else lets point here."""
        try:
            name = host_name(host)
        except ValueError:
            return False
        if is_loopback(name) or name in self._names:
            return True
        if self._loopback:
            return False
        try:
            return bool(ip_address(name))
        except ValueError:
            return False

    def _is_foreign(self, headers: dict[bytes, bytes], host: str, scheme: str) -> bool:
        """Tell whether a browser sent this from a page of another site; other clients do not say.

        Ours are the pages of the Host, and of the further names: a proxy may ask by another Host
        than it was asked by. Those without TLS are not where this request came by TLS, as somebody
        on the way could have written them.
        """
        origin = headers.get(b"origin")
        if origin is None:
            return headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
        told, _, name = origin.decode("latin-1").lower().partition("://")
        known = name == host.lower() or name in self._origins
        return not known or told not in ("https", scheme)


READ = "/v1/read"
"""The path that images are read at."""


class BodyLimitMiddleware:
    """Refuses bodies that are too long, take too long, or are too much together.

    What a request has sent counts as held until it is answered. One that wants images read is
    refused before its body is looked at where none could be taken in: when far too many come, most
    of the time would be spent on saying no. (The framework's ``max_body_size`` knows neither the
    sum of all bodies nor a deadline, and its 413 is no problem of RFC 9457.)
    """

    def __init__(self, app: ASGIApp, limits: Limits, check: Callable[[], None]) -> None:
        self._app = app
        self._check_queue = check
        self.limits = limits
        self.held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before or while its body arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        body = _Body(self, receive)
        try:
            body.hold(int(length) if length.isdigit() else 0)
            if scope["path"] == READ and scope["method"] == "POST":
                self._check_queue()
        except Problem as refusal:
            self.held -= body.held
            answer = problem(refusal.status_code, refusal.detail, refusal.headers)
            await answer(scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, send)
        finally:
            self.held -= body.held


@dataclass(slots=True)
class _Body:
    """The body of one request, as it arrives; ``held`` bytes of it count, announced or sent."""

    limit: BodyLimitMiddleware
    messages: Receive
    held: int = 0
    received: int = 0
    whole: bool = False
    deadline: float = 0.0

    def hold(self, length: int) -> None:
        """Count so many bytes as held, those included that are already.

        Raises:
            Problem: 413 for this body, 503 where all bodies together are too much.
        """
        limits, more = self.limit.limits, length - self.held
        if length > limits.body:
            raise Problem(413, f"the request is longer than {limits.body:,} bytes")
        if self.limit.held + more > limits.bodies:
            raise Problem(503, "too much is being taken in", {"Retry-After": "1"})
        self.limit.held += more
        self.held = length

    async def receive(self) -> Message:
        """Return what comes next.

        Raises:
            Problem: 408 if it comes too late, 400 if it never will, or as ``hold`` refuses.
        """
        if self.whole:  # only the end of the connection is still to come, whenever it will
            return await self.messages()
        loop = asyncio.get_running_loop()
        self.deadline = self.deadline or loop.time() + self.limit.limits.seconds
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self.messages()
        except TimeoutError:
            raise Problem(408, "the request took too long to arrive") from None
        if message["type"] == "http.disconnect":  # else it would be our fault, with a traceback
            raise Problem(400, "the client hung up in the middle of the request")
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self.received > self.held:
                self.hold(self.received)
        return message

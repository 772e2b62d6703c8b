"""The middleware before the app: response headers, host check, CSRF, the token, the body limit.

A page of another site that a browser of this machine shows must not reach the server: not by a
name that it lets point here (the Host is checked), not by a form or script (the Origin is). Where
there is a token, every request but those of ``WITHOUT_TOKEN`` shows it, as a bearer or in a cookie.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.web.problems import Problem, problem, shows_pages
from captchascope.web.settings import Limits, Settings, is_loopback
from captchascope.web.templates import render_page

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
"""What every response says."""

_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_NOT_KEPT = (b"cache-control", b"no-store")


class ResponseMiddleware:
    """Adds ``HEADERS`` to every response, and tells of each that was sent.

    No response is to be kept, unless it says so itself. HEAD is answered as GET is: the server
    leaves the body out.
    """

    def __init__(self, app: ASGIApp, answered: Callable[[Scope, int, int, float], None]) -> None:
        self._app = app
        self._answered = answered  # with the request, status, bytes of the body, and seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, size = time.perf_counter(), 500, 0
        head = scope["method"] == "HEAD"

        async def sending(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], *_HEADERS]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    headers.append(_NOT_KEPT)
                message = {**message, "headers": headers}
            elif not head:
                size += len(message.get("body", b""))
            await send(message)

        try:
            asked = {**scope, "method": "GET"} if head else scope
            await self._app(asked, receive, sending)
        finally:
            self._answered(scope, status, size, time.perf_counter() - begun)


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOSTS = 64  # values of Host that are remembered


class HostOriginMiddleware:
    """The host check, and CSRF: turns away requests for another host or from another site.

    Those with headers too large go, too, before anything is made of them.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._longest = settings.limits.head
        self._loopback = is_loopback(settings.host)
        self._knows = lru_cache(_HOSTS)(self._is_known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = sum([len(name) + len(value) for name, value in scope["headers"]])
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        refusal = None
        if size > self._longest:
            refusal = problem(431, f"the headers are longer than {self._longest}")
        elif not self._knows(host):
            what = "the Host is none that this server is asked by; --allow-host NAME adds one"
            refusal = problem(400, what)
        elif scope["method"] not in _SAFE and _is_foreign(headers, host):
            refusal = problem(403, "the request comes from a page of another site")
        await (refusal or self._app)(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        """Tell whether a Host cannot be a name that somebody else lets point here."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            urlsplit(f"//{host}").port  # noqa: B018 - reading it checks it
        except ValueError:
            return False
        if is_loopback(name) or name in self._hosts:
            return True
        if self._loopback:
            return False
        try:
            return bool(ip_address(name))
        except ValueError:
            return False


def _is_foreign(headers: dict[bytes, bytes], host: str) -> bool:
    """Tell whether a browser sent this from a page of another site; other clients do not say."""
    origin = headers.get(b"origin")
    if origin is not None:
        ours = f"http://{host.lower()}", f"https://{host.lower()}"
        return origin.decode("latin-1").lower() not in ours
    return headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")


WITHOUT_TOKEN = ("/healthz", "/readyz", "/login", "/static/")
"""What needs no token: paths, and beginnings of paths that end in a slash."""

_COOKIE = "captchascope"
_WEEK = 7 * 24 * 3600

_TRIES = 10  # wrong tokens of one address in
_MINUTE = 60.0  # seconds
_ADDRESSES = 1024  # that are remembered


class Token:
    """The token, compared in constant time, and who has guessed at it how often."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)
        self.cookie = hmac.new(token.encode(), b"captchascope cookie", hashlib.sha256).hexdigest()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def fits(self, token: str) -> bool:
        """Tell whether a text is the token."""
        return hmac.compare_digest(_digest(token), self._digest)

    def fits_cookie(self, cookie: str) -> bool:
        """Tell whether a text is what the cookie of the token holds."""
        return hmac.compare_digest(_digest(cookie), _digest(self.cookie))

    def wait(self, address: str) -> int:
        """Return how many seconds an address that guessed too often has to wait; 0: it may try."""
        count, since = self._wrong.get(address, (0, 0.0))
        left = since + _MINUTE - time.monotonic()
        return math.ceil(left) if count >= _TRIES and left > 0 else 0

    def failed(self, address: str) -> None:
        """Remember that an address has shown a wrong token."""
        now = time.monotonic()
        count, since = self._wrong.pop(address, (0, now))
        fresh = now - since > _MINUTE
        self._wrong[address] = (1, now) if fresh else (count + 1, since)
        if len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)


def _digest(text: str) -> bytes:
    """Return something of one length, so that comparing does not tell the length either."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


class TokenMiddleware:
    """Lets in who shows the token: programs as a bearer, browsers in the cookie of the login.

    A browser without it is led to the page that asks for it.
    """

    def __init__(self, app: ASGIApp, token: Token) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal, path = None, scope.get("path", "")
        free = any(
            path == one or (one[-1] == "/" and path.startswith(one)) for one in WITHOUT_TOKEN
        )
        if scope["type"] == "http" and not free:
            refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._token.fits_cookie(request.cookies.get(_COOKIE, "")):
            return None
        address = request.client.host if request.client else ""
        if scheme.lower() == "bearer":
            if seconds := self._token.wait(address):
                return _too_often(seconds)
            if self._token.fits(token.strip()):
                return None
            self._token.failed(address)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        what = "the token is wrong" if token else "a token is needed"
        return problem(401, what, {"WWW-Authenticate": 'Bearer realm="captchascope"'})


def login_routes(token: Token) -> APIRouter:
    """Return the page that asks a browser for the token, and gives it the cookie."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def _form() -> Response:
        return render_page("login.html", here="", wrong=False)

    @routes.post("/login")
    async def _login(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if seconds := token.wait(address):
            return _too_often(seconds)
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
        if not token.fits(fields.get("token", [""])[0].strip()):
            token.failed(address)
            if not shows_pages(request):
                raise Problem(401, "the token is wrong")
            return render_page("login.html", 401, here="", wrong=True)
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(
            _COOKIE, token.cookie, _WEEK, httponly=True, samesite="strict", secure=secure
        )
        return response

    return routes


def _too_often(seconds: int) -> Response:
    return problem(429, "too many wrong tokens", {"Retry-After": str(seconds)})


_READ = "/v1/read"


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
            if scope["path"] == _READ and scope["method"] == "POST":
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
            Problem: 408 if it comes too late, or as ``hold`` refuses.
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
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self.received > self.held:
                self.hold(self.received)
        return message

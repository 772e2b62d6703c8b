"""The token: shown as a bearer by programs, and in a cookie by browsers that have logged in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.web.problems import Problem, problem
from captchascope.web.settings import Limits, Settings, is_loopback
from captchascope.web.templates import page

OPEN = ("/healthz", "/readyz", "/login", "/static/")
"""What needs no token: paths, and beginnings of paths that end in a slash."""

_COOKIE = "captchascope"
_WEEK = 7 * 24 * 3600

_TRIES = 10  # wrong tokens of one address in
_MINUTE = 60.0  # seconds
_ADDRESSES = 1024  # that are remembered


class Key:
    """A token that is compared in constant time, and who has guessed at it how often."""

    def __init__(self, token: str) -> None:
        self._token = _digest(token.encode())
        self.cookie = hmac.new(token.encode(), b"captchascope cookie", hashlib.sha256).hexdigest()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def fits(self, token: str) -> bool:
        """Tell whether it is the token."""
        return hmac.compare_digest(_digest(token.encode("utf-8", "replace")), self._token)

    def fits_cookie(self, cookie: str) -> bool:
        """Tell whether it is what the cookie of the token holds."""
        return hmac.compare_digest(
            _digest(cookie.encode("utf-8", "replace")), _digest(self.cookie.encode())
        )

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


class Access:
    """Lets in who shows the token; a browser without it is led to the page that asks for it."""

    def __init__(self, app: ASGIApp, key: Key) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        cookie = _cookie(request)
        if cookie and self._key.fits_cookie(cookie):
            return None
        address = request.client.host if request.client else ""
        if scheme.lower() == "bearer":
            if seconds := self._key.wait(address):
                return _too_often(seconds)
            if self._key.fits(token.strip()):
                return None
            self._key.failed(address)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        what = "the token is wrong" if token else "a token is needed"
        return problem(401, what, {"WWW-Authenticate": 'Bearer realm="captchascope"'})


def router(key: Key) -> APIRouter:
    """Return the page that asks a browser for the token, and gives it the cookie."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def form() -> Response:
        return page("login.html", here="", wrong=False)

    @routes.post("/login")
    async def login(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if seconds := key.wait(address):
            return _too_often(seconds)
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
        if not key.fits(fields.get("token", [""])[0].strip()):
            key.failed(address)
            return page("login.html", 401, here="", wrong=True)
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(
            _COOKIE, key.cookie, _WEEK, httponly=True, samesite="strict", secure=secure
        )
        return response

    return routes


def _is_open(path: str) -> bool:
    return any(path == place or (place[-1] == "/" and path.startswith(place)) for place in OPEN)


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _too_often(seconds: int) -> Response:
    return problem(429, "too many wrong tokens", {"Retry-After": str(seconds)})


def _digest(value: bytes) -> bytes:
    """Return something of one length, so that comparing does not tell the length either."""
    return hashlib.sha256(value).digest()


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

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


class Headers:
    """Adds ``HEADERS`` to every response, and that it is not to be kept, unless it says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                kept = any(name == b"cache-control" for name, _ in given)
                more = [] if kept else [(b"cache-control", b"no-store")]
                message = {**message, "headers": [*given, *self._headers, *more]}
            await send(message)

        await self._app(scope, receive, sending)


class Door:
    """Turns away requests with headers too large, for another host, or from another site."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._loopback = is_loopback(settings.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._settings.limits.head:
            refusal = problem(431, f"the headers are longer than {self._settings.limits.head}")
            await refusal(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal_of = self._refusal(scope["method"], headers)
        if refusal_of is None:
            await self._app(scope, receive, send)
        else:
            await problem(*refusal_of)(scope, receive, send)

    def _refusal(self, method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._known(host):
            return 400, "the Host is none that this server is asked by; --allow-host NAME adds one"
        if method not in _SAFE and _is_foreign(headers, host):
            return 403, "the request comes from a page of another site"
        return None

    def _known(self, host: str) -> bool:
        """Tell whether a Host cannot be a name that somebody else lets point here."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            urlsplit(f"//{host}").port  # noqa: B018 - reading it checks it
        except ValueError:
            return False
        if is_loopback(name) or name in self._settings.hosts:
            return True
        if self._loopback:
            return False
        try:
            return bool(ip_address(name))
        except ValueError:
            return False


def _is_foreign(headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a browser sent this from a page of another site; other clients do not say."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


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

"""The token: shown as a bearer by programs, and in a cookie by browsers that have logged in."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from captchascope.web.problems import problem
from captchascope.web.templates import page

__all__ = ["OPEN", "Access", "Key", "router"]

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

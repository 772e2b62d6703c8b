"""The token: who shows it is let in, as a bearer, a password, or by the cookie of the login.

Where there is one, every request but those of ``WITHOUT_TOKEN`` shows it. The right one is always
let in, whoever else guesses; of wrong ones, each address has ten a minute.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from captchascope.web.problems import Problem, problem, shows_pages
from captchascope.web.templates import local_url, render_page

WITHOUT_TOKEN = ("/healthz", "/readyz", "/login", "/static/")
"""What needs no token: paths, and beginnings of paths that end in a slash."""

_COOKIE = "captchascope"
_WEEK = 7 * 24 * 3600

_TRIES = 10  # wrong tokens of one address in
_MINUTE = 60.0  # seconds
_ADDRESSES = 1024  # that are remembered

_LONGEST_FORM = 16 * 2**10  # bytes; the longest token takes three for each of its characters
_FIELDS = 4


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

    def failed(self, address: str) -> int:
        """Remember that an address has shown a wrong token.

        Returns:
            How many seconds it should wait, as it has shown too many; 0 if it need not.
        """
        now, network = time.monotonic(), network_of(address)
        count, since = self._wrong.pop(network, (0, now))
        if now - since >= _MINUTE:
            count, since = 0, now
        self._wrong[network] = count + 1, since
        if len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        return math.ceil(since + _MINUTE - now) if count >= _TRIES else 0


def network_of(address: str) -> str:
    """Return what one guesser has of addresses: one of IPv4, but 2**64 of IPv6."""
    try:
        known = ip_address(address)
    except ValueError:  # a proxy may say what it likes
        return address[:64]
    if not isinstance(known, IPv6Address):
        return str(known)
    return str(known.ipv4_mapped or IPv6Address(int(known) >> 64 << 64))


def _digest(text: str) -> bytes:
    """Return something of one length, so that comparing does not tell the length either."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


class TokenMiddleware:
    """Lets in who shows the token: programs in a header, browsers in the cookie of the login.

    A browser without it is led to the page that asks for it. No cookie gets further, whether there
    is a token or not: nothing else wants one, and the framework, which takes them apart for every
    route, needs time that grows with the square of their length.
    """

    def __init__(self, app: ASGIApp, token: Token | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = [value for name, value in scope["headers"] if name == b"cookie"]
        if sent:
            left = [header for header in scope["headers"] if header[0] != b"cookie"]
            scope = {**scope, "headers": left}
        refusal = None
        if self._token is not None and not _is_free(scope["path"]):
            refusal = _refusal(self._token, Request(scope), cookies_of(sent))
        await (refusal or self._app)(scope, receive, send)


def _is_free(path: str) -> bool:
    return any(path == one or (one[-1] == "/" and path.startswith(one)) for one in WITHOUT_TOKEN)


def cookies_of(headers: Iterable[bytes]) -> list[str]:
    """Return what is held by all cookies that are called as ours; a browser may have several.

    Our own value is hexadecimal: nothing is quoted, and what is, is none.
    """
    pairs = (pair.partition("=") for one in headers for pair in one.decode("latin-1").split(";"))
    return [value.strip() for name, _, value in pairs if name.strip() == _COOKIE]


def _refusal(token: Token, request: Request, cookies: list[str]) -> Response | None:
    """Return what a request is answered that does not show the token; None for one that does."""
    shown = _token_of(request.headers.get("authorization", ""))
    if any(map(token.fits_cookie, cookies)) or (shown is not None and token.fits(shown)):
        return None
    told = shown is not None
    seconds = token.failed(_address_of(request)) if told or cookies else 0
    if not told and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(local_url("/login"), 303)
    if seconds:
        return _too_often(seconds)
    what = "the token is wrong" if shown else "a token is needed"
    return problem(401, what, {"WWW-Authenticate": 'Bearer realm="captchascope"'})


def _token_of(authorization: str) -> str | None:
    """Return the token that a header shows: a bearer, or the password of Basic (RFC 7617).

    The second is all that Label Studio can show to a backend. Whoever's name is beside it is let
    in, as there are no names here.
    """
    scheme, _, shown = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return shown.strip()
        case "basic":
            with suppress(ValueError):
                return b64decode(shown, validate=True).decode().partition(":")[2]
            return ""
    return None


def _too_often(seconds: int) -> Response:
    return problem(429, "too many wrong tokens", {"Retry-After": str(seconds)})


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def login_routes(token: Token) -> APIRouter:
    """Return the page that asks a browser for the token, and gives it the cookie."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def _form() -> Response:
        return render_page("login.html", here="", wrong=False, seconds=0)

    @routes.post("/login")
    async def _login(request: Request) -> Response:
        if not token.fits(await _shown_in(request)):
            seconds = token.failed(_address_of(request))
            if not shows_pages(request):
                return _too_often(seconds) if seconds else problem(401, "the token is wrong")
            status, later = (429, {"Retry-After": str(seconds)}) if seconds else (401, {})
            page = render_page("login.html", status, here="", wrong=True, seconds=seconds)
            page.headers.update(later)
            return page
        response = RedirectResponse(local_url("/"), 303)
        response.set_cookie(
            _COOKIE,
            token.cookie,
            _WEEK,
            path=local_url("/"),
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    return routes


async def _shown_in(request: Request) -> str:
    """Return the token that the login's form holds; anybody may send one, of any length.

    Raises:
        Problem: 413 if it is longer than one of a token can be, 400 if it has more fields.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise Problem(413, f"the form is longer than {_LONGEST_FORM:,} bytes")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_FIELDS)
    except ValueError:
        raise Problem(400, f"the form has more than {_FIELDS} fields") from None
    return fields.get("token", [""])[0].strip()

"""Who is let in, and what browsers are told: layers of ASGI around the app.

A page of another site that a browser of this machine shows must not reach the server: not by a
name that it lets point here (the Host is checked), not by a form or script (the Origin is). Where
there is a token, every request but those of ``OPEN`` shows it, as a bearer or in a cookie.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.web.problems import problem
from captchascope.web.settings import Settings, is_loopback

__all__ = ["HEADERS", "Door", "Headers"]

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

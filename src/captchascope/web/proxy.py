"""What a proxy before the server says of a request, and the path that it serves us below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from captchascope.web.templates import ROOT_PATH

PROXY_HOST = "captchascope.proxy_host"
"""In a scope, the Host that the proxy itself asked for, where it names another."""

_FORWARDED_HOST = b"x-forwarded-host"


class TrustedProxyMiddleware:
    """Believes trusted proxies who asked, for which host, and whether by TLS.

    Of ``X-Forwarded-For``, the last address counts that is no proxy's own; what stands before it
    the client may have written. ``Forwarded`` (RFC 7239) is not heeded: most proxies hand it on
    as a client has sent it.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[str, ...]) -> None:
        served: Any = app  # Starlette's and uvicorn's types of the same differ
        self._app: Any = ProxyHeadersMiddleware(served, [*map(str, networks_of(proxies))])
        self._trusted = self._app.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as the client sent it to the proxy."""
        if scope["type"] == "http" and (scope.get("client") or ("",))[0] in self._trusted:
            headers: dict[bytes, bytes] = dict(scope["headers"])
            if (told := headers.get(_FORWARDED_HOST)) is not None:
                left = [header for header in scope["headers"] if header[0] != b"host"]
                host = told.rpartition(b",")[2].strip()
                own = headers.get(b"host", b"").decode("latin-1")
                scope = {**scope, "headers": [*left, (b"host", host)], PROXY_HOST: own}
        await self._app(scope, receive, send)


def networks_of(proxies: Iterable[str]) -> Iterator[IPv4Network | IPv6Network]:
    """Return addresses and networks as networks, those of IPv4 also as IPv6 sockets see them."""
    for proxy in proxies:
        network = ip_network(proxy)
        yield network
        if isinstance(network, IPv4Network):
            yield IPv6Network(f"::ffff:{network.network_address}/{network.prefixlen + 96}")


class RootPathMiddleware:
    """Takes the root path off a request's path, if the proxy has left it there.

    So all that comes after it sees the same path, whichever way the proxy is set up.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and let links begin with the root path."""
        if scope["type"] == "http":
            ROOT_PATH.set(self._root_path)
            path, begin = scope["path"], f"{self._root_path}/"
            if f"{path}/".startswith(begin):
                scope = {**scope, "path": f"/{path[len(begin) :]}"}
        await self._app(scope, receive, send)


class MountMiddleware:
    """Tells the app of the root path as ASGI has it, so that what it redirects stays below it."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            path = f"{self._root_path}{scope['path']}"
            scope = {**scope, "path": path, "root_path": self._root_path}
        await self._app(scope, receive, send)

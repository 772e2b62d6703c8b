"""The files beside the pages: style, scripts, icon. Nothing else of the disk can be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response

__all__ = ["Asset", "address", "assets", "router"]

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        data: Its bytes.
        media_type: What it is.
        tag: A hash of its bytes, which is part of its address: another version, another address.
    """

    data: bytes
    media_type: str
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """Return every file that is served, by its name."""
    folder = resources.files("captchascope.web").joinpath("static")
    found = {}
    for entry in folder.iterdir():
        media_type = _TYPES.get(f".{entry.name.rpartition('.')[2]}")
        if media_type is not None:
            data = entry.read_bytes()
            tag = hashlib.sha256(data).hexdigest()[:12]
            found[entry.name] = Asset(data, media_type, tag)
    return found


def address(name: str) -> str:
    """Return the path of a file, with its hash, so that a browser may keep it for ever.

    Raises:
        KeyError: If there is no such file.
    """
    return f"/static/{name}?v={assets()[name].tag}"


def router() -> APIRouter:
    """Return the routes of the files."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/static/{name}", methods=["GET", "HEAD"])
    def _file(name: str, request: Request, v: str = "") -> Response:
        asset = assets().get(name)
        if asset is None:
            return Response("not here\n", 404, media_type="text/plain")
        tag = f'"{asset.tag}"'
        headers = {"ETag": tag, "Cache-Control": _FOR_EVER if v == asset.tag else _ASK_AGAIN}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(asset.data, headers=headers, media_type=asset.media_type)

    return routes

"""The files beside the pages: style, scripts, icon. Nothing else of the disk can be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from captchascope import __version__

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


Level: TypeAlias = Literal["sure", "fair", "weak"]

_SURE, _FAIR = 0.95, 0.7


def render(name: str, **context: object) -> str:
    """Return a template of ``web/html`` filled in.

    Everything is escaped; a name that the context lacks is an error. A page that extends
    ``base.html`` gives ``here``, the name of its place in the navigation, or "".
    """
    return _environment().get_template(name).render(context)


def page(name: str, status: int = 200, **context: object) -> HTMLResponse:
    """Return a page; no one keeps it, as ``safety.Headers`` says of all that says nothing else."""
    return HTMLResponse(render(name, **context), status)


def level(confidence: float) -> Level:
    """Return which of three classes of the style sheet a confidence, 0 to 1, belongs to."""
    if confidence >= _SURE:
        return "sure"
    return "fair" if confidence >= _FAIR else "weak"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        loader=jinja2.PackageLoader("captchascope.web", "html"),
    )
    environment.globals["asset"] = address
    environment.globals["version"] = __version__
    environment.filters["level"] = level
    environment.filters["percent"] = _percent
    environment.filters["sureness"] = _sureness
    environment.filters["duration"] = _duration
    return environment


def _percent(share: float, digits: int = 0) -> str:
    """Return a share as per cent; never 100 % unless it is all, nor 0 % unless it is nothing."""
    text = f"{share * 100:.{digits}f}"
    step = 10**-digits
    if share < 1 and float(text) == 100:
        text = f"{100 - step:.{digits}f}"
    if share > 0 and float(text) == 0:
        text = f"{step:.{digits}f}"
    return f"{text}\N{NO-BREAK SPACE}%"


def _sureness(confidence: float) -> str:
    """Return a confidence as short as it can be told; no model is ever all sure."""
    if confidence >= 0.995:
        return ">99%"
    return "<1%" if confidence < 0.005 else f"{confidence:.0%}"


def _duration(seconds: float) -> str:
    """Return a time as one reads it: 0.8 ms, 14 ms, 2.5 s, 3 min."""
    space = "\N{NO-BREAK SPACE}"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f}{space}ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f}{space}ms"
    return f"{seconds:.1f}{space}s" if seconds < 120 else f"{seconds / 60:.0f}{space}min"

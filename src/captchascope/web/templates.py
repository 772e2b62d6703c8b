"""The pages' templates, and the files beside them: style, scripts, icon."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from captchascope import __version__
from captchascope.files import printable

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""The types of the files: a machine may know others, and a browser heeds what it is told."""

_FOR_EVER = "public, max-age=31536000, immutable"
_AGAIN = "no-cache"


@cache
def _assets() -> dict[str, bytes]:
    """Return the files of ``web/static``, all of which are small; no other can be asked for."""
    files = resources.files("captchascope.web").joinpath("static").iterdir()
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def static_routes() -> APIRouter:
    """Return the route of the files of ``web/static``."""
    routes = APIRouter()
    routes.add_route("/static/{name}", _asset, methods=["GET"], include_in_schema=False)
    return routes


async def _asset(request: Request) -> Response:
    """Return a file, or that it is the same, and how long it may be kept.

    A browser keeps a file for ever by the address that has its hash: another version, another
    address. By any other address it asks each time whether the file is still the same.
    """
    name = request.path_params["name"]
    if name not in _assets():
        raise HTTPException(404)
    known = hash_of(name)
    # Not by its time, which some installers make the same for all versions.
    tag = f'"{known}"'
    kept = _FOR_EVER if request.query_params.getlist("v") == [known] else _AGAIN
    headers = {"ETag": tag, "Cache-Control": kept}
    seen = request.headers.get("if-none-match", "")
    if seen.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in seen.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(_assets()[name], headers=headers, media_type=_TYPES[Path(name).suffix])


@cache
def hash_of(name: str) -> str:
    """Return the hash of a file's bytes, which is part of its address."""
    return hashlib.sha256(_assets()[name]).hexdigest()[:12]


def asset_url(name: str) -> str:
    """Return the path of a file, with its hash, so that a browser may keep it for ever."""
    return local_url(f"/static/{name}?v={hash_of(name)}")


ROOT_PATH: ContextVar[str] = ContextVar("ROOT_PATH", default="")
"""The path that a proxy serves the app below, of the request that is being answered."""


def local_url(path: str) -> str:
    """Return how a browser asks for a path of the app."""
    return ROOT_PATH.get() + path


Level: TypeAlias = Literal["sure", "fair", "weak"]

_SURE, _FAIR = 0.95, 0.7


def render_page(name: str, status: int = 200, **context: object) -> HTMLResponse:
    """Return a template of ``web/html`` filled in, which knows its status too.

    Everything is escaped; a name that the context lacks is an error. A page that extends
    ``base.html`` gives ``here``, the name of its place in the navigation, or "". No one keeps it,
    as ``guard`` says of all that says nothing else.
    """
    return HTMLResponse(_environment().get_template(name).render(context, status=status), status)


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
    environment.globals.update(asset=asset_url, local=local_url, version=__version__)
    environment.filters.update(level=level, printable=printable)
    environment.filters.update(percent=_percent, sureness=_sureness, duration=_duration)
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

"""Errors as problem details (RFC 9457): ``application/problem+json`` with a real status."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Match

from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ImageError,
    ModelError,
    OutputError,
    SegmentationError,
    UsageError,
)
from captchascope.files import printable
from captchascope.web.templates import local_url, render_page

_LOG = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

_STATUS: dict[type[CaptchascopeError], int] = {
    ImageError: 422,
    SegmentationError: 422,
    UsageError: 422,
    ModelError: 500,
    DatasetError: 422,
    OutputError: 507,
}
_FURTHER_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # names since RFC 9110


class Problem(HTTPException):
    """Raised to answer with a status and half a sentence on what is wrong and what to do."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.more = more


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """Return the response that tells of a problem; ``more`` become further members."""
    told = {"type": "about:blank", "title": _title(status), "status": status, "detail": detail}
    return Response(json.dumps({**told, **more}), status, headers, PROBLEM_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem that is one; ``guard`` does so with all others."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CaptchascopeError, _raised)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and (meant := _without_slash(request)) is not None:
        what = "the path is asked for with a slash at its end, and has none"
        return problem(307, what, {"Location": meant}, remedy=f"ask for {meant}")
    if error.status_code == 405:
        error = _not_allowed(request)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=error.headers)
    more = error.more if isinstance(error, Problem) else {}
    whole = request.method == "GET" and "hx-request" not in request.headers
    if whole and shows_pages(request) and not request.url.path.startswith(local_url("/v1/")):
        status, title = error.status_code, _title(error.status_code)
        page = render_page("problem.html", status, here="", title=title, detail=error.detail)
        page.headers.update(error.headers or {})
        return page
    return problem(error.status_code, str(error.detail), error.headers, **more)


def shows_pages(request: Request) -> bool:
    """Tell whether a browser asks, which shows somebody a page or a part of one."""
    headers = request.headers
    return "hx-request" in headers or "text/html" in headers.get("accept", "")


def _without_slash(request: Request) -> str | None:
    """Return the address of what a path means that ends in a slash too many, if there is any.

    Starlette would send the client there, too, with an answer that says nothing to people.
    """
    path = request.scope["path"]
    if not path.endswith("/"):
        return None
    asked = {**request.scope, "path": path.rstrip("/")}
    if all(route.matches(asked)[0] is Match.NONE for route in request.app.routes):
        return None
    return RedirectResponse(str(URL(scope=asked))).headers["location"]


def _not_allowed(request: Request) -> Problem:
    """Return the problem of a method that a path does not answer to."""
    allowed = _allowed(request)
    methods = [name for name in allowed if name in ("GET", "POST")]
    what = f"this path takes {' and '.join(methods)}, not {request.method}"
    more = {}
    if request.url.path == local_url("/v1/read"):
        more["remedy"] = "send images to it with POST, as curl -F image=@captcha.jpeg does"
    return Problem(405, what, {"Allow": ", ".join(allowed)}, **more)


def _allowed(request: Request) -> list[str]:
    """Return the methods that a path answers to, of whichever routes."""

    def knows(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    found = [method for method in ("GET", "POST") if knows(method)]
    return [*found, "HEAD", "OPTIONS"] if "GET" in found else [*found, "OPTIONS"]


def _title(status: int) -> str:
    return _FURTHER_TITLES.get(status) or HTTPStatus(status).phrase


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return problem(422, f"{where}: {first['msg']}", where=where)


async def _raised(_: Request, error: Exception) -> Response:
    assert isinstance(error, CaptchascopeError)
    kinds = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    return problem(next(kinds, 500), error.what, where=error.where, remedy=error.remedy)


def unexpected(method: str, path: str, error: Exception) -> Response:
    """Log an error that should not be, and return the response that tells of it."""
    _LOG.error("%s %s", method, printable(path), exc_info=error)
    return problem(500, "something went wrong that should not; please report it")

"""Errors as problem details (RFC 9457): ``application/problem+json`` with a real status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ImageError,
    ModelError,
    SegmentationError,
    UsageError,
)

__all__ = ["MEDIA_TYPE", "Problem", "install", "problem"]

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[CaptchascopeError], int] = {
    ImageError: 422,
    SegmentationError: 422,
    UsageError: 422,
    ModelError: 500,
    DatasetError: 422,
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
    title = _FURTHER_TITLES.get(status) or HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(json.dumps(told), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CaptchascopeError, _raised)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    more = error.more if isinstance(error, Problem) else {}
    return problem(error.status_code, str(error.detail), error.headers, **more)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return problem(422, f"{where}: {first['msg']}", where=where)


async def _raised(_: Request, error: Exception) -> Response:
    assert isinstance(error, CaptchascopeError)
    kinds = (status for kind, status in _STATUS.items() if isinstance(error, kind))
    return problem(next(kinds, 500), error.what, where=error.where, remedy=error.remedy)


async def _unexpected(_: Request, error: Exception) -> Response:
    return problem(500, "something went wrong that should not; please report it")

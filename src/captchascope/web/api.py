"""The HTTP API."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from captchascope.web.batching import Batcher, Timed
from captchascope.web.metrics import MEDIA_TYPE, Metrics
from captchascope.web.problems import Problem, problem
from captchascope.web.schemas import Upload, asked_of, document
from captchascope.web.settings import Settings

__all__ = ["router"]


def router(settings: Settings, batcher: Batcher, metrics: Metrics) -> APIRouter:
    """Return the routes of the API; ``web/openapi.py`` describes them."""
    api = _Api(settings, batcher, metrics)
    routes = APIRouter()
    for path, endpoint, method in (
        ("/v1/read", api.read, "POST"),
        ("/v1/models", api.models, "GET"),
        ("/healthz", api.healthz, "GET"),
        ("/readyz", api.readyz, "GET"),
        ("/metrics", api.metrics, "GET"),
        ("/openapi.json", api.openapi, "GET"),
    ):
        routes.add_route(path, endpoint, methods=[method], include_in_schema=False)
    if settings.echo:
        routes.add_route("/v1/echo", api.echo, methods=["POST"], include_in_schema=False)
    return routes


class _Api:
    """What is behind each path."""

    def __init__(self, settings: Settings, batcher: Batcher, metrics: Metrics) -> None:
        self._settings = settings
        self._batcher = batcher
        self._metrics = metrics

    async def read(self, request: Request) -> Response:
        """Read images: a row for each, in the order given."""
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise Problem(
                415, f"the body is encoded as {encoding}", {"Accept-Encoding": "identity"}
            )
        asked = asked_of(
            request.headers.get("content-type", ""),
            await request.body(),
            request.query_params.multi_items() if request.scope["query_string"] else (),
            self._settings.limits,
            self._batcher.readers.names,
        )
        timed = await self._batcher.read([upload.data for upload in asked.uploads], asked.choice)
        self._metrics.count(one.reading for one in timed)
        if len(timed) == 1 and (error := timed[0].reading.error) is not None:
            raise Problem(422, error.what, where=asked.uploads[0].name, remedy=error.remedy)
        name = asked.choice.model or self._batcher.readers.names[0]
        return _json({"model": name, "readings": _rows(asked.uploads, timed)})

    async def echo(self, request: Request) -> Response:
        """Give back how long what came was: all the work of a server but reading."""
        return _json({"length": len(await request.body())})

    async def models(self, request: Request) -> Response:
        """Tell what can be asked for."""
        if not self._batcher.readers.opened:
            raise Problem(503, self._batcher.state, {"Retry-After": "1"})
        about = [
            {
                "name": name,
                "method": reader.model.metadata.method,
                "charset": reader.charset.chars,
                "lengths": list(reader.model.metadata.lengths or []),
            }
            for name, reader in self._batcher.readers.opened.items()
        ]
        return _json({"models": about})

    async def healthz(self, request: Request) -> Response:
        """Tell that the process lives."""
        return _json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Tell whether images are read: not while starting or stopping."""
        if self._batcher.ready:
            return _json({"status": "ready"})
        return problem(503, self._batcher.state, {"Retry-After": "1"})

    async def metrics(self, request: Request) -> Response:
        """Tell what Prometheus wants to know."""
        return Response(self._metrics.text(), headers={"Content-Type": MEDIA_TYPE})

    async def openapi(self, request: Request) -> Response:
        """Describe all this."""
        return _json(document(self._settings))


def _rows(uploads: Sequence[Upload], timed: Sequence[Timed]) -> list[dict[str, object]]:
    return [
        {**one.reading.row(upload.name), "ms": round(one.ms, 3)}
        for upload, one in zip(uploads, timed, strict=True)
    ]


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")  # ten times as fast as json

"""The HTTP API: its routes, and their description."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, TypeAlias

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import to_json

from captchascope import __version__
from captchascope.web import schemas
from captchascope.web.about import about_build
from captchascope.web.batching import Batcher, names_of
from captchascope.web.metrics import METRICS_TYPE, Metrics
from captchascope.web.problems import PROBLEM_TYPE, Problem, problem
from captchascope.web.schemas import Options, parse_request
from captchascope.web.settings import Settings

Schema: TypeAlias = dict[str, Any]

_FORGOTTEN = "a file is sent with @: -F image=@captcha.jpeg"
_answer = partial(Response, media_type="application/json")  # of to_json: ten times as fast as json


def api_routes(settings: Settings, batcher: Batcher, metrics: Metrics) -> APIRouter:
    """Return the routes of the API.

    They are Starlette's own, which hand a request on as it is: ``parse_request`` checks all of it.
    """
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
    """The endpoints of the API."""

    def __init__(self, settings: Settings, batcher: Batcher, metrics: Metrics) -> None:
        self._settings = settings
        self._batcher = batcher
        self._readers = batcher.readers
        self._metrics = metrics

    async def read(self, request: Request) -> Response:
        """Read images: a row for each, in the order given."""
        encoding = request.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise Problem(
                415, f"the body is encoded as {encoding}", {"Accept-Encoding": "identity"}
            )
        asked = await parse_request(
            request.headers.get("content-type", ""),
            await request.body(),
            request.query_params.multi_items() if request.scope["query_string"] else (),
            self._settings.limits,
            self._readers.names,
        )
        readings, ms = await self._batcher.read(asked.images, asked.choice)
        self._metrics.count(readings)
        if len(readings) == 1 and (error := readings[0].error) is not None:
            remedy = _FORGOTTEN if asked.typed else error.remedy
            raise Problem(422, error.what, where=asked.names[0], remedy=remedy)
        rows = []
        for name, reading in zip(asked.names, readings, strict=True):
            rows.append({**reading.row(name), "ms": round(ms, 3)})
        model = asked.choice.model or self._readers.names[0]
        return _answer(to_json({"model": model, "readings": rows}))

    async def echo(self, request: Request) -> Response:
        """Give back how long what came was: all the work of a server but reading."""
        return _answer(to_json({"length": len(await request.body())}))

    async def models(self, request: Request) -> Response:
        if not self._readers.opened:
            raise Problem(503, self._batcher.state, {"Retry-After": "1"})
        about = [
            {
                "name": name,
                "method": reader.model.metadata.method,
                "charset": reader.charset.chars,
                "lengths": list(reader.model.metadata.lengths or []),
                "provider": reader.model.provider,
            }
            for name, reader in self._readers.opened.items()
        ]
        return _answer(to_json({"models": about}))

    async def healthz(self, request: Request) -> Response:
        build = about_build()
        known = {"version": build["version"], "build": build["build"] or None}
        return _answer(to_json({"status": "alive", **known}))

    async def readyz(self, request: Request) -> Response:
        """Tell whether images are read: not while starting or stopping."""
        if self._batcher.ready:
            return _answer(to_json({"status": "ready"}))
        return problem(503, self._batcher.state, {"Retry-After": "1"})

    async def metrics(self, request: Request) -> Response:
        return Response(self._metrics.text(), headers={"Content-Type": METRICS_TYPE})

    async def openapi(self, request: Request) -> Response:
        return _answer(self._description)

    @cached_property
    def _description(self) -> bytes:
        """What is the same every time, and takes 30 ms to make."""
        return to_json(document(self._settings))


_PROBLEMS = {
    400: "What was sent is malformed, or for a Host that is not served here.",
    401: "A token is needed, or the one shown is wrong.",
    403: "The request comes from a page of another site.",
    405: "The path does not answer to this method.",
    408: "The request took too long to arrive.",
    413: "The request is too long, or holds too many images.",
    415: "The body is of a type that holds no images.",
    422: "A field has no good value, or the only image cannot be read.",
    429: "Too many wrong tokens were shown.",
    431: "The headers are too long.",
    503: "Too much is waiting, or the models are not open: come again after Retry-After.",
}

_ANYWHERE = 400, 401, 429, 431
_READING = 403, 408, 413, 415, 422, 503


def document(settings: Settings) -> Schema:
    """Return the description of a server's API, OpenAPI 3.1, made of the models in ``schemas``."""
    status, text = _json(schemas.Status), {"text/plain": {"schema": {"type": "string"}}}
    scraped = "Tell Prometheus how many requests and images there were, and how fast."
    paths = {"/v1/read": {"post": _read(settings)}} | {
        path: {"get": _operation(path.rpartition("/")[2], summary, content, *_ANYWHERE, *more)}
        for path, summary, content, *more in (
            ("/v1/models", "Tell which models can be asked for.", _json(schemas.Models), 503),
            ("/healthz", "Tell that the process lives, and what runs.", _json(schemas.Health)),
            ("/readyz", "Tell whether images are read.", status, 503),
            ("/metrics", scraped, text),
        )
    }
    told: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "captchascope",
            "version": __version__,
            "description": "Reads text captchas.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": _components(settings)},
    }
    if settings.root_path:
        told["servers"] = [{"url": settings.root_path}]
    if settings.token is not None:
        told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        told["security"] = [{"token": []}]
        for path in ("/healthz", "/readyz"):
            paths[path]["get"]["security"] = []
    return told


def _read(settings: Settings) -> Schema:
    described = _operation(
        "read",
        "Read images.",
        _json(schemas.Answer),
        *sorted(_ANYWHERE + _READING),
        answer="A reading for each image.",
    )
    binary = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
    body = _json(schemas.Request) | {"multipart/form-data": _json(schemas.Form)["application/json"]}
    form = _components(settings)["Form"]["properties"]
    return described | {
        "description": "A reading for each image, in the order given. One that cannot be read "
        "among others has its error in its reading; one alone is a problem, 422. What the query "
        "says of the texts, a form or JSON may say as well, and is then stronger.",
        "parameters": [
            {"name": name, "in": "query", "schema": form[name]} for name in Options.model_fields
        ],
        "requestBody": {
            "required": True,
            "content": body | {"application/octet-stream": binary, "image/*": binary},
        },
    }


def _operation(
    name: str, summary: str, content: Schema, *problems: int, answer: str = ""
) -> Schema:
    """Return an operation with its answer, and the problems that it may have instead."""
    later = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "required": True}}
    refusals = {
        str(status): {
            "description": _PROBLEMS[status],
            "content": {PROBLEM_TYPE: _json(schemas.ProblemDetails)["application/json"]},
            **({"headers": later} if status in (429, 503) else {}),
        }
        for status in problems
    }
    good = {"200": {"description": answer or summary, "content": content}}
    return {"operationId": name, "summary": summary, "responses": good | refusals}


def _json(model: type[BaseModel]) -> Schema:
    return {"application/json": {"schema": {"$ref": f"{_COMPONENTS}{model.__name__}"}}}


_COMPONENTS = "#/components/schemas/"
_ANSWERS = schemas.Answer, schemas.Models, schemas.Status, schemas.Health, schemas.ProblemDetails


class _Untitled(GenerateJsonSchema):
    """Schemas whose fields have no title beside their name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _components(settings: Settings) -> Schema:
    """Return the schemas of all models, with the limits of a server."""
    _, told = models_json_schema(
        [(model, "validation") for model in (schemas.Request, schemas.Form, *_ANSWERS)],
        ref_template=f"{_COMPONENTS}{{model}}",
        schema_generator=_Untitled,
    )
    found: Schema = told["$defs"]
    few: Schema = {"maxLength": settings.limits.constraint}
    limits = {"charset": few, "pattern": few, "model": {"enum": list(names_of(settings.models))}}
    for form in (schemas.Request, schemas.Form):
        properties = found[form.__name__]["properties"]
        properties["images"]["maxItems"] = settings.limits.images
        for name in Options.model_fields:
            described = {"description": properties[name]["description"]}
            ways = [
                way | limits.get(name, {})
                for way in properties[name].get("anyOf", [properties[name]])
                if way != _NULL
            ]
            if form is schemas.Form:  # where even a number is text
                properties[name] = ways[-1] | described
            else:
                properties[name] = {"anyOf": [*ways, _NULL], **described}
    return found


_NULL = {"type": "null"}

"""The description of the API in OpenAPI 3.1, as ``/openapi.json`` gives it.

Written out, for the one path that matters takes three forms of body; that it is true is tested
against a running server.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from captchascope import __version__
from captchascope.web.problems import MEDIA_TYPE
from captchascope.web.readers import names_of
from captchascope.web.settings import Settings
from captchascope.web.uploads import SPAN

__all__ = ["document"]

Schema: TypeAlias = dict[str, Any]

_LENGTH = {"type": "string", "pattern": SPAN}

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


def document(settings: Settings) -> Schema:
    """Return the description of a server's API."""
    paths = {
        "/v1/read": {"post": _read(settings)},
        "/v1/models": {"get": _get("models", "Tell which models can be asked for.", "Models", 503)},
        "/healthz": {"get": _get("healthz", "Tell that the process lives.", "Status")},
        "/readyz": {"get": _get("readyz", "Tell whether images are read.", "Status", 503)},
        "/metrics": {"get": _metrics()},
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
        "components": {"schemas": _schemas(settings)},
    }
    if settings.token is not None:
        told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        told["security"] = [{"token": []}]
        for path in ("/healthz", "/readyz"):
            paths[path]["get"]["security"] = []
    return told


def _read(settings: Settings) -> Schema:
    one = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
    forms = {
        "multipart/form-data": {"schema": _ref("Form")},
        "application/json": {"schema": _ref("Request")},
        "application/octet-stream": one,
        "image/*": one,
    }
    return {
        "operationId": "read",
        "summary": "Read images.",
        "description": "A reading for each image, in the order given. One that cannot be read "
        "among others has its error in its reading; one alone is a problem, 422. What the query "
        "says of the texts, a form or JSON may say as well, and is then stronger.",
        "parameters": [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in _options(settings, text=True).items()
        ],
        "requestBody": {"required": True, "content": forms},
        "responses": {
            "200": _answer("A reading for each image.", "Answer"),
            **_problems(400, 401, 403, 408, 413, 415, 422, 429, 431, 503),
        },
    }


def _get(name: str, summary: str, schema: str, *problems: int) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _answer(summary, schema), **_problems(400, 401, 429, 431, *problems)},
    }


def _metrics() -> Schema:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": "metrics",
        "summary": "Tell Prometheus how many requests and images there were, and how fast.",
        "responses": {
            "200": {"description": "Prometheus' text format.", "content": text},
            **_problems(400, 401, 429, 431),
        },
    }


def _answer(description: str, schema: str) -> Schema:
    return {
        "description": description,
        "content": {"application/json": {"schema": _ref(schema)}},
    }


def _problems(*statuses: int) -> Schema:
    content = {MEDIA_TYPE: {"schema": _ref("Problem")}}
    later = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "required": True}}
    return {
        str(status): {
            "description": _PROBLEMS[status],
            "content": content,
            **({"headers": later} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _options(settings: Settings, text: bool) -> Schema:
    """Return what may be said of the texts; ``text`` where a number comes as text."""
    limit = settings.limits.constraint
    number = {"type": "integer", "minimum": 1, "maximum": 999}
    return {
        "model": {
            "enum": list(names_of(settings.models)),
            "description": "The first by default.",
        },
        "charset": {
            "type": "string",
            "minLength": 1,
            "maxLength": limit,
            "description": "Read only these characters.",
        },
        "length": {
            **(_LENGTH if text else {"anyOf": [number, _LENGTH]}),
            "description": "Read only texts of this length: 6, or 4-6.",
        },
        "pattern": {
            "type": "string",
            "minLength": 1,
            "maxLength": limit,
            "description": "Read only texts that match as a whole: [0-9], [^0-9], a, {m}, {m,n}, "
            "?, ab|cd.",
        },
        "ignore_case": {"type": "boolean", "description": "Give lower case, whatever the case."},
        "min_confidence": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Abstain below this confidence.",
        },
    }


def _object(properties: Schema, *, optional: tuple[str, ...] = (), open_: bool = False) -> Schema:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        **({} if open_ else {"additionalProperties": False}),
    }


def _schemas(settings: Settings) -> Schema:
    text, number, truth = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
    maybe = {"type": ["string", "null"]}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    many = {"minItems": 1, "maxItems": settings.limits.images}
    base64 = {"type": "string", "contentEncoding": "base64"}
    called = {"type": ["string", "null"], "maxLength": 255}
    image = _object({"file": called, "data": base64}, optional=("file",))
    written = _options(settings, text=True)
    nothing = {"type": "null"}
    spoken = {
        name: {"anyOf": [schema, nothing]}
        for name, schema in _options(settings, text=False).items()
    }
    binary = {"type": "string", "format": "binary"}
    return {
        "Request": _object(
            {"images": {"type": "array", "items": {"anyOf": [base64, image]}, **many}, **spoken},
            optional=tuple(spoken),
        ),
        "Form": _object(
            {"images": {"type": "array", "items": binary, **many}, **written},
            optional=tuple(written),
        ),
        "Answer": _object({"model": text, "readings": {"type": "array", "items": _ref("Reading")}}),
        "Reading": _object(
            {
                "file": {**text, "description": "What the image was called, or its number."},
                "text": {**maybe, "description": "None where it failed or abstained."},
                "confidence": share,
                "chars": {
                    "type": "array",
                    "items": _object({"char": text, "confidence": share}),
                },
                "error": maybe,
                "abstained": truth,
                "unfamiliar": truth,
                "ms": {**number, "description": "Milliseconds from taking it in to its reading."},
            }
        ),
        "Models": _object(
            {
                "models": {
                    "type": "array",
                    "items": _object(
                        {
                            "name": text,
                            "method": {"enum": ["glyphs", "whole"]},
                            "charset": text,
                            "lengths": {"type": "array", "items": {"type": "integer"}},
                        }
                    ),
                }
            }
        ),
        "Status": _object({"status": text}),
        "Problem": _object(
            {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "where": text,
                "remedy": text,
            },
            optional=("where", "remedy"),
            open_=True,
        ),
    }

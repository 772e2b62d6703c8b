"""What a request to read holds: images in one of three forms, and what is known of their texts.

multipart/form-data            files, and fields for the rest
application/json               {"images": [...], ...}, each in base64
image/*, octet-stream          one image as it is; the rest is in the query, as it may always be
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import starmap
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from captchascope import __version__
from captchascope.decode import ReadOptions
from captchascope.web.forms import parts_of
from captchascope.web.problems import MEDIA_TYPE, Problem
from captchascope.web.readers import Choice, names_of
from captchascope.web.settings import Limits, Settings

_ACCEPTED = "multipart/form-data, application/json, application/octet-stream, image/*"
_LONGEST_NAME = 255

SPAN = "^[1-9][0-9]{0,2}(-[1-9][0-9]{0,2})?$"
"""What a length is as text: 6, or 4-6."""

Fields: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """One image as it was sent; its name is repeated to whoever sent it, and used for nothing."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request to read asks for."""

    uploads: tuple[Upload, ...]
    choice: Choice


_READ_OPTIONS = {field.name for field in fields(ReadOptions)}


class Options(BaseModel):
    """What is known of the texts; None where nothing is."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    model: str | None = None
    charset: Annotated[str, Field(min_length=1)] | None = None
    length: int | str | None = None
    pattern: Annotated[str, Field(min_length=1)] | None = None
    ignore_case: bool = False
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0

    def choice(self) -> Choice:
        """Return it as readers take it."""
        return Choice(self.model, ReadOptions(**self.model_dump(include=_READ_OPTIONS)))


_NOTHING, _ANYTHING = Options(), Choice()


class _Image(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    file: Annotated[str, Field(max_length=_LONGEST_NAME)] | None = None
    data: str


class _Request(Options):
    images: Annotated[list[str | _Image], Field(min_length=1)]


def asked_of(
    content_type: str, body: bytes, query: Fields, limits: Limits, models: Sequence[str]
) -> Asked:
    """Return what a request asks for.

    Args:
        content_type: The header as it was sent.
        body: All of it.
        query: The fields of the query; those of the body are stronger.
        limits: How many images there may be, and how long a constraint.
        models: What can be asked for.
    Raises:
        Problem: 400 if the body is malformed, 413 if it holds too many images, 415 if it is of
            another type, 422 if a field is unknown, given twice or of no good value.
    """
    kind = content_type.partition(";")[0].strip().lower()
    given = _options(_unique(query)) if query else _NOTHING
    _check(given, limits, models)
    if kind == "application/json":
        uploads, options = _of_json(body, given)
    elif kind == "multipart/form-data":
        uploads, options = _of_parts(content_type, body, given, limits)
    elif kind == "application/octet-stream" or kind.startswith("image/"):
        uploads, options = (Upload("image", body),), given
    else:
        raise Problem(415, f"send one of {_ACCEPTED}", {"Accept": _ACCEPTED})
    if not body:
        raise Problem(400, "the request has no body")
    if len(uploads) > limits.images:
        raise Problem(413, f"{len(uploads)} images; {limits.images} at most in one request")
    if options is not given:
        _check(options, limits, models)
    return Asked(uploads, _ANYTHING if options is _NOTHING else options.choice())


def _check(options: Options, limits: Limits, models: Sequence[str]) -> None:
    if options.model is not None and options.model not in models:
        remedy = f"ask for one of {', '.join(models)}"
        raise Problem(422, f"there is no {options.model}", where="model", remedy=remedy)
    if options.length is not None and not re.fullmatch(SPAN, str(options.length)):
        raise Problem(422, "is no length", where="length", remedy="write 6, or 4-6")
    for name in ("charset", "pattern"):
        if len(getattr(options, name) or "") > limits.constraint:
            raise Problem(422, f"is longer than {limits.constraint} characters", where=name)


def _of_json(body: bytes, given: Options) -> tuple[tuple[Upload, ...], Options]:
    try:
        loaded = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is no JSON") from None
    if not isinstance(loaded, dict):
        raise Problem(422, "the body is no object with images")
    said = {name: value for name, value in loaded.items() if value is not None or name == "images"}
    try:
        request = _Request.model_validate({**given.model_dump(), **said})
    except ValidationError as error:
        raise _invalid(error) from None
    return tuple(starmap(_decoded, enumerate(request.images, 1))), request


def _decoded(number: int, image: str | _Image) -> Upload:
    sent = _Image(data=image) if isinstance(image, str) else image
    try:
        data = b64decode(sent.data, validate=True)
    except (Base64Error, ValueError):
        raise Problem(422, "is not base64", where=f"images.{number - 1}") from None
    return Upload(str(number) if sent.file is None else sent.file, data)


def _of_parts(
    content_type: str, body: bytes, given: Options, limits: Limits
) -> tuple[tuple[Upload, ...], Options]:
    uploads: list[Upload] = []
    fields: list[tuple[str, str]] = []
    for part in parts_of(content_type, body, limits.images + len(Options.model_fields)):
        if part.filename is not None or part.name in ("image", "images"):
            name = part.filename or str(len(uploads) + 1)
            uploads.append(Upload(name[-_LONGEST_NAME:], part.data))
            continue
        try:
            fields.append((part.name, part.data.decode()))
        except UnicodeDecodeError:
            raise Problem(422, "is no text in UTF-8", where=part.name) from None
    if not uploads:
        raise Problem(422, "there is no image among the parts", where="images")
    return tuple(uploads), _options({**given.model_dump(), **_unique(fields)})


def _unique(fields: Fields) -> dict[str, Any]:
    """Return fields by name, those that are no text in JSON's spelling as what they are."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name in found:
            raise Problem(422, "is given more than once", where=name)
        found[name] = _plain(value) if name in ("ignore_case", "min_confidence") else value
    return found


def _plain(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _options(given: dict[str, Any]) -> Options:
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, _place(first["loc"])))
    return Problem(422, first["msg"][:1].lower() + first["msg"][1:], where=where)


def _place(location: Sequence[int | str]) -> Sequence[int | str]:
    """Leave away what pydantic adds to say which kind of a union it means."""
    members = _Image.model_fields
    return [*location[:1], *(s for s in location[1:] if isinstance(s, int) or s in members)]


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
            for name, schema in _openapi_options(settings, text=True).items()
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


def _openapi_options(settings: Settings, text: bool) -> Schema:
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
    written = _openapi_options(settings, text=True)
    nothing = {"type": "null"}
    spoken = {
        name: {"anyOf": [schema, nothing]}
        for name, schema in _openapi_options(settings, text=False).items()
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

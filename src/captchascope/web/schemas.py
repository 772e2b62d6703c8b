"""Schemas of requests and answers: the models that are checked, and that describe the API.

A request to read has images in one of three forms, and what is known of their texts:

multipart/form-data            files, and fields for the rest
application/json               {"images": [...], ...}, each in base64 or as a data URI
image/*, octet-stream          one image as it is; the rest is in the query, as it may always be
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from captchascope.decode import Case, ReadOptions
from captchascope.errors import likeliest
from captchascope.image.datauri import from_text
from captchascope.jsontext import RepeatedKeyError, TooManyValuesError, parse_json
from captchascope.web.batching import PLAIN, Choice
from captchascope.web.problems import Problem
from captchascope.web.settings import Limits

_ACCEPTED = "multipart/form-data, application/json, application/octet-stream, image/*"
_LONGEST_NAME = 255
_MOST_VALUES = 2000  # in a body of JSON; a page that labels sends a third of it at most
_LONGEST_PLAIN = 32  # characters of a truth or a number in a form
_SPAN = "^[1-9][0-9]{0,2}(-[1-9][0-9]{0,2})?$"  # what a length is as text: 6, or 4-6
_WHICH = "^(auto|merge|last|first|[1-9][0-9]{0,3})$"  # what frames are as text
_READ_OPTIONS = {field.name for field in fields(ReadOptions)}

Fields: TypeAlias = Sequence[tuple[str, str]]

_Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
_Text: TypeAlias = Annotated[str, Field(min_length=1)]
_Span: TypeAlias = Annotated[str, Field(json_schema_extra={"pattern": _SPAN})]
_Number: TypeAlias = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": 999})]
_Frame: TypeAlias = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": 9999})]
_Frames: TypeAlias = Annotated[str, Field(json_schema_extra={"pattern": _WHICH})]
_Rows: TypeAlias = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": 9})]
_Digit: TypeAlias = Annotated[str, Field(json_schema_extra={"pattern": "^[1-9]$"})]
_Binary: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "binary"})]
_Base64: TypeAlias = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Options(_Strict):
    """What is asked for beside the images; None where nothing is."""

    model: Annotated[str | None, Field(description="The first by default.")] = None
    charset: Annotated[
        _Text | None, Field(description="Read only these characters: 0-9a-f, or one by one.")
    ] = None
    length: Annotated[
        _Number | _Span | None, Field(description="Read only texts of this length: 6, or 4-6.")
    ] = None
    pattern: Annotated[
        _Text | None,
        Field(
            description="Read only texts that match as a whole: [0-9], [^0-9], a, ., \\d, \\w, ?, "
            "*, +, {m}, {m,n}, (ab|cd)."
        ),
    ] = None
    ignore_case: Annotated[bool, Field(description="Give lower case, whatever the case.")] = False
    case: Annotated[
        Case,
        Field(
            description="What letters told in one case alone mean: both, given in that one, or "
            "that one."
        ),
    ] = "fold"
    min_confidence: Annotated[_Share, Field(description="Abstain below this confidence.")] = 0.0
    solve: Annotated[bool, Field(description="Abstain where the text is no sum.")] = False
    frames: Annotated[
        _Frame | _Frames | None,
        Field(description="Look at this frame of an animation: auto, merge, last, first, or N."),
    ] = None
    rows: Annotated[
        _Rows | _Digit | None, Field(description="In how many rows the text stands.")
    ] = None
    ink: Annotated[
        _Text | None,
        Field(description="Look at what is written in this colour alone: red, or #cc0000; or all."),
    ] = None

    def choice(self) -> Choice:
        """Return the same as readers take it."""
        return Choice(self.model, ReadOptions(**self.model_dump(include=_READ_OPTIONS)))


class Image(_Strict):
    """An image in JSON; without a name it is called by its number."""

    file: Annotated[str, Field(max_length=_LONGEST_NAME)] | None = None
    data: _Base64


class Request(Options):
    """A request to read as JSON, where null stands for what is not asked for."""

    images: Annotated[list[_Base64 | Image], Field(min_length=1)]


class Form(Options):
    """A request to read as a form; a field is text, and never null."""

    images: Annotated[list[_Binary], Field(min_length=1)]


class Char(_Strict):
    """A character that was read, and the probability that it is right."""

    char: str
    confidence: _Share


class Reading(_Strict):
    """What came of one image."""

    file: Annotated[str, Field(description="What the image was called, or its number.")]
    text: Annotated[str | None, Field(description="None where it failed or abstained.")]
    value: Annotated[
        int | str | None,
        Field(description="The result where the text is a sum; a fraction is text, such as 8/3."),
    ]
    confidence: _Share
    chars: list[Char]
    error: str | None
    abstained: bool
    unfamiliar: bool
    frames: Annotated[
        str | None, Field(description="Of an animation, what was looked at: all 3, or 3 of 4.")
    ]
    ms: Annotated[float, Field(description="Milliseconds from taking it in to its reading.")]


class Answer(_Strict):
    """A reading for each image, in the order given, and the model that read them."""

    model: str
    readings: list[Reading]


class Model(_Strict):
    """A model that can be asked for."""

    name: str
    method: Literal["glyphs", "whole"]
    charset: str
    lengths: list[int]
    provider: Annotated[str, Field(description="What of ONNX Runtime runs it: CPU, CUDA, ...")]


class Models(_Strict):
    """All of them, the default first."""

    models: list[Model]


class Status(_Strict):
    """How the server is."""

    status: str


class Health(Status):
    """That the process lives, and what runs in it."""

    version: str
    build: Annotated[str | None, Field(description="Such as the commit; null if nobody named it.")]


class ProblemDetails(BaseModel):
    """Problem details, RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    where: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Attributes:
        name: The field's.
        filename: The file's, exactly as it was sent; None where the part is no file.
        data: Its bytes.
    """

    name: str
    filename: str | None
    data: bytes


logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it tells of each broken form


class _MemoryParser(MultiPartParser):
    """Starlette's parser of forms, in memory: nothing of an upload ever lies on a disk.

    All text is decoded as Latin-1, which loses nothing: which bytes there were can be told.
    """

    spool_max_size = 0  # never more than is kept in memory

    def __init__(self, content_type: str, body: bytes, most: int) -> None:
        async def stream() -> AsyncGenerator[bytes, None]:
            yield body
            if not self._whole:
                raise Problem(400, "the form has no end")

        kind = f"{content_type}; charset=latin-1"
        boundary = parse_options_header(kind)[1].get(b"boundary", b"")
        # The parser takes fifty times as long to find that such a line begins no part after all.
        if body.count(b"\r\n--" + boundary) > most + 1:
            raise Problem(413, f"the form has more than {most} parts")
        headers = Headers({"content-type": kind})
        sizes = {"max_files": most, "max_fields": most, "max_part_size": len(body)}
        super().__init__(headers, stream(), **sizes)
        self._most = most
        self._begun = 0
        self._whole = False

    def on_part_begin(self) -> None:
        if self._begun == self._most:
            raise Problem(413, f"the form has more than {self._most} parts")
        self._begun += 1
        super().on_part_begin()

    def on_end(self) -> None:
        self._whole = True

    async def parse(self) -> FormData:
        try:
            return await super().parse()
        except BaseException:
            for file in self._files_to_close_on_error:  # which an older Starlette leaves open
                file.close()
            raise


async def parts_of(content_type: str, body: bytes, most: int) -> list[Part]:
    """Return the parts of a form.

    Raises:
        Problem: 400 if it is malformed or cut off, 413 if it has more than ``most`` parts.
    """
    try:
        form = await _MemoryParser(content_type, body, most).parse()
    except (MultiPartException, FormParserError) as error:  # the second by an older Starlette
        raise Problem(400, "the form is malformed") from error
    parts = []
    try:
        for name, value in form.multi_items():
            if isinstance(value, str):
                filename, data = None, value.encode("latin-1")
            else:
                filename, data = _as_sent(value.filename or ""), await value.read()
            parts.append(Part(_as_sent(name), filename, data))
    finally:
        await form.close()
    return parts


def _as_sent(text: str) -> str:
    return text.encode("latin-1").decode(errors="replace")


Upload: TypeAlias = tuple[str, bytes]
"""One image as it was sent; its name is repeated to the client, and used for nothing."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The images of a request to read, with their names, and what it asks for.

    Attributes:
        names: What each image is called in the answer.
        images: The bytes of each.
        choice: The model and the options of reading.
        typed: Whether one is most likely the name of a file: a line of text in a part of a form
            that has no file name.
    """

    names: list[str]
    images: list[bytes]
    choice: Choice
    typed: bool = False


_NO_OPTIONS = Options()


async def parse_request(
    content_type: str, body: bytes, query: Fields, limits: Limits, models: Sequence[str]
) -> ReadRequest:
    """Return what a request to read asks for.

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
    typed = False
    given = parse_options(query, limits, models) if query else _NO_OPTIONS
    if kind == "application/json":
        uploads, options = _of_json(body, given)
    elif kind == "multipart/form-data":
        parts = await parts_of(content_type, body, limits.images + len(Options.model_fields))
        uploads, options = _of_parts(parts, given)
        typed = any(_is_image(part) and _is_typed(part) for part in parts)
    elif kind == "application/octet-stream" or kind.startswith("image/"):
        uploads, options = [("image", body)], given
    else:
        raise Problem(415, f"send one of {_ACCEPTED}", {"Accept": _ACCEPTED})
    if not body:
        raise Problem(400, "the request has no body")
    if len(uploads) > limits.images:
        raise Problem(413, f"{len(uploads)} images; {limits.images} at most in one request")
    _check(options, limits, models)
    names, images = [name for name, _ in uploads], [data for _, data in uploads]
    return ReadRequest(names, images, PLAIN if options is _NO_OPTIONS else options.choice(), typed)


def parse_options(fields: Fields, limits: Limits, models: Sequence[str]) -> Options:
    """Return what fields of a query or a form ask for.

    Raises:
        Problem: 422 if one is unknown, given twice or of no good value.
    """
    options = validated(Options, _unique(fields))
    _check(options, limits, models)
    return options


def _check(options: Options, limits: Limits, models: Sequence[str]) -> None:
    """Refuse what no schema can say, as it depends on the server."""
    if options is _NO_OPTIONS:
        return
    if options.model is not None and options.model not in models:
        remedy = f"ask for one of {', '.join(models)}"
        named = options.model[:_LONGEST_NAME]  # no answer is as long as what was asked
        raise Problem(422, f"there is no {named}", where="model", remedy=remedy)
    if options.length is not None and not re.fullmatch(_SPAN, str(options.length)):
        raise Problem(422, "is no length", where="length", remedy="write 6, or 4-6")
    for name in ("charset", "pattern", "ink"):
        if len(getattr(options, name) or "") > limits.constraint:
            raise Problem(422, f"is longer than {limits.constraint} characters", where=name)


def json_of(body: bytes, most: int = _MOST_VALUES) -> Any:
    """Return what the body of a request holds, which is to be JSON.

    Raises:
        Problem: 400 if it is none or holds too many values, 422 if an object has a key twice.
    """
    try:
        return parse_json(body, most)
    except TooManyValuesError as error:
        raise Problem(400, str(error)) from None
    except RepeatedKeyError as error:
        raise Problem(422, str(error), where=error.key) from None
    except ValueError:
        raise Problem(400, "the body is no JSON") from None


def _of_json(body: bytes, given: Options) -> tuple[list[Upload], Options]:
    loaded = json_of(body)
    if not isinstance(loaded, dict):
        raise Problem(422, "the body is no object with images")
    said = {name: value for name, value in loaded.items() if value is not None or name == "images"}
    request = validated(Request, {**given.model_dump(), **said})
    uploads: list[Upload] = []
    for number, image in enumerate(request.images):
        sent = Image(data=image) if isinstance(image, str) else image
        if (data := from_text(sent.data)) is None:
            raise Problem(422, "is not base64", where=f"images.{number}")
        uploads.append((str(number + 1) if sent.file is None else sent.file, data))
    return uploads, request


def _is_image(part: Part) -> bool:
    return part.filename is not None or part.name in ("image", "images")


def _is_typed(part: Part) -> bool:
    """Tell whether a part is a short line of text and no file, as ``curl -F image=1.png`` sends."""
    if part.filename is not None or len(part.data) > _LONGEST_NAME:
        return False
    try:
        return part.data.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _of_parts(parts: Sequence[Part], given: Options) -> tuple[list[Upload], Options]:
    uploads: list[Upload] = []
    fields: list[tuple[str, str]] = []
    for part in parts:
        if _is_image(part):
            name = part.filename or str(len(uploads) + 1)
            uploads.append((name[-_LONGEST_NAME:], part.data))
            continue
        try:
            fields.append((part.name, part.data.decode()))
        except UnicodeDecodeError:
            raise Problem(422, "is no text in UTF-8", where=part.name) from None
    if not uploads:
        raise Problem(422, "there is no image among the parts", where="images")
    return uploads, validated(Options, {**given.model_dump(), **_unique(fields)})


def _unique(fields: Fields) -> dict[str, Any]:
    """Return fields by name, those that are no text in JSON's spelling as what they are."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name in found:
            raise Problem(422, "is given more than once", where=name)
        found[name] = value
        if name in ("ignore_case", "min_confidence", "solve") and len(value) <= _LONGEST_PLAIN:
            with suppress(ValueError, RecursionError):
                found[name] = json.loads(value)
    return found


_Checked = TypeVar("_Checked", bound=BaseModel)


_EXAMPLES = {
    "charset": "such as 0-9a-f",
    "length": "write 6, or 4-6",
    "pattern": "such as [0-9]{6}",
    "ignore_case": "true or false",
    "case": "fold or keep",
    "min_confidence": "such as 0.9",
    "solve": "true or false",
    "frames": "auto, merge, last, first, or a number from 1",
    "rows": "a number from 1 to 9",
    "ink": "such as red or #cc0000",
}
"""What is a good value of a field."""


def validated(model: type[_Checked], given: Any) -> _Checked:
    """Return what came as a model.

    Raises:
        Problem: 422, with the place of the first that is no good.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    # An image may be text or an object: where it is one, what is wrong in it tells more than that.
    inner = (each for each in found if each["type"] in ("extra_forbidden", "missing"))
    first = next(inner, found[0])
    place = first["loc"]  # with what pydantic adds to say which kind of a union it means
    if first["type"] == "extra_forbidden":
        raise _unknown(model if len(place) == 1 else Image, place)
    named = [*place[:1], *(s for s in place[1:] if isinstance(s, int) or s in Image.model_fields)]
    where = ".".join(map(str, named))
    remedy = {"remedy": _EXAMPLES[where]} if where in _EXAMPLES else {}
    what = first["msg"][:1].lower() + first["msg"][1:]
    raise Problem(422, what, None, where=where, **remedy)


def _unknown(model: type[BaseModel], place: tuple[int | str, ...]) -> Problem:
    """Return the problem of a field that a model does not have."""
    known, name = list(model.model_fields), str(place[-1])[:_LONGEST_NAME]
    where = ".".join(str(step) for step in place[:-1] if step != Image.__name__)
    remedy = f"{likeliest(name, known)}known are {', '.join(known)}"
    where = f"{where}.{name}" if where else name
    return Problem(422, "is no field that is known", where=where, remedy=remedy)

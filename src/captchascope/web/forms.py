"""The parts of a form, kept in memory: nothing of an upload ever lies on a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from captchascope.web.problems import Problem
from captchascope.web.settings import Limits

_MOST_HEADERS = 8  # of one part
_LONGEST_HEADERS = 4096  # bytes of one part's


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Attributes:
        name: The field's.
        filename: The file's, exactly as it was sent; None where it is no file.
        data: Its bytes.
    """

    name: str
    filename: str | None
    data: bytes


def parts_of(content_type: str, body: bytes, most: int) -> list[Part]:
    """Return the parts of a form.

    Raises:
        Problem: 400 if it is malformed or cut off, 413 if it has more than ``most`` parts.
    """
    _, parameters = parse_options_header(content_type)
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise Problem(400, "the Content-Type has no boundary")
    form = _Form(most)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_part_data": form.add_data,
                "on_part_end": form.end,
                "on_header_begin": form.begin_header,
                "on_header_field": form.add_name,
                "on_header_value": form.add_value,
                "on_end": form.finish,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem(400, "the form is malformed") from error
    if not form.whole:
        raise Problem(400, "the form has no end")
    return form.parts


@dataclass(slots=True)
class _Form:
    """Collects what the parser finds."""

    most: int
    parts: list[Part] = field(default_factory=list)
    whole: bool = False
    headers: list[tuple[bytearray, bytearray]] = field(default_factory=list)
    size: int = 0
    data: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        if len(self.parts) == self.most:
            raise Problem(413, f"the form has more than {self.most} parts")
        self.headers, self.size, self.data = [], 0, bytearray()

    def begin_header(self) -> None:
        if len(self.headers) == _MOST_HEADERS:
            raise Problem(400, f"a part has more than {_MOST_HEADERS} headers")
        self.headers.append((bytearray(), bytearray()))

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self._add(self.headers[-1][0], data[start:end])

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self._add(self.headers[-1][1], data[start:end])

    def _add(self, header: bytearray, data: bytes) -> None:
        self.size += len(data)
        if self.size > _LONGEST_HEADERS:
            raise Problem(400, f"the headers of a part are longer than {_LONGEST_HEADERS} bytes")
        header += data

    def add_data(self, data: bytes, start: int, end: int) -> None:
        self.data += memoryview(data)[start:end]

    def end(self) -> None:
        found = {bytes(name).lower(): bytes(value) for name, value in self.headers}
        kind, parameters = parse_options_header(found.get(b"content-disposition"))
        name, filename = parameters.get(b"name"), parameters.get(b"filename")
        if kind != b"form-data" or name is None:
            raise Problem(400, "a part has no name")
        named = None if filename is None else filename.decode(errors="replace")
        self.parts.append(Part(name.decode(errors="replace"), named, bytes(self.data)))

    def finish(self) -> None:
        self.whole = True


_FIELDS = 16
_LONGEST_NAME = 60  # characters of a file's name that are shown


@dataclass(frozen=True, slots=True)
class File:
    """A file that was sent. Its name is text to show, and never a path."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, by name, and its files in order."""

    fields: Mapping[str, str]
    files: tuple[File, ...]


async def form_of(request: Request, limits: Limits) -> Form:
    """Return the form that a request has sent.

    Raises:
        Problem: If it is none, is malformed, or has too many images.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise Problem(415, "this is not a form of the page")
    parts = parts_of(kind, await request.body(), limits.images + _FIELDS)
    files = [
        File(_shown(part.filename), part.data)
        for part in parts
        if part.filename or (part.filename is not None and part.data)  # or none was chosen
    ]
    if len(files) > limits.images:
        raise Problem(413, f"{len(files)} images at once", remedy=f"choose {limits.images} at most")
    fields = {p.name: p.data.decode(errors="replace") for p in parts if p.filename is None}
    return Form(fields, tuple(files))


def _shown(name: str) -> str:
    """Return the last part of a file's name as one line, with dots for the middle of a long one."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"

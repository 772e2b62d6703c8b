"""What a form of a page sends: its fields and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from captchascope.web.multipart import parts_of
from captchascope.web.problems import Problem
from captchascope.web.settings import Limits

__all__ = ["File", "Form", "form_of"]

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

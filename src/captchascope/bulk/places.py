"""Places: local paths, and URLs of whatever Arrow or fsspec opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import url2pathname

import fsspec
from pyarrow import fs

from captchascope.errors import DatasetError, UsageError
from captchascope.files import printable

_ARROW: Mapping[str, type[fs.FileSystem]] = {
    scheme: getattr(fs, name)
    for scheme, name in {
        "s3": "S3FileSystem",
        "gs": "GcsFileSystem",
        "gcs": "GcsFileSystem",
    }.items()
    if hasattr(fs, name)
}
"""What Arrow opens by itself, which takes the options that its class has."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file system.

    Attributes:
        url: As the user named it.
        files: The file system.
        path: The place in it, as it takes paths.
    """

    url: str
    files: fs.FileSystem
    path: str

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return isinstance(self.files, fs.LocalFileSystem)

    def named(self, path: str) -> str:
        """Return a path below this place as the user is told it."""
        return self.url.rstrip("/") + path.removeprefix(self.path.rstrip("/"))


def place_of(url: str, options: Mapping[str, str]) -> Place:
    """Return the place that a path or a URL names; a glob is one, too.

    Args:
        url: ``captchas``, ``s3://bucket/captchas``, or what else Arrow or fsspec knows. A name
            before ``://`` with ``fsspec+`` before it is opened by fsspec, whatever Arrow knows.
        options: What its file system is told: of Arrow's own, such as S3, the arguments of its
            class (``endpoint_override``, ``region``, ``access_key``), of others those of fsspec.
            What is JSON is taken so: ``true``, ``5``, ``{"region_name": "eu-west-1"}``; digits
            that are text stand in quotes.

    Raises:
        UsageError: If nothing opens such URLs, or an option is none that it takes.
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme.lower() == "file":
        if options:
            raise UsageError("storage_options", "have no meaning for a local path", "leave them")
        local = Path(_local_path(url, rest) if found else url)
        return Place(url, fs.LocalFileSystem(), local.absolute().as_posix())
    told = {name: _value(text) for name, text in options.items()}
    try:
        if scheme in _ARROW:
            path = rest.rstrip("/")
            if not path:
                raise ValueError("it names no bucket")
            return Place(url, _ARROW[scheme](**told), path)
        inner, path = fsspec.core.url_to_fs(url.removeprefix("fsspec+"), **told)
    except (TypeError, ValueError, ImportError, OSError) as error:
        what = f"cannot be opened: {first_line(error)}"
        remedy = "check the URL and the storage options, or install what opens it"
        raise UsageError(printable(url), what, remedy) from error
    return Place(url, fs.PyFileSystem(fs.FSSpecHandler(inner)), path.rstrip("/"))


def expect_answer(files: fs.FileSystem, path: str, where: str) -> bool:
    """Return whether something is at a path, as its store says now.

    Raises:
        DatasetError: If the store does not answer; it names ``where``.
    """
    try:
        if isinstance(files, fs.PyFileSystem):
            files.handler.fs.invalidate_cache()
        return bool(files.get_file_info(path).type != fs.FileType.NotFound)
    except Exception as down:  # each file system has its own
        what, remedy = f"can no longer be read: {first_line(down)}", "go on when it can be"
        raise DatasetError(printable(where), what, remedy) from down


def first_line(error: BaseException) -> str:
    """Return what an error says, for half a line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return printable(lines[0][:300])


def _local_path(url: str, rest: str) -> str:
    """Return the path of a URL of this machine (RFC 8089); ``file:///C:/captchas`` is one.

    Raises:
        UsageError: If it is on another machine.
    """
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise UsageError(printable(url), f"names the machine {host}", "write file:///path")
    return url2pathname(slash + path)


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text

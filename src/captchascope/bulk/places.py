"""Places: local paths, and URLs of whatever Arrow or fsspec opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa
from pyarrow import fs

from captchascope.errors import UsageError
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
    """Return the place that a path or a URL names.

    Args:
        url: ``captchas``, ``s3://bucket/captchas``, or what else Arrow or fsspec knows. A name
            before ``://`` with ``fsspec+`` before it is opened by fsspec, whatever Arrow knows.
        options: What its file system is told: of Arrow's own, such as S3, the arguments of its
            class (``endpoint_override``, ``region``, ``access_key``), of others those of fsspec.

    Raises:
        UsageError: If nothing opens such URLs, or an option is none that it takes.
    """
    scheme = urlsplit(url).scheme if "://" in url else ""
    if not scheme or scheme == "file":
        if options:
            raise UsageError("storage_option", "has no meaning for a local path", "leave it away")
        local = urlsplit(url).path if scheme else url
        return Place(url, fs.LocalFileSystem(), Path(local).absolute().as_posix())
    try:
        if scheme in _ARROW:
            opened = _ARROW[scheme](**options)
            return Place(url, opened, url.partition("://")[2].rstrip("/"))
        inner, path = fsspec.core.url_to_fs(url.removeprefix("fsspec+"), **options)
    except (TypeError, ValueError, ImportError, OSError, pa.ArrowException) as error:
        what = f"cannot be opened: {printable(str(error).splitlines()[0][:300])}"
        raise UsageError(printable(url), what, "check the URL and --storage-option") from error
    return Place(url, fs.PyFileSystem(fs.FSSpecHandler(inner)), path.rstrip("/"))

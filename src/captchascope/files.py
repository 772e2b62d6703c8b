"""Files: images in their natural order, and bounded reading."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

from captchascope.errors import CaptchascopeError, DatasetError

StrPath: TypeAlias = str | os.PathLike[str]

NaturalKey: TypeAlias = tuple[tuple[tuple[int, str], ...], str]

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that end a line, steer a terminal, or cannot be encoded."""

_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def natural_key(text: str) -> NaturalKey:
    """Return a sort key by which ``2.jpeg`` comes before ``10.jpeg``.

    Runs of ASCII digits compare as numbers of any size, the rest by code point; texts that
    differ only in leading zeros compare as they stand, so the order is total.
    """
    parts = re.split("([0-9]+)", text)
    parts[1::2] = [digits.lstrip("0") for digits in parts[1::2]]
    return tuple((len(part) * (i % 2), part) for i, part in enumerate(parts)), text


def find_images(folder: StrPath) -> list[Path]:
    """Return the images below ``folder``, in the natural order of their relative paths.

    Hidden files and folders are skipped, and links to folders are not entered.

    Raises:
        DatasetError: If the folder is missing, cannot be read, or holds no image.
    """
    root = Path(folder)
    found: list[Path] = []
    try:
        for parent, folders, files in os.walk(root, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            paths = [Path(parent, name) for name in files if not name.startswith(".")]
            found += [p for p in paths if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        remedy = "name a folder that you can read"
        raise DatasetError(printable(root), f"cannot be read: {what}", remedy) from error
    if not found:
        suffixes = " ".join(sorted(IMAGE_SUFFIXES))
        raise DatasetError(printable(root), "holds no images", f"known are {suffixes}")
    return sorted(found, key=lambda path: [natural_key(p) for p in path.relative_to(root).parts])


def _raise(error: OSError) -> NoReturn:
    raise error


def printable(text: StrPath) -> str:
    """Return a path or text with all that would break or reorder a line of output escaped."""
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if c in _REORDERING or unicodedata.category(c) in _BREAKING
        else c
        for c in os.fspath(text)
    )


@dataclass(frozen=True, slots=True)
class Refusals:
    """The errors that ``read_regular`` raises in the place of an OSError.

    Attributes:
        error: The class of the error.
        kind: What the file should be, such as ``an image``.
        if_endless: What to do about a pipe or device.
        if_large: What to do about too many bytes.
    """

    error: type[CaptchascopeError]
    kind: str
    if_endless: str
    if_large: str

    def check_size(self, where: str, size: int, limit: int) -> None:
        """Raise the error if there are more than ``limit`` bytes."""
        if size > limit:
            what = f"is too large: {size:,} bytes, the limit is {limit:,}"
            raise self.error(where, what, self.if_large)

    def check(self, where: str, status: os.stat_result, limit: int) -> None:
        """Raise the error if it is not a regular file, or one of more than ``limit`` bytes."""
        if stat.S_ISDIR(status.st_mode):
            raise self.error(where, f"is a directory, not {self.kind}", "name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise self.error(where, "is not a regular file", self.if_endless)
        self.check_size(where, status.st_size, limit)

    def of(self, error: OSError | ValueError, where: str) -> CaptchascopeError:
        """Return what is told of a path that cannot be read."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return self.error(where, "does not exist", "check the path")
        if isinstance(error, PermissionError):
            return self.error(where, "may not be read", "check its permissions")
        what = getattr(error, "strerror", None) or str(error)
        return self.error(where, f"cannot be read: {what}", "check the path")


def read_regular(
    path: Path, limit: int, refusals: Refusals | None = None, where: str = ""
) -> bytes:
    """Return the bytes of a regular file: a device or a pipe could be without end.

    With ``refusals``, theirs is raised instead of an OSError or ValueError, and names ``where``.

    Raises:
        OSError: If it is none, is larger than ``limit`` bytes, or cannot be read.
        ValueError: If there is a null character in the path.
    """
    try:
        status = path.stat()
        if refusals is not None:
            refusals.check(where, status, limit)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
        with path.open("rb") as file:
            return file.read(status.st_size)
    except (OSError, ValueError) as error:
        if refusals is None:
            raise
        raise refusals.of(error, where) from error

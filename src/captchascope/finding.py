"""Finding images in their natural order, and showing their names on one line."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from captchascope.errors import DatasetError

__all__ = [
    "IMAGE_SUFFIXES",
    "NaturalKey",
    "StrPath",
    "find_images",
    "natural_key",
    "printable",
    "read_regular",
]

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
    try:
        found = list(_walk(root))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        remedy = "name a folder that you can read"
        raise DatasetError(printable(root), f"cannot be read: {what}", remedy) from error
    if not found:
        suffixes = " ".join(sorted(IMAGE_SUFFIXES))
        raise DatasetError(printable(root), "holds no images", f"known are {suffixes}")
    return sorted(found, key=lambda path: [natural_key(p) for p in path.relative_to(root).parts])


def _walk(root: Path) -> Iterator[Path]:
    """Yield the images below ``root`` in any order."""
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                path = Path(entry)
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.extend([] if _is_junction(entry) else [path])
                elif path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
                    yield path


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Say whether a folder is a Windows link to another one (known from Python 3.12 on)."""
    return bool(getattr(entry, "is_junction", bool)())


def printable(text: StrPath) -> str:
    """Return a path or text with all that would break or reorder a line of output escaped."""
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if c in _REORDERING or unicodedata.category(c) in _BREAKING
        else c
        for c in os.fspath(text)
    )


def read_regular(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file: a device or a pipe could be without end.

    Raises:
        OSError: If it is none, is larger than ``limit`` bytes, or cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
    return path.read_bytes()

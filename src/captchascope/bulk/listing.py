"""Listing: the files of a folder, of a glob, or the one that is named."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from typing import NamedTuple

from fsspec.utils import glob_translate
from pyarrow import fs

from captchascope.bulk.places import Place, first_line
from captchascope.errors import DatasetError, UsageError
from captchascope.files import image_by_suffix, natural_key, printable

AT_ONCE = 16
"""Questions that a store is asked at once: it answers each in some 30 ms."""

_MAGIC = re.compile(r"[*?[]")
_BRACES = re.compile(r"\{(?:(\d{1,18})\.\.(\d{1,18})|([^{}]*,[^{}]*))\}")
_MOST_NAMES = 100_000


class Entry(NamedTuple):
    """A file: as the user is told it, as its file system takes it, and its bytes."""

    name: str
    path: str
    size: int


class _At(NamedTuple):
    """What is in a file system at a path."""

    path: str
    size: int
    is_folder: bool


def files_at(place: Place) -> list[Entry]:
    """Return the files at a place, in the natural order of their paths.

    That is one file; or all below a folder, but those that are hidden, and those but images whose
    name or folder begins with ``_``, as what other programs write beside data; or what a glob
    stands for: ``*``, ``?`` and ``[...]`` within a name, ``**`` for any folders, ``{a,b}`` and
    ``{000..012}`` anywhere. A folder that it stands for gives all below it.

    Raises:
        DatasetError: If there is none, or the place cannot be listed.
        UsageError: If braces stand for too many names.
    """
    try:
        found = [*_files_at(place)]
    except FileNotFoundError as error:  # what braces stand for, without a wildcard
        what = f"stands for a file that does not exist: {first_line(error)}"
        raise DatasetError(printable(place.url), what, "check the braces") from error
    except (OSError, ValueError) as error:
        what = f"cannot be listed: {first_line(error)}"
        remedy = "check the place" if place.is_local else "check the URL and the storage options"
        raise DatasetError(printable(place.url), what, remedy) from error
    # No name has the null character, so that a folder is before names that begin as it does.
    return sorted(found, key=lambda entry: natural_key(entry.path.replace("/", "\0")))


def _files_at(place: Place) -> Iterator[Entry]:
    glob = re.search(r"[*?[{]", place.path)
    try:
        yield from _taken(place.files, [_info(place.files, place.path)], place.named)
        return
    except FileNotFoundError as error:
        if glob is None:
            raise DatasetError(printable(place.url), "does not exist", "check the path") from error
    except OSError:  # what is no name on Windows
        if glob is None or not place.is_local:
            raise
    base = place.path[: place.path.rfind("/", 0, glob.start()) + 1]
    pattern = place.path.removeprefix(base)
    url = place.url.replace(os.sep, "/") if place.is_local else place.url
    base_url = url.rstrip("/").removesuffix(pattern) if url.rstrip("/").endswith(pattern) else base
    patterns = [*islice(_expanded(pattern), _MOST_NAMES + 1)]
    if len(patterns) > _MOST_NAMES:
        what = f"has braces that stand for more than {_MOST_NAMES:,} names"
        raise UsageError(printable(place.url), what, "name a folder, or a glob with *")
    found = {at.path: at for at in _matching(place.files, base, dict.fromkeys(patterns))}
    if not found:
        raise DatasetError(printable(place.url), "stands for no file", "check the glob")
    yield from _taken(place.files, found.values(), lambda path: base_url + path.removeprefix(base))


def _info(files: fs.FileSystem, path: str) -> _At:
    """Return what is at a path.

    Raises:
        FileNotFoundError: If that is nothing.
    """
    info = files.get_file_info(path)
    if info.type == fs.FileType.NotFound:
        raise FileNotFoundError(path)
    return _at(info)


def _at(info: fs.FileInfo) -> _At:
    return _At(info.path, info.size or 0, info.type == fs.FileType.Directory)


def _taken(
    files: fs.FileSystem, found: Iterable[_At], named: Callable[[str], str]
) -> Iterator[Entry]:
    """Yield the files among what was found, and those below the folders."""
    for at in found:
        for file in _below(files, at.path) if at.is_folder else [at]:
            yield Entry(_utf_8(named(file.path)), file.path, file.size)


def _utf_8(name: str) -> str:
    """Return a name without bytes that are no UTF-8, which Linux allows and Arrow does not."""
    return (
        name
        if name.isascii() or name.encode("utf-8", "replace").decode() == name
        else printable(name)
    )


def _below(files: fs.FileSystem, folder: str) -> Iterator[_At]:
    """Yield the files in a folder and in those below it."""
    start = len(folder.rstrip("/")) + 1
    if isinstance(files, fs.LocalFileSystem):
        found = _walk(folder)
    else:
        found = map(_at, files.get_file_info(fs.FileSelector(folder, recursive=True)))
    for at in found:
        hidden = _hidden(at.path)
        parts = at.path[start:].split("/")
        if not at.is_folder and not any(part.startswith(hidden) for part in parts):
            yield at


def _hidden(name: str) -> tuple[str, ...]:
    """Return what names begin with that are left out, that of a file and those of its folders."""
    return (".",) if image_by_suffix(name) else (".", "_")


def _walk(folder: str) -> Iterator[_At]:
    """Yield the files of this machine; Arrow would go round in links to folders above."""
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders += [] if entry.name.startswith(".") else [entry.path]
                elif (found := _found(entry)) and not found.is_folder:
                    yield found


def _found(entry: os.DirEntry[str]) -> _At | None:
    """Return what is there; None where it is gone meanwhile, or a link that leads nowhere."""
    try:
        if not (is_folder := entry.is_dir()) and not entry.is_file():
            return None
        size = entry.stat().st_size
    except OSError:
        return None
    return _At(entry.path.replace(os.sep, "/"), size, is_folder)


def _inside(files: fs.FileSystem, folder: str) -> Iterable[_At]:
    """Return what is in a folder, if there is one; Arrow stops at names that are no UTF-8."""
    if not isinstance(files, fs.LocalFileSystem):
        return map(_at, files.get_file_info(fs.FileSelector(folder, allow_not_found=True)))
    try:
        with os.scandir(folder) as entries:
            return [found for entry in entries if (found := _found(entry))]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _expanded(pattern: str) -> Iterator[str]:
    """Yield what braces stand for, the innermost first; some names may come twice."""
    braces = _BRACES.search(pattern)
    if braces is None:
        yield pattern
        return
    first, last, words = braces.groups()
    if words is None:
        low, high = sorted((int(first), int(last)))
        padded = any(len(number) > 1 and number[0] == "0" for number in (first, last))
        width = max(len(first), len(last)) if padded else 0
        choices: Iterator[str] = (f"{number:0{width}}" for number in range(low, high + 1))
    else:
        choices = iter(words.split(","))
    for choice in choices:
        yield from _expanded(pattern[: braces.start()] + choice + pattern[braces.end() :])


def _matching(files: fs.FileSystem, base: str, patterns: Iterable[str]) -> Iterator[_At]:
    """Yield what is at paths below ``base``, of which some have wildcards.

    Raises:
        FileNotFoundError: If nothing is at one that has none.
    """
    plain = [f"{base}{pattern}" for pattern in patterns if not _MAGIC.search(pattern)]
    with ThreadPoolExecutor(AT_ONCE, "list") as pool:
        yield from pool.map(lambda path: _info(files, path), plain)
    for pattern in patterns:
        if _MAGIC.search(pattern):
            yield from _glob(files, base.rstrip("/") or "/", pattern.strip("/").split("/"))


def _glob(files: fs.FileSystem, folder: str, parts: Sequence[str]) -> Iterator[_At]:
    """Yield what matches the parts of a path in a folder, one folder after the other."""
    if not parts:
        yield _info(files, folder)
        return
    part, *rest = parts
    if part == "**":
        matches = re.compile(glob_translate("/".join(parts))).match
        start = len(folder.rstrip("/")) + 1
        yield from (at for at in _below(files, folder) if matches(at.path[start:]))
        return
    if not _MAGIC.search(part):
        path = f"{folder.rstrip('/')}/{part}"
        with suppress(FileNotFoundError):
            yield from _glob(files, path, rest)
        return
    for at in _inside(files, folder):
        name = at.path.rpartition("/")[2]
        if not fnmatchcase(name, part):
            continue
        if name.startswith(_hidden(name)) and name[0] != part[0]:
            continue
        if not rest:
            yield at
        elif at.is_folder:
            yield from _glob(files, at.path, rest)

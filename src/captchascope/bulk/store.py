"""Small files below a place, written whole or not at all, wherever that is."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pyarrow import fs

from captchascope.atomic import atomic_file
from captchascope.bulk.places import Place
from captchascope.errors import CaptchascopeError, OutputError
from captchascope.files import printable

_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.part")
"""Names of what is not whole yet, here and in ``captchascope.atomic``."""


class Store:
    """The files of one folder and of the folders in it, each known by its name below it.

    Whatever a file system raises becomes an OutputError that names the file.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._files = place.files
        self._is_object_store = place.files.type_name in ("s3", "gcs")

    def where(self, name: str) -> str:
        """Return what the user is told of a file."""
        return printable(self.place.named(self._path(name)))

    def kind(self) -> fs.FileType:
        """Return what is at the place itself."""
        with _naming(self.where(""), "read"):
            return self._info([self._path("")])[0].type

    def sizes(self, folder: str = "") -> dict[str, int | None]:
        """Return the names in a folder, with the bytes of those that are files.

        What is not whole yet is left out. No folder is the same as an empty one.
        """
        infos = self._list(folder)
        return {i.base_name: i.size for i in infos if not _HIDDEN.fullmatch(i.base_name)}

    def clean(self, folder: str) -> None:
        """Remove what killed runs have left half-written."""
        for info in self._list(folder):
            if _HIDDEN.fullmatch(info.base_name):
                self.remove(f"{folder}/{info.base_name}")

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        with _naming(self.where(name), "read"):
            return bool(self._info([self._path(name)])[0].type != fs.FileType.NotFound)

    def read(self, name: str) -> bytes:
        """Return what is in a file."""
        with (
            _naming(self.where(name), "read"),
            self._files.open_input_stream(self._path(name), compression=None) as file,
        ):
            data: bytes = file.read()
            return data

    def write(self, name: str, data: Any) -> None:
        """Write a new file of these bytes, or of an Arrow buffer."""
        path = self._path(name)
        if self.place.is_local:
            with _naming(self.where(name), "written"), atomic_file(path) as file:
                file.write(data)
            return
        with _naming(self.where(name), "written"):
            if self._is_object_store:  # an object is there when all of it is
                self._put(path, data)
                return
            hidden = f"{path.rpartition('/')[0]}/.{secrets.token_hex(8)}.part"
            try:
                self._put(hidden, data)
                self._files.move(hidden, path)
            except BaseException:
                with suppress(Exception):
                    self._files.delete_file(hidden)
                raise

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _naming(self.where(name), "removed"):
            self._files.delete_file(self._path(name))

    def make(self, folder: str) -> None:
        """Make a folder and those above it, where there are any."""
        if not self._is_object_store:
            with _naming(self.where(folder), "made"):
                self._files.create_dir(self._path(folder), recursive=True)

    def _list(self, folder: str) -> list[fs.FileInfo]:
        with _naming(self.where(folder), "read"):
            return self._info(fs.FileSelector(self._path(folder), allow_not_found=True))

    def _put(self, path: str, data: Any) -> None:
        with self._files.open_output_stream(path, compression=None) as file:
            file.write(data)

    def _path(self, name: str) -> str:
        return f"{self.place.path.rstrip('/')}/{name.lstrip('/')}".rstrip("/") or "/"

    def _info(self, which: Any) -> list[fs.FileInfo]:
        """Ask what is there now: what another writer did since counts."""
        if isinstance(self._files, fs.PyFileSystem):
            self._files.handler.fs.invalidate_cache()
        infos: list[fs.FileInfo] = self._files.get_file_info(which)
        return infos


@contextmanager
def _naming(where: str, done: str) -> Iterator[None]:
    try:
        yield
    except CaptchascopeError:
        raise
    except Exception as error:  # each file system has its own
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        what = f"cannot be {done}: {printable(why.splitlines()[0][:300])}"
        remedy = "check the place, what it asks for, and the network"
        raise OutputError(where, what, remedy) from error

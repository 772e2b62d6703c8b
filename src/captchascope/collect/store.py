"""The folder of collected images: numbered files, and a row for each in ``collected.csv``.

Where pages are kept, each comes before the row of its image. A kill at any moment leaves one of
five things, and the next opening puts each of them right:

- a hidden part of an image or a page: it is removed;
- a page whose image has no row, as the page comes first: it is removed;
- a torn last line: it is cut off;
- a row whose image is not there yet, as the row comes before it: it is dropped, and its page goes;
- nothing at all.

So whatever image has a row is whole, and so is its page, if it has one. A power cut may also lose
what the system had not written yet, which is at most the last second: every row is checked against
the bytes of its file, and every page is read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from captchascope.atomic import atomic_write, sync_files, sync_folder
from captchascope.collect.kept import (
    COLLECTED,
    MOST_EXCHANGES,
    PAGES,
    Exchange,
    KeptPage,
    page_name,
    read_page,
)
from captchascope.errors import ImageError, OutputError
from captchascope.files import printable
from captchascope.image import load_gray
from captchascope.image.header import codec_of

_LOCK = ".collecting.lock"
_PART = ".collecting.part"
_PAGE_PART = ".page.part"
_NAME = re.compile(r"([1-9][0-9]{0,8})\.(jpeg|png|gif|bmp|webp|avif|tiff|ppm|svg)")
_FOUND = "found"
_SYNC_EVERY = 1.0  # seconds


def suffix_of(data: bytes, where: str) -> str:
    """Return the suffix of an image, by its content, having decoded all; errors name ``where``.

    Raises:
        ImageError: If it is no image, or not a whole one.
    """
    codec = codec_of(data, where)
    load_gray(data, name=where)
    return f".{codec.lower()}"


@dataclass(frozen=True, slots=True)
class Collected:
    """A row of ``collected.csv``.

    Attributes:
        file: The image, in the same folder.
        url: Where it came from.
        time: When it was stored, in UTC.
        sha256: Of its bytes.
        status: Of HTTP; ``in page`` if it came with its page, ``screenshot`` if it was drawn by
            the browser, ``found`` if it was in the folder without a row.
        authorised: Who allowed it; empty on this machine.
    """

    file: str
    url: str
    time: str
    sha256: str
    status: str
    authorised: str

    @property
    def number(self) -> int:
        """The number in the file's name."""
        return int(self.file.partition(".")[0])


_HEADER = [field.name for field in fields(Collected)]


class ImageStore:
    """An open collection; ``open_store`` gives it.

    Attributes:
        rows: One for each image that is there.
    """

    def __init__(self, folder: Path, rows: list[Collected]) -> None:
        self.rows = rows
        self._folder = folder
        self._known = {row.sha256 for row in rows}
        self._next = max((row.number for row in rows), default=0) + 1
        self._table: IO[bytes] = (folder / COLLECTED).open("ab", buffering=0)
        self._unsynced: list[Path] = []
        self._synced = time.monotonic()

    def holds(self, data: bytes) -> bool:
        """Say whether these very bytes are stored already."""
        return _sha256(data) in self._known

    def add(
        self,
        data: bytes,
        suffix: str,
        url: str,
        status: str,
        authorised: str,
        exchanges: Sequence[Exchange] = (),
    ) -> Path:
        """Store an image under the next number, and return its place.

        What the site answered, ``exchanges``, is kept beside it, unless there is nothing.

        Raises:
            OSError: If it cannot be written.
        """
        path = self._folder / f"{self._next}{suffix}"
        part = self._folder / _PART
        row = Collected(path.name, url, _now(), _sha256(data), status, authorised)
        line = _line(astuple(row)).encode()
        try:
            if exchanges:
                self._keep(KeptPage(row.file, row.sha256, tuple(exchanges[:MOST_EXCHANGES])))
            part.write_bytes(data)
            while line:  # a disk that is nearly full takes a part of it, before it says so
                line = line[self._table.write(line) :]
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self.rows.append(row)
        self._known.add(row.sha256)
        self._next += 1
        self._unsynced.append(path)
        if time.monotonic() - self._synced > _SYNC_EVERY:
            self._sync()
        return path

    def _keep(self, page: KeptPage) -> None:
        """Write a page that nobody else on this machine may read: cookies are in it."""
        folder = self._folder / PAGES
        folder.mkdir(mode=0o700, exist_ok=True)
        part, path = folder / _PAGE_PART, folder / page_name(page.file)
        part.unlink(missing_ok=True)
        try:
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(page.to_json())
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self._unsynced.append(path)

    def close(self) -> None:
        """Bring the images and the table to the disk."""
        with self._table:
            self._sync()

    def _sync(self) -> None:
        """Flush what is new: once a second, as each flush takes longer than an image."""
        if self._unsynced:
            sync_files(self._unsynced)
            self._unsynced.clear()
            sync_folder(self._folder / PAGES)
            sync_folder(self._folder)
            os.fsync(self._table.fileno())
        self._synced = time.monotonic()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def open_store(folder: Path) -> Iterator[ImageStore]:
    """Open the collection in ``folder``, which is made if it is not there, and mend it.

    Raises:
        OutputError: If another collection holds it, it cannot be written, or it holds images that
            nobody collected.
    """
    lock = FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0), closing(ImageStore(folder, _mended(folder))) as store:
            yield store
    except Timeout:
        what, remedy = "another collection is writing there", "wait for it, or write elsewhere"
        raise OutputError(printable(folder), what, remedy) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise OutputError(printable(folder), what, "free space, or choose another place") from error


def _mended(folder: Path) -> list[Collected]:
    """Make table and images agree, and return the rows."""
    table = folder / COLLECTED
    (folder / _PART).unlink(missing_ok=True)
    images = {path.name: path for path in folder.iterdir() if _NAME.fullmatch(path.name)}
    if not table.exists():
        if images:
            what = f"holds images that were not collected, such as {min(images)}"
            raise OutputError(printable(folder), what, "name a new folder")
        atomic_write(table, _line(_HEADER))
        return []
    text = table.read_bytes()
    rows = [row for row in _rows(table, text) if _is_whole(images.pop(row.file, None), row)]
    rows += [row for path in images.values() if (row := _adopted(path)) is not None]
    rows.sort(key=lambda row: row.number)
    mended = "".join([_line(_HEADER), *(_line(astuple(row)) for row in rows)])
    if mended.encode() != text:
        atomic_write(table, mended)
    _mend_pages(folder / PAGES, rows)
    return rows


def _mend_pages(folder: Path, rows: Iterable[Collected]) -> None:
    """Remove every page that is not whole, or not of an image that is there."""
    if folder.is_symlink() or not folder.is_dir():
        return
    images = {page_name(row.file): row.sha256 for row in rows}
    for path in folder.iterdir():
        page = read_page(path) if path.name in images else None
        if page is None or page.sha256 != images[path.name]:
            path.unlink()


def _rows(table: Path, data: bytes) -> list[Collected]:
    """Return the rows of a table; a last line without an end does not count.

    Raises:
        OutputError: If it is not a table of ours.
    """
    remedy = "move it away, and the images with it"
    try:
        text = data[: data.rfind(b"\n") + 1].decode()
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise OutputError(printable(table), f"cannot be read: {error}", remedy) from None
    if records and records[0] != _HEADER:
        raise OutputError(printable(table), "is not a table of a collection", remedy)
    rows: dict[str, Collected] = {}
    for number, record in enumerate(records[1:], 2):
        if len(record) != len(_HEADER) or not _NAME.fullmatch(record[0]) or record[0] in rows:
            raise OutputError(f"{printable(table)}:{number}", "is not a row of ours", remedy)
        rows[record[0]] = Collected(*record)
    return list(rows.values())


def _is_whole(path: Path | None, row: Collected) -> bool:
    """Say whether the image of a row is there; what is left of a broken one is removed.

    Raises:
        OutputError: If somebody has changed it, and it is an image still.
    """
    if path is None:
        return False
    data = path.read_bytes()
    if _sha256(data) == row.sha256:
        return True
    if _suffix(data) is not None:
        what, remedy = f"is not the image that {COLLECTED} has", "keep changed images elsewhere"
        raise OutputError(printable(path), what, remedy)
    path.unlink()
    return False


def _adopted(path: Path) -> Collected | None:
    """Return a row for an image that has none; what a power cut has left of one is removed.

    Raises:
        OutputError: If it is something else.
    """
    data = path.read_bytes()
    if _suffix(data) == path.suffix:
        return Collected(path.name, "", _now(), _sha256(data), _FOUND, "")
    if data.strip(b"\0"):
        what, remedy = f"is not in {COLLECTED}, and no image of its name", "move it away"
        raise OutputError(printable(path), what, remedy)
    path.unlink()
    return None


def _suffix(data: bytes) -> str | None:
    with suppress(ImageError):
        return suffix_of(data, "")
    return None


def _line(row: Iterable[str]) -> str:
    """Return a line of the table; no field breaks it, so that a torn one can be told."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([printable(value) for value in row])
    return text.getvalue()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

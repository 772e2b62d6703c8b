"""Atomic writes: files and folders written whole or not at all, and synced to the disk."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from captchascope.errors import OutputError
from captchascope.files import StrPath, printable


def sync_file(path: Path) -> None:
    """Wait until the bytes of a file are on the disk.

    Raises:
        OSError: If they cannot be brought there.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_files(paths: Sequence[Path]) -> None:
    """Wait until the bytes of many files are on the disk, all at once for speed.

    Raises:
        OSError: If they cannot be brought there.
    """
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        list(pool.map(sync_file, paths))


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut, where the system can."""
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""Places that stand for an open stream, whatever lies behind them."""

_REMEDIES = {
    errno.EACCES: "change the permissions, or choose another place",
    errno.EPERM: "change the permissions, or choose another place",
    errno.EROFS: "choose a place that is not read-only",
    errno.ENOENT: "create its folder first",
    errno.ENOTDIR: "a part of the path is a file: choose another place",
    errno.EEXIST: "a part of the path is a file: choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: "free some space, or choose another place",
    errno.EDQUOT: "free some space, or choose another place",
    errno.EFBIG: "raise the file size limit, see 'ulimit -f'",
}

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors that only writing has, so that they need no file name to be told apart."""

_SYNCS_AT_ONCE = 32
"""The system gathers flushes that wait together: 5,000 files took 0.6 s, not 18."""


class _Output(io.FileIO):
    """A file whose errors name the destination.

    It hides its descriptor, so that numpy and Pillow cannot write past these methods.
    """

    def __init__(self, path: Path, mode: str, destination: Path) -> None:
        self.destination = destination
        super().__init__(path, mode)

    def write(self, data: object, /) -> int:
        with _naming(self.destination):
            return super().write(data)  # type: ignore[arg-type]

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


@contextmanager
def _naming(destination: Path) -> Iterator[None]:
    """Turn what the system says against a write into an OutputError.

    A closed pipe stays a BrokenPipeError, which the command line ends on quietly.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        what = getattr(error, "strerror", None) or str(error)
        remedy = _REMEDIES.get(number or 0, "choose another place")
        raise OutputError(printable(destination), f"cannot be written: {what}", remedy) from error


@contextmanager
def atomic_file(path: StrPath) -> Iterator[BinaryIO]:
    """Open a binary file for writing that appears whole or not at all.

    The bytes go to a hidden file beside ``path`` that replaces it when the block ends well and
    vanishes when it doesn't. A link is written through, an existing file keeps its permissions,
    and a stream or device (``/dev/stdout``, a fifo) is written to directly.

        with atomic_file("labels.csv") as file:
            file.write(b"file,label")

    Raises:
        OutputError: If ``path`` is a folder or cannot be written.
        BrokenPipeError: If ``path`` is a pipe that nobody reads any more.
    """
    named = Path(path)
    with _naming(named):
        mode = _mode(named)
        target = Path(os.path.realpath(named))
    if mode is not None and stat.S_ISDIR(mode):
        raise OutputError(printable(named), "is a folder", "name a file in it")
    # Nothing can be renamed onto a pipe or device.
    if mode is not None and (not stat.S_ISREG(mode) or str(named).startswith(_STREAMS)):
        with _opened(named, "ab", named) as file:
            yield file
        return
    part = target.with_name(_part_name())
    try:
        with _opened(part, "xb", named) as file:
            yield file
        with _naming(named):
            sync_file(part)
            if mode is not None:
                part.chmod(stat.S_IMODE(mode) & 0o777)
            part.replace(target)
            sync_folder(target.parent)
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, mode: str, destination: Path) -> Iterator[BinaryIO]:
    """Open ``path``, and close it whatever happens."""
    with _naming(destination):
        raw = _Output(path, mode, destination)
    file = cast(BinaryIO, io.BufferedWriter(raw))
    try:
        yield file
    except BaseException:
        with suppress(OSError, OutputError):
            file.close()
        raise
    with _naming(destination):
        file.close()


def _mode(path: Path) -> int | None:
    """Return the type and permissions of what ``path`` leads to, None where that is nothing.

    Raises:
        PermissionError: If it is a file that may not be written.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(mode) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return mode


def _part_name() -> str:
    """Return a fresh name, hidden from ``find_images`` should a killed process leave it behind."""
    return f".{secrets.token_hex(8)}.part"


def atomic_write(path: StrPath, data: bytes | str) -> None:
    """Write ``data``, text as UTF-8 with its line ends as they are, whole or not at all.

    Raises:
        OutputError: If ``path`` cannot be written, or UTF-8 cannot hold the text.
    """
    try:
        raw = data.encode() if isinstance(data, str) else data
    except UnicodeEncodeError as error:
        what = f"cannot be written: UTF-8 has no {printable(error.object[error.start])}"
        raise OutputError(printable(path), what, "rename the file it comes from") from error
    with atomic_file(path) as file:
        file.write(raw)


@contextmanager
def atomic_folder(path: StrPath) -> Iterator[Path]:
    """Yield a new folder to fill, which becomes ``path`` when the block ends well.

    Missing parents are created, and stay. Inside the block, errors about a file of the new
    folder name the place where it would have been.

        with atomic_folder("captchas") as folder:
            atomic_write(folder / "1.jpeg", jpeg)

    Raises:
        OutputError: If ``path`` cannot be written, or is there and not an empty folder.
    """
    named = Path(path)
    with _naming(named):
        target = Path(os.path.realpath(named))
        mode = _mode(target)
        _require_free(named, target, mode)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(_part_name())
    try:
        with _naming(named):
            part.mkdir()
        with _renaming(part, named):
            yield part
        with _naming(named):
            _sync_tree(part)
            if mode is not None:  # an empty folder is there, in whose place it goes
                part.chmod(stat.S_IMODE(mode))
                if os.name != "posix":
                    target.rmdir()
            part.rename(target)
            sync_folder(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _require_free(named: Path, target: Path, mode: int | None) -> None:
    """Raise an OutputError unless ``target`` is nothing, or an empty folder that can go."""
    if mode is None:
        return
    where, remedy = printable(named), "name a new folder"
    if not stat.S_ISDIR(mode):
        raise OutputError(where, "is a file", remedy)
    if any(target.iterdir()):
        raise OutputError(where, "is not empty", f"{remedy}, or empty this one")
    if target == Path.cwd().resolve():
        raise OutputError(where, "is the current folder, which cannot be replaced", remedy)


@contextmanager
def _renaming(part: Path, named: Path) -> Iterator[None]:
    """Let errors about the folder ``part`` name the one that it was to become."""
    try:
        yield
    except OutputError as error:
        where = error.where.replace(printable(part), printable(named))
        raise OutputError(where, error.what, error.remedy) from error
    except OSError as error:
        inside = Path(os.fsdecode(error.filename)) if error.filename is not None else part
        if not inside.is_relative_to(part) or (inside == part and error.errno not in _FULL):
            raise
        with _naming(named / inside.relative_to(part)):
            raise


def _sync_tree(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to the disk, many at once for speed."""
    files, folders = [], []
    for parent, _, names in os.walk(folder):
        folders.append(Path(parent))
        paths = [Path(parent, name) for name in names]
        # Not links, which may lead anywhere, and what can be opened to be flushed.
        files += [p for p in paths if p.is_file() and not p.is_symlink() and os.access(p, os.W_OK)]
    sync_files(files)
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        list(pool.map(sync_folder, folders))

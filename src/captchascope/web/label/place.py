"""The place of a store: one process's own, and still where it was when the store was opened.

A file that is open can be written to long after it was removed, and nothing says so: SQLite would
store label after label where nobody finds them.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from captchascope.errors import OutputError
from captchascope.files import printable

if sys.platform != "win32":
    import fcntl

_PATH_LENGTH = 1024  # bytes that macOS writes a path into


class Place:
    """A folder that is held open, and the files in it that somebody writes to.

    Holding it keeps others out. (SQLite's own lock is gone as soon as this process closes the same
    file elsewhere, such as an image that is a link to it.) Where a folder cannot be opened, as on
    Windows, nothing can be removed or moved that is in use.

    Attributes:
        folder: The folder, as it was named.
    """

    def __init__(self, folder: Path) -> None:
        """Hold a folder.

        Raises:
            OutputError: If another process holds it.
        """
        self.folder = folder
        self._handle: int | None = None
        if sys.platform != "win32":
            with suppress(OSError):  # whoever opens the files in it says what is wrong with it
                self._handle = os.open(folder, os.O_RDONLY)
        self._opened: dict[Path, os.stat_result] = {}
        try:
            self._lock()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        if sys.platform == "win32" or self._handle is None:
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "is in use: somebody labels this folder"
            raise OutputError(printable(self.folder), what, "use that one, or end it") from None
        except OSError:
            pass  # a file system without such locks

    def close(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def opened(self, path: Path) -> None:
        """Take note of a file of the folder as it is now.

        Raises:
            OutputError: If it is not there, or nothing that keeps what is written.
        """
        try:
            self._opened[path] = path.stat()
        except OSError as error:
            raise self.lost(path, f"cannot be found: {error.strerror}") from error
        if not stat.S_ISREG(self._opened[path].st_mode):
            raise OutputError(printable(path), "is not a regular file", "remove it")

    def fault(self, path: Path) -> str:
        """Say what has become of a file since it was opened; empty if it is there, and whole."""
        try:
            now = path.stat()
        except OSError as error:
            return f"was removed while labels are stored in it: {error.strerror}"
        before = self._opened[path]
        if not os.path.samestat(now, before):
            return "was replaced while labels are stored in it"
        if now.st_size < before.st_size:
            return "was cut short while labels are stored in it"
        self._opened[path] = now
        return ""

    def lost(self, path: Path, fault: str) -> OutputError:
        """Return what to say of a file that is not what it was."""
        now = self.now()
        if now not in (None, self.folder):
            what = f"was moved to {printable(now)} while labels are stored in it"
            return OutputError(printable(self.folder), what, "move it back, or label it there")
        remedy = "put back what was opened, or end this and start it again"
        return OutputError(printable(path), fault, remedy)

    def now(self) -> Path | None:
        """Return where the folder is now; None if it was removed, or nobody can tell."""
        if self._handle is None:
            return self.folder if self.folder.is_dir() else None
        for path in (self.folder, _path_of(self._handle)):
            with suppress(OSError, ValueError):
                if os.path.samestat(path.stat(), os.fstat(self._handle)):
                    return path
        return None

    def is_opened(self, path: Path) -> bool:
        """Say whether a path leads to one of the files that were opened."""
        with suppress(OSError):
            now = path.stat()
            return any(os.path.samestat(now, before) for before in self._opened.values())
        return False


def _path_of(handle: int) -> Path:
    """Return where an open folder is, as the system says; it may be there no more."""
    if sys.platform == "darwin":
        found: bytes = fcntl.fcntl(handle, fcntl.F_GETPATH, bytes(_PATH_LENGTH))
        return Path(os.fsdecode(found.rstrip(b"\0")))
    return Path(os.sep, "proc", "self", "fd", str(handle)).readlink()

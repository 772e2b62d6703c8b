"""The file of what the practice site served: one row for every whole image."""

from __future__ import annotations

import csv
import hashlib
import io
from contextlib import suppress
from pathlib import Path

from captchascope.errors import OutputError
from captchascope.files import printable

_HEADER = b"sha256,label\n"
_LONGEST = 4096  # bytes of a row, and more


class AnswerFile:
    """A CSV that grows by one row at a time and is right at every moment.

    A row goes to the system in one unbuffered write before its image is sent, so that whoever has
    an image has its answer, even where the site is killed. An older file is added to.

        with AnswerFile(Path("answers.csv")) as answers:
            answers.add(jpeg, "226193")

    Raises:
        OutputError: If the file cannot be written, or is there and something else.
    """

    def __init__(self, path: Path) -> None:
        self._where = printable(path)
        try:
            self._file = path.open("a+b", buffering=0)
            try:
                if not self._file.tell():
                    self._write(_HEADER)
                    return
                self._file.seek(0)
                if self._file.read(len(_HEADER)) != _HEADER:
                    what = "is there, and no file of answers"
                    raise OutputError(self._where, what, "name a new file")
                self._drop_cut_row()
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise self._failed(error) from error

    def add(self, image: bytes, label: str) -> None:
        """Write down what an image says; OutputError as for the class."""
        row = io.StringIO()
        digest = hashlib.sha256(image).hexdigest()
        csv.writer(row, lineterminator="\n").writerow([digest, label])
        self._write(row.getvalue().encode())

    def _write(self, data: bytes) -> None:
        try:
            if self._file.write(data) != len(data):
                raise OSError("only a part was written")
        except OSError as error:
            with suppress(OSError):
                self._drop_cut_row()
            raise self._failed(error) from error

    def _drop_cut_row(self) -> None:
        """Take away a last row that a full disk or a power cut ended; nobody has its image."""
        end = self._file.seek(0, io.SEEK_END)
        start = max(0, end - _LONGEST)
        self._file.seek(start)
        self._file.truncate(start + self._file.read(_LONGEST).rfind(b"\n") + 1)

    def _failed(self, error: OSError) -> OutputError:
        what = f"cannot be written: {error.strerror or error}"
        return OutputError(self._where, what, "choose another place, or free some space")

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

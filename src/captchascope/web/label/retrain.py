"""Training in the background, by the command line in a process of its own.

Torch never comes into the server, and the training gives way to it: it runs at the lowest
priority, one at a time, and is ended with the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from captchascope.errors import CaptchascopeError
from captchascope.finding import printable
from captchascope.reader import Reader, load

__all__ = ["Training", "can_train", "command"]

_NICENESS = 15
_TOLD = 300  # characters of an error

_LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_LOW |= getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""How a process gives way on Windows; elsewhere it is told so when it runs."""


def can_train() -> bool:
    """Say whether the packages of the extra ``train`` are installed."""
    return all(find_spec(name) is not None for name in ("torch", "lightning", "onnxscript"))


def command(folder: Path, model: Path, seconds: float) -> list[str]:
    """Return the command that trains ``model`` on the labels of a folder."""
    given = [str(folder), "-o", str(model), "--labels-from", "csv", "--quiet"]
    limit = ["--time-limit", f"{seconds:.0f}s"]
    return [sys.executable, "-m", "captchascope", "train", *given, *limit]


class Training:
    """At most one training at a time.

    Attributes:
        begun: When the one that runs began, as ``time.monotonic`` tells; None where none runs.
        trouble: Why the last one gave no model; empty where it did.
    """

    def __init__(self, arguments: Sequence[str], model: Path) -> None:
        """Set it up.

        Args:
            arguments: The command, as ``command`` gives it.
            model: The file that it writes.
        """
        self._arguments = list(arguments)
        self._model = model
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self.begun: float | None = None
        self.trouble = ""

    def begin(self) -> None:
        """Begin one, unless one runs."""
        if self._process is not None:
            return
        self._model.unlink(missing_ok=True)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the process has ended
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,  # the Ctrl-C of the server's terminal is not for it
                creationflags=_LOW,
            )
        except OSError as error:
            self._said.close()
            self.trouble = f"training could not begin: {error.strerror}"
            return
        self.begun = time.monotonic()
        if sys.platform != "win32":
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)

    def finished(self) -> Reader | None:
        """Return the new model once the training has ended; None before, or if it gave none.

        That it ends with status 1 says nothing: it does where images have no label yet.
        """
        if self._process is None or self._process.poll() is None:
            return None
        said = self._closed()
        try:
            if not self._model.exists():
                self.trouble = f"training gave no model: {_last_line(said)}"
                return None
            reader = load(self._model)
        except CaptchascopeError as error:
            self.trouble = f"training gave no model: {error}"
            return None
        self.trouble = ""
        return reader

    def end(self) -> None:
        """End the one that runs."""
        if self._process is None:
            return
        self._process.kill()
        self._closed()

    def _closed(self) -> str:
        """Wait for the process, and return what it said."""
        assert self._process is not None
        assert self._said is not None
        self._process.wait()
        self._process, self.begun = None, None
        with self._said as said:
            said.seek(0)
            return said.read().decode(errors="replace")


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    line = lines[-1] if lines else "it said nothing"
    return printable(line.removeprefix("captchascope: "))[:_TOLD]

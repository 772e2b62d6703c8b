"""Processes that work in the background: they give way to whoever reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_NICENESS = 15

_LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_LOW |= getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""How a process gives way on Windows; elsewhere it is told so when it runs."""


def begin_child(
    command: Sequence[str], stderr: IO[bytes] | int, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a command at a low priority; whoever starts it has to end it.

    Args:
        command: The program and its arguments.
        stderr: Where its errors go, as ``subprocess`` takes it; all else that it says is lost.
        cwd: The folder that it runs in; None for the one that the server runs in.
    Raises:
        OSError: If it cannot start.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,  # the Ctrl-C of the server's terminal is not for it
        creationflags=_LOW,
    )
    if sys.platform != "win32":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
    return process

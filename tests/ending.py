"""How tests end the servers that they have started."""

from __future__ import annotations

import subprocess
from typing import Any

PATIENCE = 10  # seconds


def end(process: subprocess.Popen[Any]) -> None:
    """End a process as a service manager does, for what it ran is only then counted as covered.

    Where it takes its time it is told again, which is to end it at once, and is killed after that.
    """
    for _ in range(2):
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()

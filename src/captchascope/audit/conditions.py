"""How an audit was done: versions, the machine, the time, and the command that repeats it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from captchascope import __version__
from captchascope.audit.results import Conditions

_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "torch", "matplotlib")


def conditions_of(seed: int, command: str, seconds: float, time_limit: float | None) -> Conditions:
    """Return the conditions of an audit that ends now, and took so many seconds in all."""
    return Conditions(
        version=__version__,
        seed=seed,
        command=command,
        machine=_machine(),
        packages=tuple(_versions()),
        ended=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        seconds=seconds,
        time_limit=time_limit,
    )


def _versions() -> Iterator[str]:
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            yield f"{package} {version(package)}"


def _machine() -> str:
    """Return the processor, how many of it may be used, the system and Python, in words."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = _processor() or platform.processor() or platform.machine()
    cores = "1 core" if count == 1 else f"{count} cores"
    system = f"{platform.system()} {platform.release()}"
    return f"{name}, {cores}, {system}, Python {platform.python_version()}"


def _processor() -> str:
    """Return the processor's name as Linux gives it; "" elsewhere."""
    with suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
        return found[1].strip() if found else ""
    return ""

"""The practice site in a process of its own, for every test that wants a site to ask."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ending import end

_COMMAND = [sys.executable, "-W", "error", "-m", "captchascope", "practice-site", "--port", "0"]
_SAID = "listening on "


@contextmanager
def practice_site(*options: object, log: Path | None = None) -> Iterator[str]:
    """Start the site on a free port, yield its address, and kill it in the end.

        with practice_site("--seed", 3, "--faults", "503=10%") as url:
            httpx.get(f"{url}captcha.jpeg")

    Args:
        options: Of ``captchascope practice-site``.
        log: A file for one line per request, such as ``GET /captcha.jpeg 200``.
    Yields:
        The address, such as ``http://127.0.0.1:40507/``.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = (log or Path(folder, "said")).open("wb")
        with said, _started(["-v" if log else "-q", *map(str, options)], said) as process:
            yield _address(process, Path(said.name))


@contextmanager
def _started(options: list[str], said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*_COMMAND, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
    )
    with process:
        try:
            yield process
        finally:
            end(process)


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    """Return the address that the site prints once it listens, or fail with what it said."""
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    assert line.startswith(_SAID), said.read_text()
    return line.removeprefix(_SAID)

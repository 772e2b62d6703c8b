"""The labelling server in a process of its own, and somebody who labels over HTTP."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_SAID = "label at "
_PATIENCE = 60  # seconds; nothing takes a tenth of it on an idle machine


@cache
def _context() -> ForkServerContext:
    """Return what starts processes that have imported everything: that takes longest by far."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["captchascope.web.server", "captchascope.cli.label"])
    return context


def _run(said: Connection, heard: str, folder: Path, arguments: list[str]) -> None:
    """Run the command line, in the new process and beside the folder."""
    from captchascope.cli.app import run_command_line

    os.chdir(folder.parent)
    os.dup2(said.fileno(), 1)
    with Path(heard).open("wb") as file:
        os.dup2(file.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    sys.exit(run_command_line(arguments))


class Served:
    """A server that runs.

    Attributes:
        url: Of its label page, such as ``http://127.0.0.1:40507/label``.
        process: The process.
        heard: What it said on stderr, once it has ended.
    """

    def __init__(self, folder: Path, *options: object) -> None:
        handle, self._heard = tempfile.mkstemp()
        os.close(handle)
        said, saying = _context().Pipe(duplex=False)
        arguments = ["label", "--port", "0", str(folder), *map(str, options)]
        told = (saying, self._heard, folder, arguments)
        self.process = _context().Process(target=_run, args=told, daemon=True)  # ends with the test
        self.process.start()
        saying.close()
        with said, os.fdopen(os.dup(said.fileno()), encoding="utf-8") as lines:
            line = lines.readline().strip()
        self.heard = ""
        self.url = line.removeprefix(_SAID)
        if not line.startswith(_SAID):
            self.kill()
            raise AssertionError(self.heard)

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self.process.pid is not None
        return self.process.pid

    def stop(self) -> int | None:
        """End it in peace, and return its exit status."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int | None:
        self.process.join(_PATIENCE)
        heard = Path(self._heard)
        if heard.exists():
            self.heard = heard.read_text(encoding="utf-8")
            heard.unlink()
        return self.process.exitcode


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Served]:
    """Serve a folder until the block ends."""
    served = Served(folder, *options)
    try:
        yield served
    finally:
        if served.process.is_alive():
            served.stop()
        if served.process.is_alive():
            served.kill()


class Labeller:
    """A session that labels over one connection."""

    def __init__(self, url: str, session: str) -> None:
        self.session = session
        self._keys = 0
        self.connect(url)

    def connect(self, url: str) -> None:
        """Talk to a server from now on."""
        host = urlsplit(url).netloc
        self._origin = f"http://{host}"
        self._connection = http.client.HTTPConnection(host, timeout=_PATIENCE)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Return the status and the body of an answer; what is no bytes is sent as JSON."""
        headers = {"Origin": self._origin, "Content-Type": "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def lease(
        self, want: int, hold: list[int] | None = None, sure: bool = False, **more: object
    ) -> Any:
        """Ask for images."""
        wish = {"session": self.session, "want": want, "hold": hold or [], "sure": sure}
        return self._posted("/label/lease", {**wish, **more})

    def leave(self, page: int, hold: list[int] | None = None) -> Any:
        """Say that a page goes."""
        gone = {"session": self.session, "page": page, "hold": hold or []}
        return self._posted("/label/leave", gone)

    def say(self, image: int | None, text: str | None, key: str = "", **more: object) -> Any:
        """Say what an image says."""
        self._keys += not key
        word = {"key": key or f"{self.session}-{self._keys}", "image": image, "text": text, **more}
        return self._posted("/label/say", {"session": self.session, "said": [word]})

    def _posted(self, path: str, body: object) -> Any:
        status, data = self.ask("POST", path, body)
        assert status == 200, data
        return json.loads(data)

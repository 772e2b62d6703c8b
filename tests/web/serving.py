"""A real server in a process of its own, with whatever settings a test needs."""

from __future__ import annotations

import base64
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from captchascope.web.settings import Settings
from ending import end

TIMEOUT = 60  # seconds; nothing takes a tenth of it on an idle machine

_CHILD = """
import base64, pickle, sys
from captchascope.web.server import serve_app

def say(line):
    print(line + "\\n", end="", flush=True)  # at once, as threads say things, too

if __name__ == "__main__":
    serve_app(pickle.loads(base64.b64decode(sys.argv[1])), say, say)
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A server: its address without a slash at the end, and its process."""

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """End it as a service manager does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)

    def sockets(self) -> int:
        """Return how many it has open."""
        return sockets_of(self.process.pid)

    def memory(self) -> int:
        """Return the bytes that it holds in memory."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sockets_of(process: int) -> int:
    """Return how many sockets a process has open."""
    count = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            count += str(file.readlink()).startswith("socket:")
    return count


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Serve until the block ends, on a port that is free; all models are open at the beginning."""
    sent = base64.b64encode(pickle.dumps(replace(settings, port=0))).decode()
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _CHILD, sent],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            said = (line.strip() for line in process.stdout)
            yield Served(
                next(line for line in said if line.startswith("http")).rstrip("/"), process
            )
        finally:
            end(process)


def children_of(parent: int) -> list[int]:
    """Return the workers of a server: its children, but for the one that tracks resources."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in text.split()}
    return [pid for pid, line in commands.items() if b"spawn_main" in line]

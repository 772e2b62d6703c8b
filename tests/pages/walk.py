"""A page of the documents, walked: its commands are typed and its Python is run, in its order.

What is trained is trained in earnest, but in two steps of two images, or one pass over glyphs.

    def test_whoever_follows_the_page(tmp_path: Path) -> None:
        with walking(tmp_path) as walker:
            walker.walk("generating.md", {"": captchas()})

What cannot be run in a test is in `tables.py`, each with the reason.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli.commands import STRICT, TIMEOUT
from ending import end
from pages.tables import ADDED, ENDS, NOT_RUN, OTHERWISE
from shown import ROOT, Code, Shown, differences, steps

SERVERS = {"serve": 8000, "label": 8000, "practice-site": 8080, "label-studio": 9090}
"""Commands that go on until they are ended, and the port of each."""

ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|localhost|192\.0\.2\.7):(8000|8080|9090)\b")
"""Where pages ask for a server; 192.0.2.7 stands for a machine of the reader's network."""

SATED = 141  # 128 and SIGPIPE, which Windows has not
"""How what writes to ``head`` may end, which has read enough."""

FEW_STEPS = """
import sys

if {"train", "page.py"} & {*sys.orig_argv}:
    from dataclasses import replace

    from captchascope.train import recipes

    for name, recipe in recipes.CTC_RECIPES.items():
        recipes.CTC_RECIPES[name] = replace(recipe, max_steps=2, batch=2, validations=1)
    for name, recipe in recipes.GLYPHS_RECIPES.items():
        recipes.GLYPHS_RECIPES[name] = replace(recipe, epochs=1, min_steps=0)
"""
"""What Python runs first, as ``sitecustomize.py``: trainings take two steps, or one pass."""


@dataclass
class Server:
    """One that was started, and the file that it writes into."""

    process: subprocess.Popen[bytes]
    said: Path


def key_of(step: Shown | Code) -> str:
    """Return what the tables call a step: a command, or the first line of a block of Python."""
    return step.line if isinstance(step, Shown) else step.text.partition("\n")[0]


@dataclass
class Walker:
    """Someone at a shell in a folder, whose home it is too.

    Attributes:
        place: The folder.
        env: The variables that commands get.
        names: What the Python of pages is given.
        ports: Of each port that the pages name, the one that is listened on instead.
        stack: What is closed in the end.
    """

    place: Path
    stack: ExitStack
    env: dict[str, str] = field(default_factory=dict)
    names: dict[str, object] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    servers: dict[int, Server] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.place.parent / "programs"
        programs.mkdir()
        words = shlex.join([sys.executable, *STRICT, "-m", "captchascope"])
        program = programs / "captchascope"
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        (programs / "sitecustomize.py").write_text(FEW_STEPS, encoding="utf-8")
        (programs / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
        self.env = {**os.environ, "NO_COLOR": "1", "HOME": str(self.place)}
        self.env["CURL_HOME"] = str(programs)
        for name in ("PATH", "PYTHONPATH"):
            self.env[name] = os.pathsep.join(filter(None, (str(programs), os.environ.get(name))))

    def walk(self, page: str, before: Mapping[str, Prepare]) -> None:
        """Do what a page of ``docs`` shows.

        Args:
            page: Its name.
            before: What makes that which a command presumes, under the command's beginning; it is
                done once, and under an empty one before all else.
        """
        left = dict(before)
        for step in steps((ROOT / "docs" / page).read_text(encoding="utf-8")):
            key = key_of(step)
            if key in NOT_RUN.get(page, {}):
                continue
            for beginning in [each for each in left if key.startswith(each)]:
                left.pop(beginning)(self)
            if isinstance(step, Shown):
                printed = self.typed(page, step)
            else:
                printed = self.python(page, step.text)
            if step.output and key not in OTHERWISE.get(page, {}):
                wrong = differences(printed, step.output)
                assert not wrong, "\n".join([key, *wrong])
        assert left == {}

    def typed(self, page: str, step: Shown) -> str:
        """Type a command, and return what it prints; a server goes on."""
        further, _ = ADDED.get(page, {}).get(step.line, ("", ""))
        line = f"{step.line} {further}".strip()
        words = line.split()
        if words[0] == "captchascope" and words[1] in SERVERS:
            return self.served(line, SERVERS[words[1]], step.output)
        return self.done(["bash", "-c", f"set -e -o pipefail\n{self.here(line)}"], step.line)

    def python(self, page: str, text: str) -> str:
        """Run a block of Python in a process of its own, and return what it prints."""
        text = self.changed(page, text)
        known = "".join(f"{name} = {value!r}\n" for name, value in self.names.items())
        (self.place / "page.py").write_text(known + text, encoding="utf-8")
        return self.done([sys.executable, *STRICT, "page.py"], text)

    def changed(self, page: str, text: str) -> str:
        """Return a block of Python with the pieces that the table has for it."""
        for old, new in ADDED.get(page, {}).items():
            text = text.replace(old, new[0])
        return text

    def done(self, command: list[str], key: str) -> str:
        """Run a command to its end, which must be what the table says, and else good."""
        done = subprocess.run(
            command,
            cwd=self.place,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        good = {ENDS.get(key, 0)} | ({SATED} if "| head" in key else set())
        assert done.returncode in good, f"{key}\n{done.stdout}"
        return self.shown(done.stdout)

    def here(self, line: str) -> str:
        """Return a command with the ports that the servers have here."""

        def ported(found: re.Match[str]) -> str:
            return f"127.0.0.1:{self.ports.get(int(found[1]), 1)}"

        return ADDRESS.sub(ported, line)

    def shown(self, printed: str) -> str:
        """Return what was printed with the ports of the page."""
        for usual, port in self.ports.items():
            printed = printed.replace(f":{port}", f":{usual}")
        return printed.replace("\r", "")

    def served(self, line: str, usual: int, output: str) -> str:
        """Start a server, in the place of one on the same port, and return what it says at first.

        It takes a port that is free, and is waited for until it says which, and all that is shown.
        """
        self.ended(usual)
        said = self.place.parent / f"said-on-{usual}"
        with said.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line} --port 0"],
                cwd=self.place,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.servers[usual] = Server(process, said)
        late = time.monotonic() + TIMEOUT
        while True:
            assert process.poll() is None, said.read_text()
            if found := re.search(r"http://[^/\s]+:(\d+)/", said.read_text()):
                self.ports[usual] = int(found[1])
                printed = self.shown(said.read_text())
                if {*output.split("\n")} <= {"", "...", *printed.split("\n")}:
                    return output  # in whatever order threads have said it
            assert time.monotonic() < late, said.read_text()
            time.sleep(0.05)

    def ended(self, usual: int) -> None:
        """End the server on a port, if there is one; that must go well."""
        if server := self.servers.pop(usual, None):
            end(server.process)
            good = 0, -signal.SIGTERM, 128 + signal.SIGTERM
            assert server.process.returncode in good, server.said.read_text()

    def finish(self) -> None:
        """End all servers."""
        for usual in list(self.servers):
            self.ended(usual)


Prepare = Callable[[Walker], None]
"""Makes files, or starts a site, that a page presumes."""


@contextmanager
def walking(place: Path) -> Iterator[Walker]:
    """Give someone at a shell, whose servers are ended when the block ends."""
    folder = place / "page"
    folder.mkdir()
    with ExitStack() as stack:
        walker = Walker(folder, stack)
        stack.callback(walker.finish)
        yield walker

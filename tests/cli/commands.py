"""Commands as a user gives them: most in this process, for speed, the rest in one of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import pytest

from captchascope.cli.app import run_command_line
from captchascope.generate import draw_captcha
from captchascope.reader import load

ROOT = Path(__file__).parents[2]
SEED = 1  # of the captchas
ORIGIN, BEGUN = "labels: from ", "reading the labels of "
TIMEOUT = 600  # seconds; nothing takes a tenth of it on an idle machine


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit status and what it said."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[str]:
        """The lines on stdout."""
        return self.out.split("\n")[:-1]

    @property
    def errors(self) -> list[str]:
        """The lines on stderr, but for those on labels that whoever takes any says.

        The blank one is click's, after the ``^C`` of a terminal.
        """
        usual = ORIGIN, BEGUN
        return [line for line in self.err.split("\n") if line and not line.startswith(usual)]

    @property
    def origins(self) -> list[str]:
        """The lines on stderr that say where labels come from."""
        return [line for line in self.err.split("\n") if line.startswith(ORIGIN)]


STRICT = ["-W", "error", "-W", "ignore::ResourceWarning"]
"""Warnings are errors, but for a file that an interrupt catches between opening and closing."""

STARTED: list[subprocess.Popen[bytes]] = []
"""What may still run when a test fails; ``conftest.py`` ends it."""

Cli = Callable[..., Done]
"""What the fixture ``cli`` gives: the command's arguments in, how it ended out."""


@cache
def text(number: int, model: str = "any") -> str:
    """Return what the library reads in one of the captchas that the tests have."""
    return load(model).read(draw_captcha("metu", SEED, number).jpeg()).text or "nothing"


def here(capsys: pytest.CaptureFixture[str], arguments: Sequence[object]) -> Done:
    """Run a command in this process."""
    capsys.readouterr()
    status = run_command_line([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return Done(status, said.out, said.err)


def start(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    file_size: int | None = None,
    session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own, in the current folder.

    Args:
        arguments: Of ``captchascope``.
        env: Further variables.
        stdin: As ``Popen`` takes it.
        stdout: As ``Popen`` takes it.
        file_size: The most bytes that a file may have.
        session: Whether it leads a process group, as what is started in a terminal does.
    """

    def limit() -> None:
        import resource

        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    unmeasured = {"COVERAGE_PROCESS_CONFIG": ""} if file_size is not None else {}
    process = subprocess.Popen(
        [sys.executable, *STRICT, "-m", "captchascope", *map(str, arguments)],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {}), **unmeasured},
        start_new_session=session,
        preexec_fn=None if file_size is None else limit,
    )
    STARTED.append(process)
    return process


def shell(line: str) -> Done:
    """Run a line of shell, in which ``captchascope`` is the command under test."""
    command = f'"{sys.executable}" -W error -m captchascope'
    named = re.sub(r"\bcaptchascope (?=read|--)", lambda _: f"{command} ", line)
    done = subprocess.run(["sh", "-c", named], capture_output=True, timeout=TIMEOUT, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def ended(process: subprocess.Popen[bytes]) -> Done:
    """Wait for a command and return how it ended."""
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Done(process.returncode, (out or b"").decode(), err.decode())


def one_line(done: Done, status: int) -> str:
    """Return the only line of a command that failed, without ``captchascope: ``.

    It has said WHERE, WHAT and (what to do), nothing else, and no traceback.
    """
    assert done.status == status, done
    assert done.out == ""
    assert len(done.errors) == 1, done.errors
    return shaped(done.errors[0])


def shaped(line: str) -> str:
    """Return an error line without ``captchascope: ``, having checked its shape."""
    name, where, what = line.split(": ", 2)
    assert name == "captchascope"
    assert where
    assert what.endswith(")"), line
    assert " (" in what, line
    return f"{where}: {what}"

"""The README keeps its word: every command and every line of Python in it runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ending import end

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

SMALLER = {"5000": "300", "4500": "240", "4501": "241"}
"""So that the training shown takes seconds here; what it prints is then not compared."""

SERVERS = ("label", "practice-site", "serve")
"""Commands that run until they are stopped."""


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return every captchascope command of the README, and the output shown below it."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            if line.startswith("captchascope "):
                found.append((line, output))
    return found


def smaller(line: str) -> str:
    """Return the command on fewer images, or in less time."""
    if " train " in line and "--method" not in line:
        line += " --time-limit 100s"
    return re.sub(r"\b(5000|4500|4501)\b", lambda match: SMALLER[match[0]], line)


def rounded(text: str) -> str:
    """Return ``text`` with confidences to two places: JPEG decoders differ by a shade."""
    return re.sub(r"\b[01]\.\d{4}\b", lambda match: f"{float(match[0]):.2f}", text.strip())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the examples, where the commands run one after the other."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def run(arguments: list[str], place: Path) -> str:
    """Run the command line in ``place`` and return its stdout and stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def serving(line: str, shown: str, place: Path) -> Iterator[tuple[str, str]]:
    """Keep a server of the README running, on a port that is free, until the block ends.

    It must print what is shown, but for the port. Yields the address shown and the real one.
    """
    port = re.compile(r"(?<=127\.0\.0\.1:)\d+")
    process = subprocess.Popen(
        [sys.executable, "-m", "captchascope", *line.split()[1:], "--port", "0"],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            printed = process.stdout.readline()
            assert port.sub("PORT", printed) == port.sub("PORT", shown), line
            yield shown.split()[-1], printed.split()[-1]
            assert process.poll() is None, f"{line}: ended by itself"
        finally:
            end(process)


def test_every_command_of_the_readme_runs_and_prints_what_is_shown(place: Path) -> None:
    """Commands run in the README's order; those on fewer images only have to succeed.

    A server runs beside those that follow, which are given its real address.
    """
    assert len(commands()) >= 6
    with ExitStack() as servers:
        addresses: dict[str, str] = {}
        for line, shown in commands():
            if line.split()[1] in SERVERS:
                pytest.importorskip("fastapi")
                as_shown, real = servers.enter_context(serving(line, shown, place))
                addresses[as_shown] = real
                continue
            if " train " in line:
                pytest.importorskip("torch")
            if " bulk " in line:
                pytest.importorskip("pyarrow")
            if " audit " in line:
                pytest.importorskip("matplotlib")
            wanted = smaller(line)
            for as_shown, real in addresses.items():
                wanted = wanted.replace(as_shown, real)
            printed = run(["-m", "captchascope", *wanted.split()[1:]], place)
            if smaller(line) == line and shown.strip():
                assert rounded(printed) == rounded(shown), line


def test_the_python_of_the_readme_runs_and_prints_the_text(place: Path) -> None:
    """The four lines print the label of the first example."""
    label = (ROOT / "examples" / "labels.txt").read_text(encoding="utf-8").split()[0]
    assert blocks("python")
    for code in blocks("python"):
        assert run(["-c", code], place).startswith(label)


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody reads about is not there."""
    from captchascope.cli.app import COMMANDS

    assert {line.split()[1] for line, _ in commands()} == set(COMMANDS)


def test_every_file_that_the_readme_points_to_exists() -> None:
    """Links and pictures lead somewhere."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link

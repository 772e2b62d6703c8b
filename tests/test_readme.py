"""The README keeps its word: every command and every line of Python in it runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shown import ROOT, blocks, commands, comparable

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCREEN = 80  # lines


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


def test_every_command_of_the_readme_runs_and_prints_what_is_shown(place: Path) -> None:
    """In the README's order, to the digit; make installs, which tests/test_wheel.py tries."""
    shown = [each for each in commands(README) if not each.line.startswith("make ")]
    assert len(shown) >= 3
    for each in shown:
        program, *arguments = each.line.split()
        assert program == "captchascope"
        printed = run(["-m", "captchascope", *arguments], place)
        assert comparable(printed) == comparable(each.output), each.line


def test_the_python_of_the_readme_runs_and_prints_the_text(place: Path) -> None:
    """The four lines print what the first command says of the same image."""
    said = next(each.output for each in commands(README) if " read examples" in each.line)
    _, text, confidence = said.splitlines()[0].split("\t")
    (code,) = blocks(README, "python")
    printed = run(["-c", code], place).split()
    assert printed[0] == text
    assert comparable(f"{float(printed[1]):.4f}") == comparable(confidence)


def test_the_readme_is_one_screen() -> None:
    """What does not fit stands in the documents that it points to."""
    assert len(README.splitlines()) <= SCREEN


def test_every_target_of_make_that_the_readme_names_is_there() -> None:
    """Of the Makefile."""
    named = {each.line.split()[1] for each in commands(README) if each.line.startswith("make ")}
    named |= set(re.findall(r"`make (\w+)`", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named == {name for name in named if re.search(rf"^{name}:", makefile, re.MULTILINE)}


def test_every_file_that_the_readme_points_to_exists() -> None:
    """Links and pictures lead somewhere."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link

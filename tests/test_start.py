"""docs/start.md, walked word for word in an empty environment, by someone who has nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from captchascope import __version__
from shown import ROOT, Shown, blocks, commands, comparable
from test_wheel import NO_NETWORK

START = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
COPY = ("src", "examples", "pyproject.toml", "constraints.txt", "README.md", "LICENSE")
"""What of the project is installed from, and read."""


class Shell:
    """Bash in a folder, with an empty home; what is exported stays from one line to the next."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.state = place / ".state"
        self.state.touch()
        programs = place / ".programs"
        programs.mkdir()
        (programs / "python3").symlink_to(Path(sys.executable).resolve())
        self.env = {key: value for key, value in os.environ.items() if key[:6] != "PYTHON"}
        # Nor one thread alone, as the suite has: a training that is slow takes fewer steps.
        for name in ("VIRTUAL_ENV", "OMP_NUM_THREADS"):
            self.env.pop(name, None)
        self.env |= {"HOME": str(place), "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin"}
        self.env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}

    def output_of(self, line: str) -> str:
        """Type a line, and return what it says; a failure fails the test.

        Without a network the packages cannot be had, and the test is skipped.
        """
        script = f"set -e -o pipefail\n. {self.state}\n{line}\nexport -p > {self.state}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.place,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode and "pip" in line and NO_NETWORK.search(done.stdout):
            pytest.skip("the package registry cannot be reached")
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout


def slack(word: str, following: str) -> float:
    """Return by how much a number of a trained network may differ on another processor."""
    if following == "s":  # seconds
        return float("inf")
    if word.endswith("%"):
        return 6
    return 0.2 if "." in word else 3


def assert_alike(printed: str, shown: str) -> None:
    """Compare word by word what depends on a training; only its numbers may differ, and little."""
    said, wanted = printed.split(), shown.split()
    assert len(said) == len(wanted), printed
    for each, expected, following in zip_longest(said, wanted, wanted[1:], fillvalue=""):
        if each != expected:
            assert re.fullmatch(r"[\d.]+%?", each), printed
            far = abs(float(each.strip("%")) - float(expected.strip("%")))
            assert far <= slack(expected, following), printed


def is_trained(shown: Shown) -> bool:
    """Return whether what a command prints comes of the training that the page shows."""
    return "mine.onnx" in shown.line


@pytest.mark.wheel
def test_whoever_types_what_the_page_shows_sees_what_it_shows(tmp_path: Path) -> None:
    """Every line in its order, from no environment to a reader of one's own, and the Python."""
    for name in COPY:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    shell = Shell(tmp_path)
    for each in commands(START):
        printed = shell.output_of(each.line)
        if is_trained(each):
            assert_alike(printed, each.output)
        else:
            assert comparable(printed) == comparable(each.output), each.line
    (code,) = blocks(START, "python")
    (tmp_path / "reads.py").write_text(code, encoding="utf-8")
    (name,) = re.findall(r"mine/(\d+\.jpeg)", code)
    assert f"{name},{shell.output_of('python reads.py')}" in shell.output_of("cat mine/labels.csv")


def test_the_page_says_the_version_that_is_installed() -> None:
    """Which the walk would find out only where there is a registry."""
    assert Shown("captchascope --version", f"captchascope {__version__}") in commands(START)

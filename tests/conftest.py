"""A place to run commands in, and captchas to run them on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from captchascope.generate import write_folder
from cli.commands import SEED, STARTED, Cli, Done, here
from ending import end

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same examples on every machine, however slow: what a run finds, the next one finds too.
settings.register_profile(
    "same everywhere",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same everywhere")

LONGEST = (
    "test_start.py",
    "test_site.py",
    "test_wheel.py",
    "train/glyphs/test_command.py",
    "train/ctc/test_command_faults.py",
    "train/ctc/test_command_parquet.py",
    "web/label/test_kills.py",
    "web/test_server.py",
)
"""The files that take longest, which are begun first, lest one is left to the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of ``LONGEST`` first; all else stays in its order."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw twelve captchas; nobody may change them."""
    folder = tmp_path_factory.mktemp("drawn") / "captchas"
    write_folder("metu", folder, 12, SEED)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the Chromium of this machine, one for all tests of a file."""
    from web.browsing import launched  # which needs an extra

    with launched() as started:
        yield started


@pytest.fixture
def place(tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an empty current folder with the twelve in ``captchas``, free to be changed.

    In the end, whatever process a failed test has left is ended.
    """
    shutil.copytree(drawn, tmp_path / "captchas")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for process in STARTED:
        if process.poll() is None:
            end(process)
            process.communicate()
    STARTED.clear()


@pytest.fixture
def cli(place: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Give a function that runs a command in this process and in ``place``."""

    def command(*arguments: object) -> Done:
        return here(capsys, arguments)

    return command

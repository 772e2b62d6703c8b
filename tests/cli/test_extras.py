"""Commands whose packages are not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.commands import Cli, one_line


@pytest.mark.parametrize("package", ["torch", "onnx", "onnxscript", "filelock", "tensorboardX"])
def test_training_without_its_packages(
    cli: Cli, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is missed before anything is written; the line is what mends it."""
    monkeypatch.setitem(sys.modules, package, None)  # as find_spec sees a package that is not there
    line = one_line(cli("train", "captchas", "-o", "new/mine.onnx"), 1)
    assert line == (
        "train: needs the packages of the extra 'train' (pip install 'captchascope[train]')"
    )
    assert not Path("new").exists()


def test_help_needs_no_extra(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """One may read what a command does before installing what it needs."""
    monkeypatch.setitem(sys.modules, "torch", None)
    assert cli("train", "--help").status == 0

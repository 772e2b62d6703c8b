"""A program that PyInstaller freezes, with the hook that the package brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PyInstaller", reason="only where it is installed: make opencv4")

EXAMPLES = Path(__file__).parents[1] / "examples"

PROGRAM = """
import sys
import captchascope

print(captchascope.load().read(sys.argv[2]).text, flush=True)
from captchascope.cli import main

main()
"""


def test_a_frozen_program_reads(tmp_path: Path) -> None:
    """Library and command line, with the models, schemes and fonts that ship, and no Python."""
    (tmp_path / "program.py").write_text(PROGRAM)
    freeze = [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", "program.py"]
    env = os.environ | {"PYINSTALLER_CONFIG_DIR": str(tmp_path / "config")}
    subprocess.run(freeze, cwd=tmp_path, env=env, check=True)

    def run(*arguments: object) -> str:
        command = list(map(str, (tmp_path / "dist" / "program" / "program", *arguments)))
        done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, check=True)
        return done.stdout.decode()

    said = run("read", EXAMPLES / "1.jpeg").split()
    assert said[:3] == ["964490", str(EXAMPLES / "1.jpeg"), "964490"]
    assert run("explain", EXAMPLES / "2.jpeg", "-o", "stages.png")
    with pytest.raises(subprocess.CalledProcessError):
        run("read", tmp_path / "program.py")

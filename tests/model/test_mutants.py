"""Mutated model files, a few dozen; ``bench/soak_models.py`` has a thousand and more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from captchascope.reader import model_path


@pytest.mark.skipif(sys.platform != "linux", reason="the peak memory is Linux's figure")
def test_a_mutated_model_is_refused_or_reads_in_bounded_memory() -> None:
    """No error but captchascope's own, and none of the process."""
    models = [str(model_path(name)) for name in ("metu", "metu-glyphs")]
    tests = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "model.mutants", "60", "1", *models],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("megabytes") < 400
    assert sum(told.values()) == 60
    assert told["refused"] > 30

"""The notebook of the tutorial: it runs as it is, and learns to read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples" / "tutorial.ipynb"

EXECUTE = """\
import json, sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
done = NotebookClient(notebook, timeout=600).execute(cwd=sys.argv[2])
print(json.dumps([output for cell in done.cells for output in cell.get("outputs", [])]))
"""
"""In a process of its own, so that what Jupyter leaves behind is gone with it."""

TIMES = 3
"""A kernel is told ports that were free a moment ago, which another test may have taken since."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Execute the notebook in an empty folder, and return what its cells give."""
    for module in ("ipykernel", "nbclient", "torch"):
        pytest.importorskip(module)
    place = tmp_path_factory.mktemp("jupyter")
    folder = tmp_path_factory.mktemp("empty")
    own = {name: str(place) for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    for _ in range(TIMES):
        done = subprocess.run(
            [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(folder)],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 or "CellExecutionError" in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_the_notebook_learns_to_read(outputs: list[dict[str, object]]) -> None:
    """From a tenth of the digits, which is chance, to most; and some captchas as a whole."""
    printed = "".join(
        str(output["text"]) for output in outputs if output["output_type"] == "stream"
    )
    digits = re.search(r"^digits: (\d+) of 360 right$", printed, re.MULTILINE)
    captchas = re.search(r"^captchas: (\d+) of 60 right", printed, re.MULTILINE)
    assert digits
    assert captchas
    assert int(digits[1]) > 180
    assert int(captchas[1]) > 0


def test_the_notebook_shows_what_it_does(outputs: list[dict[str, object]]) -> None:
    """The stages of an image, and some sevens; nothing is complained about."""
    kinds = [output["output_type"] for output in outputs]
    assert kinds.count("execute_result") == 2
    assert [output for output in outputs if output.get("name") == "stderr"] == []


def test_the_notebook_is_kept_without_outputs() -> None:
    """What a run gives differs from one machine to another; every cell has a name."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert all(cell["id"] for cell in notebook["cells"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[]] * len(code)

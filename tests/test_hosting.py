"""What a forge reads: the workflow, the forms of issues, and the hooks before a commit."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from shown import ROOT

FORGE = ROOT / ".github"
WORKFLOW = FORGE / "workflows" / "ci.yml"
FORMS = sorted((FORGE / "ISSUE_TEMPLATE").glob("*.yml"))

SCHEMAS = {
    "workflows": "vendor.github-workflows",
    "ISSUE_TEMPLATE": "vendor.github-issue-forms",
    "config.yml": "vendor.github-issue-config",
}
"""The published schema of what lies in a folder, or of a file; all come with the package."""


def said_by(program: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a program of this environment; return its status, and all that it said."""
    done = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("path", [WORKFLOW, *FORMS], ids=lambda path: path.name)
def test_a_file_of_the_forge_is_of_its_schema(path: Path) -> None:
    """A misspelt key would be passed over in silence there."""
    pytest.importorskip("check_jsonschema", reason="needs the group 'dev'")
    schema = SCHEMAS.get(path.name) or SCHEMAS[path.parent.name]
    status, said = said_by("check-jsonschema", "--builtin-schema", schema, path)
    assert status == 0, said


def test_the_workflow_gives_nothing_away() -> None:
    """By zizmor's rules: permissions, credentials that stay, text of others in commands."""
    if not (Path(sys.executable).parent / "zizmor").exists():
        pytest.skip("needs the group 'dev'")
    status, said = said_by("zizmor", "--offline", "--no-progress", WORKFLOW)
    assert status == 0, said


def test_the_hooks_are_such_as_pre_commit_takes() -> None:
    """And all of this machine: none is fetched from elsewhere."""
    pytest.importorskip("pre_commit", reason="needs the group 'dev'")
    config = ROOT / ".pre-commit-config.yaml"
    status, said = said_by("pre-commit", "validate-config", config)
    assert status == 0, said
    assert re.findall(r"repo: (.*)", config.read_text(encoding="utf-8")) == ["local"]


def test_the_workflow_runs_every_python_that_the_package_names() -> None:
    """And no other, on each of the three systems."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    workflow = WORKFLOW.read_text(encoding="utf-8")
    assert f"python: {named}".replace("'", '"') in workflow
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in workflow

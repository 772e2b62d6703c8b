"""What ``make release`` refuses, in repositories of their own, and where the version stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from captchascope import __version__
from shown import ROOT

CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-11-27\n\n### Added\n\n- All of it.\n"
IDENTITY = {
    f"GIT_{who}_{what}": "a@b.example"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


class Project:
    """A small project with the tool, in a repository that is committed and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tools").mkdir(parents=True)
        (folder / "src" / "captchascope").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "release.py", folder / "tools")
        (folder / "src/captchascope/__init__.py").write_text('__version__ = "1.2.3"\n')
        (folder / "CHANGELOG.md").write_text(CHANGELOG)
        (folder / ".gitignore").write_text("build/\ndist/\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit()
        self.test()

    def git(self, *arguments: str) -> str:
        """Run a command of git, without what this machine's user has set."""
        none = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY, **none},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self) -> None:
        """Commit all that is there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A commit")

    def test(self) -> None:
        """Say that the tests begin, and that they have passed."""
        for moment in ("begin", "end"):
            assert self.run("--tested", moment) == (0, "")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the tool; return its status, and what it says on stderr."""
        done = subprocess.run(
            [sys.executable, "tools/release.py", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def refuses(self, why: str) -> bool:
        """Tell whether it releases nothing, for a reason that its words hold."""
        status, said = self.run()
        assert (status, said.startswith("release: ")) == (1, True), said
        assert not (self.folder / "dist").exists()
        return why in said and self.git("tag", "--list") in ("", "v1.2.3")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return one that nothing speaks against."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    return Project(tmp_path / "project")


def test_nothing_speaks_against_what_is_committed_tested_and_described(project: Project) -> None:
    """So that each refusal below is for its own reason: here it fails where it begins to build."""
    assert project.refuses("failed with")


def test_a_tree_that_is_not_the_commit_is_not_released(project: Project) -> None:
    """Neither with a change nor with a file that git does not know."""
    (project.folder / "CHANGELOG.md").write_text(CHANGELOG + "- More.\n")
    assert project.refuses("M CHANGELOG.md")
    project.git("checkout", "--quiet", "CHANGELOG.md")
    (project.folder / "new.py").write_text("")
    assert project.refuses("?? new.py")


def test_another_branch_is_not_released(project: Project) -> None:
    """However well it was tested."""
    project.git("checkout", "--quiet", "-b", "mine")
    assert project.refuses("releases are made of main")


@pytest.mark.parametrize(
    "changelog",
    [
        CHANGELOG.replace("1.2.3", "1.2.2"),
        CHANGELOG.replace(" - 2026-11-27", ""),
        "# Changelog\n\n## [1.2.3] - 2026-11-27\n\n## [1.2.2] - 2026-11-26\n\n- All of it.\n",
    ],
)
def test_a_version_without_a_dated_section_is_not_released(
    project: Project, changelog: str
) -> None:
    """Nor with an empty one."""
    (project.folder / "CHANGELOG.md").write_text(changelog)
    project.commit()
    project.test()
    assert project.refuses("has no section '## [1.2.3] - YYYY-MM-DD'")


def test_a_version_is_released_once(project: Project) -> None:
    """What was tagged stays what it is."""
    project.git("tag", "v1.2.3")
    project.commit()
    project.test()
    assert project.refuses("v1.2.3 was released already")


def test_a_commit_that_was_not_tested_is_not_released(project: Project) -> None:
    """Whichever one was before."""
    project.commit()
    assert project.refuses("was not tested")
    shutil.rmtree(project.folder / "build")
    assert project.refuses("was not tested (none was); run make check")


def test_a_tree_that_changes_while_it_is_tested_was_not_tested(project: Project) -> None:
    """Nor one that was not the commit when the tests began, or of which they began with another."""
    project.commit()
    project.run("--tested", "begin")
    (project.folder / "new.py").write_text("")
    project.run("--tested", "end")
    (project.folder / "new.py").unlink()
    assert project.refuses("was not tested")
    (project.folder / "new.py").write_text("")
    project.run("--tested", "begin")
    (project.folder / "new.py").unlink()
    project.run("--tested", "end")
    assert project.refuses("was not tested")
    project.run("--tested", "begin")
    project.commit()
    project.run("--tested", "end")
    assert project.refuses("was not tested")


def test_tests_run_without_a_repository_too(project: Project) -> None:
    """Of an unpacked sdist nothing is noted."""
    shutil.rmtree(project.folder / ".git")
    shutil.rmtree(project.folder / "build")
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(project.folder.parent)}
    tool = [sys.executable, "tools/release.py", "--tested", "begin"]
    done = subprocess.run(tool, cwd=project.folder, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (project.folder / "build").exists()


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("Dockerfile", r"^ARG VERSION=(\S+)$"),
        ("docs/start.md", r"^captchascope (\d\S+)$"),
        ("docs/serving.md", r'"version":"([^"]+)"'),
        ("docs/operating.md", r'"version":"([^"]+)"'),
    ],
)
def test_the_version_is_shown_as_it_is(file: str, shown: str) -> None:
    """The package has it; whatever shows it moves with it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    assert set(re.findall(shown, text, re.MULTILINE)) == {__version__}


def test_the_project_has_no_version_beside_the_packages() -> None:
    """The build takes it from the package."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert not re.search(r"^version\s*=", text, re.MULTILINE)

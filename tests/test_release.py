"""What ``make release`` refuses and builds, in small repositories; and where the version stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import release
from captchascope import __version__
from shown import ROOT

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "captchascope"
dynamic = ["version"]
requires-python = ">=3.11"

[tool.hatch.version]
path = "src/captchascope/__init__.py"

[tool.hatch.build.targets.wheel]
packages = ["src/captchascope"]
"""
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

    @property
    def env(self) -> dict[str, str]:
        """The environment of the tool, without what says how these tests here are run."""
        plain = {"MAKEFLAGS": "", "PYTEST_ADDOPTS": "", "PYTHONPATH": str(self.folder / "src")}
        return {**os.environ, **IDENTITY, **plain}

    def test(self) -> None:
        """Say that the tests begin, and that they have passed."""
        for moment in ("begin", "end"):
            assert self.run("--tested", moment) == (0, "")

    def run(self, *arguments: str, **env: str) -> tuple[int, str]:
        """Run the tool in an environment; return its status, and what it says on stderr."""
        done = subprocess.run(
            [sys.executable, "tools/release.py", *arguments],
            cwd=self.folder,
            env={**self.env, **env},
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


@pytest.mark.parametrize("hidden", ["assume-unchanged", "skip-worktree"])
def test_a_file_whose_changes_are_hidden_is_not_released(project: Project, hidden: str) -> None:
    """Of it ``git status`` says nothing, and what was tested may be another file."""
    project.git("update-index", f"--{hidden}", "CHANGELOG.md")
    project.test()
    assert project.refuses("M CHANGELOG.md (hidden from git status)")
    project.git("update-index", f"--no-{hidden}", "CHANGELOG.md")
    assert project.refuses("was not tested")
    project.test()
    assert project.refuses("failed with")


def test_no_folder_of_the_package_is_ignored() -> None:
    """It would be tested here, and neither be committed nor missed."""
    known = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    plain = {name.strip("/") for name in known if name.strip("/").isidentifier()} - {"__pycache__"}
    assert plain == {"build", "demo", "dist"}
    for name in plain:
        assert f"/{name}/" in known


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


def test_a_commit_whose_tests_run_again_was_not_tested(project: Project) -> None:
    """Until they have passed: something else than the commit may have changed."""
    project.run("--tested", "begin")
    assert project.refuses("was not tested")
    project.test()
    assert project.refuses("failed with")


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


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MAKEFLAGS", "ki", "make -i"),
        ("MAKEFLAGS", "i -j2 -- VENV=.venv", "make -i"),
        ("MAKEFLAGS", " -- SUITE=-m\\ pytest\\ tests/test_sums.py", "SUITE"),
        ("PYTEST_ADDOPTS", "-k sums", "PYTEST_ADDOPTS"),
        ("MAKEFLAGS", "k --trace -- KIND=i", ""),
        ("MAKEFLAGS", " -j2 --jobserver-auth=3,4 -- PYTHON=python3.12", ""),
    ],
)
def test_tests_that_are_left_out_or_may_fail_do_not_count(
    project: Project, name: str, value: str, told: str
) -> None:
    """What passes then says nothing of the commit; why is said at once."""
    project.commit()
    assert project.run("--tested", "begin", **{name: value}) == (0, "")
    _, said = project.run("--tested", "end", **{name: value})
    assert said == (f"release: not noted as tested, because of {told}\n" if told else "")
    assert project.refuses("was not tested" if told else "failed with")


def test_the_tests_of_another_folder_are_refused(project: Project, tmp_path: Path) -> None:
    """As an environment that was copied with the project would run them."""
    shutil.copytree(project.folder / "src", tmp_path / "other")
    status, said = project.run("--tested", "begin", PYTHONPATH=str(tmp_path / "other"))
    assert (status, "not from src" in said) == (1, True)


def test_tests_run_without_a_repository_too(project: Project) -> None:
    """Of an unpacked sdist nothing is noted."""
    shutil.rmtree(project.folder / ".git")
    shutil.rmtree(project.folder / "build")
    env = {**project.env, "GIT_CEILING_DIRECTORIES": str(project.folder.parent)}
    tool = [sys.executable, "tools/release.py", "--tested", "begin"]
    done = subprocess.run(tool, cwd=project.folder, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (project.folder / "build").exists()


@pytest.fixture
def package(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return one that can be built, and is what the tool releases here."""
    pytest.importorskip("hatchling")
    (project.folder / "pyproject.toml").write_text(PYPROJECT)
    (project.folder / "src/captchascope/words.txt").write_text("one\n")
    project.commit()
    monkeypatch.setattr(release, "ROOT", project.folder)
    return project


def test_the_same_commit_builds_the_same_bytes(
    package: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder, time zone and mask of rights, and whatever lies in the tree by then."""
    commit = package.git("rev-parse", "HEAD")
    release.build(commit, tmp_path / "one")
    (package.folder / "src/captchascope/words.txt").write_text("two\n")
    (package.folder / "src/captchascope/more.txt").write_text("more\n")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        release.build(commit, tmp_path / "other folder")
    finally:
        os.umask(before)
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / place / "dist").iterdir()}
        for place in ("one", "other folder")
    )
    assert one == other
    assert sorted(one) == ["captchascope-1.2.3-py3-none-any.whl", "captchascope-1.2.3.tar.gz"]


def test_an_sdist_that_builds_another_wheel_is_not_released(
    package: Project, tmp_path: Path
) -> None:
    """Such as one that lacks a file which the project has."""
    lacking = '\n[tool.hatch.build.targets.sdist]\nexclude = ["words.txt"]\n'
    (package.folder / "pyproject.toml").write_text(PYPROJECT + lacking)
    package.commit()
    with pytest.raises(release.RefusedError, match=r"\.whl comes out different a second time"):
        release.build(package.git("rev-parse", "HEAD"), tmp_path / "place")


def test_a_tag_says_what_changed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings and all, on the commit that was built, and signed with a name and a day."""
    monkeypatch.setattr(release, "ROOT", project.folder)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    commit = project.git("rev-parse", "HEAD")
    project.commit()
    release.tag("1.2.3", commit, release.notes_of(CHANGELOG, "1.2.3"))
    assert project.git("rev-parse", "v1.2.3^{commit}") == commit
    assert project.git("cat-file", "-t", "v1.2.3") == "tag"
    told = project.git("tag", "--list", "v1.2.3", "--format", "%(contents)")
    assert told == "captchascope 1.2.3\n\n### Added\n\n- All of it."


def test_sums_are_of_every_file(tmp_path: Path) -> None:
    """As ``sha256sum --check`` takes them."""
    (tmp_path / "b.whl").write_bytes(b"b")
    (tmp_path / "a.tar.gz").write_bytes(b"")
    release.write_sums(tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.tar.gz\n"
        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b.whl\n"
    )


def test_a_python_that_is_not_here_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that nobody takes what was not tried for what works; without any, nothing is released."""
    monkeypatch.setattr(release, "PYTHONS", ("3.0",))
    with pytest.raises(release.RefusedError, match=r"none of Python 3\.0 here"):
        release.try_everywhere([], tmp_path)
    assert capsys.readouterr().out == (
        "Python 3.0: none on this machine, nothing was tried with it\n"
    )


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

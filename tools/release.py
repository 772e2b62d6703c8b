"""Build what is released, from a commit that was tested, and tag it: ``make release``.

What is built comes from the commit alone, into ``dist/``: the sdist, the wheel that is built from
it, a bill of materials of what an installation holds (CycloneDX), and the sums of all three.
Nothing is sent anywhere: pushing the tag and publishing the files are for whoever releases.

``make check`` calls this before it runs and after it has passed (``--tested``), so that it is known
which commit has.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
TESTED = ROOT / "build" / "tested"  # which make check began with, and which has passed it
DIST = ROOT / "dist"
BRANCH = "main"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


class RefusedError(Exception):
    """Why nothing is released, and what to do about it."""


def output_of(*command: object, env: dict[str, str] | None = None) -> str:
    """Run a program in the project's folder and return what it prints.

    Raises:
        RefusedError: If it fails, with all that it said.
    """
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RefusedError(f"{command[0]} failed with {done.returncode}:\n{done.stdout}")
    return done.stdout


def git(*arguments: object) -> str:
    """Return what a command of git prints."""
    return output_of("git", *arguments).strip()


def changes() -> str:
    """Return how the tree is not the commit: what has changed, or git does not know, or is hidden.

    Of a file that git was told to take for unchanged it would say nothing.
    """
    known = git("ls-files", "-v").splitlines()
    hidden = [f" M {line[2:]} (hidden from git status)" for line in known if line[0] != "H"]
    return "\n".join([git("status", "--short", "--untracked-files=normal"), *hidden]).strip()


def narrowed_by() -> str:
    """Return what leaves tests out, or lets them fail; nothing if all have to pass."""
    flags = os.environ.get("MAKEFLAGS", "")
    letters = flags.split(" ")[0]  # of options; long ones and variables come after it
    if "i" in letters and not letters.startswith("--") and "=" not in letters:
        return "make -i"
    if changed := re.search(r"(?:^| )(SUITE|BIN)=", flags):
        return changed[1]
    return "PYTEST_ADDOPTS" if os.environ.get("PYTEST_ADDOPTS") else ""


def check_origin() -> None:
    """Check that what is imported is what lies here.

    Raises:
        RefusedError: If it is not: a ``.venv`` that was copied has the package of another folder.
    """
    found = find_spec("captchascope")
    origin = None if found is None or found.origin is None else Path(found.origin)
    if origin is None or not origin.resolve().is_relative_to((ROOT / "src").resolve()):
        raise RefusedError(
            f"captchascope is imported from {origin}, not from src; "
            "remove .venv, and PYTHONPATH from the environment"
        )


def note_tested(ended: bool) -> None:
    """Note that the tests begin on this commit, or that it has passed them.

    A tree that is not the commit's, at the beginning or the end, is noted as nothing; so is one
    that git does not know, such as an unpacked sdist, and a run that ``narrowed_by`` tells of. A
    commit that passed before has not while its tests run again.

    Raises:
        RefusedError: If the tests would be those of another folder.
    """
    check_origin()
    began, passed = TESTED / "began", TESTED / "passed"
    try:
        commit = "" if changes() else git("rev-parse", "HEAD")
    except (RefusedError, OSError):
        return
    if not ended:
        TESTED.mkdir(parents=True, exist_ok=True)
        began.write_text(commit, encoding="ascii")
        passed.unlink(missing_ok=True)
    elif narrowed := narrowed_by():
        print(f"release: not noted as tested, because of {narrowed}", file=sys.stderr)
    elif commit and began.exists() and began.read_text(encoding="ascii") == commit:
        passed.write_text(commit, encoding="ascii")


def version_of(source: str) -> str:
    """Return the version that ``src/captchascope/__init__.py`` has, the one place that has it."""
    found = _VERSION.search(source)
    if found is None:
        raise RefusedError("src/captchascope/__init__.py has no __version__")
    return found[1]


def notes_of(changelog: str, version: str) -> str:
    """Return what the changelog says of a version.

    Raises:
        RefusedError: If it has no section with a date, or that is empty.
    """
    found = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if found is None or not found[1].strip():
        raise RefusedError(
            f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD' with something in it; "
            "write one, or change __version__"
        )
    return found[1].strip()


def releasable() -> tuple[str, str, str]:
    """Return version, commit and notes of what may be released.

    Raises:
        RefusedError: If anything is wrong with that.
    """
    if said := changes():
        raise RefusedError(f"the tree is not what is committed; commit or remove:\n{said}")
    branch = git("rev-parse", "--abbrev-ref", "HEAD")
    if branch != BRANCH:
        raise RefusedError(
            f"this is the branch {branch}; releases are made of {BRANCH}: git switch {BRANCH}"
        )
    commit = git("rev-parse", "HEAD")
    source = (ROOT / "src/captchascope/__init__.py").read_text(encoding="utf-8")
    version = version_of(source)
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if git("tag", "--list", f"v{version}"):
        raise RefusedError(f"v{version} was released already; change __version__")
    passed = TESTED / "passed"
    tested = passed.read_text(encoding="ascii") if passed.exists() else "none"
    if tested != commit:
        raise RefusedError(f"{commit[:12]} was not tested ({tested[:12]} was); run make check")
    return version, commit, notes


def dated(commit: str) -> dict[str, str]:
    """Return the environment in which what is made has a commit's time."""
    return {**os.environ, "SOURCE_DATE_EPOCH": git("log", "-1", "--format=%ct", commit)}


def build(commit: str, place: Path) -> None:
    """Build sdist and wheel of a commit into ``place/dist``, the same bytes each time.

    Both are built twice, in two folders: the wheel from the sdist, then each from the project.

    Raises:
        RefusedError: If that fails, or comes out different.
    """
    archived = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    env = dated(commit)
    for folder, what in (("dist", ()), ("again", ("--sdist", "--wheel"))):
        source = place / f"source of {folder}"
        with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
            archive.extractall(source, filter="data")
        builder = sys.executable, "-m", "build", "--no-isolation", *what
        output_of(*builder, "--outdir", place / folder, source, env=env)
    for package in (place / "dist").iterdir():
        if package.read_bytes() != (place / "again" / package.name).read_bytes():
            raise RefusedError(
                f"{package.name} comes out different a second time; a wheel does where the sdist "
                "lacks a file of the project"
            )


def python_of(version: str) -> str | None:
    """Return a Python of a version that can make environments; None if this machine has none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    named = map(str, sorted(root.glob(f"versions/{version}.*/bin/python")))
    for python in (sys.executable, shutil.which(f"python{version}") or sys.executable, *named):
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return python
    return None


def install(python: str, package: Path, env: Path) -> Path:
    """Install a package into an empty environment, and read an example there; return its Python.

    Raises:
        RefusedError: If it cannot be installed, needs what is not there, or reads nothing.
    """
    output_of(python, "-m", "venv", "--without-pip", env)
    own = env / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = sys.executable, "-m", "pip", "--python", own
    output_of(*pip, "install", "--quiet", "--no-compile", "-c", "constraints.txt", package)
    output_of(*pip, "check")
    outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    said = output_of(
        own.with_name("captchascope"), "read", "examples/1.jpeg", "--format", "csv", env=outside
    )
    if "examples/1.jpeg,964490," not in said:
        raise RefusedError(f"{package.name} reads examples/1.jpeg as:\n{said}")
    return own


def write_bill(python: Path, dist: Path, version: str, commit: str) -> None:
    """Write the bill of materials of an environment that the wheel was installed into.

    Raises:
        RefusedError: If it names a place of this machine.
    """
    pip = sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"
    # By its name, as what was installed by its path is listed with that.
    output_of(
        *pip, "--force-reinstall", "--no-index", "--find-links", dist, f"captchascope=={version}"
    )
    path = dist / f"captchascope-{version}.cdx.json"
    env = dated(commit)
    tool = sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"
    output_of(*tool, "--pyproject", "pyproject.toml", "-o", path, python, env=env)
    bill = json.loads(path.read_text(encoding="utf-8"))
    bill["metadata"]["component"]["version"] = version  # the tool takes none that is dynamic
    text = json.dumps(bill, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
    here = [folder for folder in (Path.home(), ROOT, python.parents[1]) if folder.name]
    if "file:" in text or any(str(folder) in text for folder in here):
        path.unlink()
        raise RefusedError("the bill of materials names a place of this machine")


def write_sums(dist: Path) -> None:
    """Write SHA256SUMS, as ``sha256sum --check`` takes it."""
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(dist.iterdir())
    ]
    (dist / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


def try_everywhere(packages: list[Path], place: Path) -> Path:
    """Install each package into an empty environment of every Python that is here, and read there.

    Returns:
        The Python of the first environment that has the wheel.

    Raises:
        RefusedError: If one cannot be installed, or reads nothing.
    """
    first: dict[str, Path] = {}
    for version in PYTHONS:
        if (python := python_of(version)) is None:
            print(f"Python {version}: none on this machine, nothing was tried with it")
            continue
        for package in packages:
            own = install(python, package, place / f"{version}-{package.suffix[1:]}")
            first.setdefault(package.suffix, own)
        told = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
        print(f"{told.strip()}: installs wheel and sdist, and reads")
    if ".whl" not in first:
        raise RefusedError(f"there is none of Python {', '.join(PYTHONS)} here; install one")
    return first[".whl"]


def pack(version: str, commit: str, place: Path) -> Path:
    """Build, check, try and sum what is released of a commit; return the folder that has it.

    Raises:
        RefusedError: If anything is wrong with it.
    """
    build(commit, place)
    dist = place / "dist"
    packages = sorted(dist.iterdir())
    output_of(sys.executable, "-m", "twine", "check", "--strict", *packages)
    (wheel,) = dist.glob(f"captchascope-{version}-*.whl")
    output_of(sys.executable, "-m", "check_wheel_contents", wheel)
    for package in packages:
        print(f"{package.name}: {package.stat().st_size:,} bytes")
    write_bill(try_everywhere(packages, place), dist, version, commit)
    write_sums(dist)
    return dist


def tag(version: str, commit: str, notes: str) -> None:
    """Tag a commit with what the changelog says of the version; nothing is pushed."""
    told = f"captchascope {version}\n\n{notes}"
    # Without the cleanup, git would leave out headings as comments.
    git("tag", "--annotate", "--cleanup=whitespace", f"v{version}", commit, "--message", told)


def release(dry: bool) -> None:
    """Make what is released, put it into ``dist/``, and tag the commit.

    Raises:
        RefusedError: If anything is wrong; then there is no tag.
    """
    version, commit, notes = releasable()
    print(f"captchascope {version}, commit {commit[:12]}")
    with TemporaryDirectory() as place:
        dist = pack(version, commit, Path(place))
        shutil.rmtree(DIST, ignore_errors=True)
        shutil.copytree(dist, DIST)
    if dry:
        print(f"dist/ is whole; without --dry-run this would be v{version}")
        return
    tag(version, commit, notes)
    print(
        f"v{version} is tagged; git push origin v{version} publishes the tag, dist/ has the files"
    )


def main() -> None:
    """Take the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dry-run", action="store_true", help="all but the tag")
    parser.add_argument("--tested", choices=["begin", "end"], help="note it, for make check")
    given = parser.parse_args()
    try:
        if given.tested:
            note_tested(given.tested == "end")
        else:
            release(given.dry_run)
    except RefusedError as refusal:
        sys.exit(f"release: {refusal}")


if __name__ == "__main__":
    main()

"""What is published: the wheel, installed into an empty environment of every Python, offline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import captchascope
import release
from captchascope.generate import typefaces

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[1]
LARGEST = 25_000_000  # bytes of a wheel

FONT_PAPERS = ("Apache-2.0.txt", "DejaVu.txt", "FONTS.md", "OFL.txt")

NEEDED = [
    "captchascope/py.typed",
    "captchascope/models/metu-glyphs.onnx",
    "captchascope/schemes/metu.toml",
    *(f"captchascope/generate/fonts/{name}" for name in FONT_PAPERS),
    "captchascope/generate/fonts/captchascope-digits.ttf",
    *(f"captchascope/generate/fonts/{file}" for file in typefaces.font_files().values()),
    "captchascope/draw/report.html",
    *(
        f"captchascope/audit/report/html/{name}.html"
        for name in ("frame", "macros", "ranking", "report")
    ),
    "captchascope/audit/report/html/style.css",
    "captchascope/generate/families.toml",
    *(f"captchascope/practice/html/{name}" for name in ("frame.html", "style.css", "refresh.js")),
]

NO_NETWORK = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Max retries exceeded"
    "|Temporary failure in name resolution|Name or service not known|Network is unreachable"
)
"""What pip says where it cannot fetch; everything else that it says is a failure."""

OFFLINE = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
"""
"""As ``sitecustomize``, it makes any use of the network an error."""


def output_of(*command: object, cwd: Path | None = None, offline: Path | None = None) -> str:
    """Run a command in a clean environment and return what it says.

    It fails the test with all that was said, or skips it where the network was missing.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env |= {"PYTHONPATH": str(offline)} if offline else {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode and not offline and NO_NETWORK.search(done.stdout):
        pytest.skip(f"the package registry cannot be reached: {command}")
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an sdist from a copy of the project, and the wheel from the sdist."""
    copy, dist = tmp_path_factory.mktemp("copy") / "project", tmp_path_factory.mktemp("dist")
    made = ".venv*", ".git", ".*_cache", ".coverage", "__pycache__", "dist"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*made))
    output_of(sys.executable, "-m", "build", "--outdir", dist, copy)
    return dist


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """Return the wheel."""
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_holds_all_that_it_needs(wheel: Path) -> None:
    """Models, schemes, fonts with their licence, the page, the types; every module; no tests."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    own = {name for name in names if ".dist-info/" not in name}
    source = ROOT / "src"
    modules = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    assert own >= {*NEEDED, *modules}
    assert {name.split("/")[0] for name in own} == {"captchascope"}
    assert not [name for name in own if "__pycache__" in name]
    licences = sorted(name.rpartition("licenses/")[2] for name in names if "licenses/" in name)
    fonts = [f"src/captchascope/generate/fonts/{name}" for name in FONT_PAPERS]
    assert licences == ["LICENSE", *fonts]


def test_the_wheel_is_small(wheel: Path) -> None:
    """25 megabytes at most, for any Python and any machine."""
    assert wheel.stat().st_size <= LARGEST
    assert wheel.name == f"captchascope-{captchascope.__version__}-py3-none-any.whl"


def test_the_sdist_is_complete(built: Path) -> None:
    """The wheel was built from it; it brings tests and examples too."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {f"src/{name}" for name in NEEDED}
    assert names >= {"README.md", "LICENSE", "pyproject.toml", "tests/test_wheel.py"}
    assert "examples/1.jpeg" in names
    assert sdist.stat().st_size <= LARGEST


def python_of(version: str) -> str:
    """Return a Python of a version that can make environments, or skip the test."""
    return release.python_of(version) or pytest.skip(f"no Python {version} on this machine")


@pytest.mark.parametrize("version", release.PYTHONS)
def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path, version: str) -> None:
    """Installed from the registry, it reads, generates and draws offline, as it does here."""
    output_of(python_of(version), "-m", "venv", "--without-pip", tmp_path / "env")
    bin_folder = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python, command = bin_folder / "python", bin_folder / "captchascope"
    pip = sys.executable, "-m", "pip", "--python", python  # one of its own takes seconds to make
    output_of(*pip, "install", "--no-compile", "-c", ROOT / "constraints.txt", wheel)
    output_of(*pip, "check")

    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "sitecustomize.py").write_text(OFFLINE)

    def run(*arguments: object) -> str:
        return output_of(*arguments, cwd=tmp_path, offline=tmp_path / "offline")

    hooked = "import sys; print(hasattr(sys.modules['sitecustomize'], 'refuse'))"
    assert run(python, "-c", hooked) == "True\n"
    assert run(command, "--version") == f"captchascope {captchascope.__version__}\n"
    rows = [row.split("\t") for row in run(command, "read", "examples").splitlines()]
    reader = captchascope.load()
    assert len(rows) == 12
    for name, text, _ in rows:
        assert text == reader.read(ROOT / name).text
    code = "import captchascope; print(captchascope.load().read('examples/1.jpeg').text)"
    assert run(python, "-c", code) == f"{rows[0][1]}\n"
    run(command, "generate", "metu", "made", "--count", "2")
    run(command, "explain", "made/2.jpeg", "-o", "stages.png")
    assert (tmp_path / "stages.png").stat().st_size > 10_000
    missing = subprocess.run(
        [command, "train", "made", "-o", "m.onnx"], cwd=tmp_path, capture_output=True, check=False
    )
    assert missing.returncode == 1
    assert missing.stderr.endswith(b"(pip install 'captchascope[train]')\n")

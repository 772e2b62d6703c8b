"""What runs the server elsewhere: Dockerfile, compose.yaml, and the unit of systemd in the docs.

No container is built here: it is what they say that is compared with the program.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
from configparser import RawConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from captchascope import __version__
from captchascope.cli.serve import serve_command

pytest.importorskip("fastapi")

from captchascope.web import about, server
from captchascope.web.settings import Settings
from web.serving import serving

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
DOCS = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
KNOWN = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "EXPOSE", "STOPSIGNAL"}
KNOWN |= {"HEALTHCHECK", "ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """Return the lines of the Dockerfile: what to do, and with what."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    whole = re.sub(r"\\\n\s*", "", re.sub("^#.*\n", "", text, flags=re.MULTILINE))
    lines = [line.partition(" ") for line in whole.splitlines() if line]
    return [(name, rest) for name, _, rest in lines]


def of(name: str) -> list[str]:
    """Return what all the instructions of a name say."""
    return [rest for each, rest in instructions() if each == name]


def command_of(arguments: list[str]) -> dict[str, object]:
    """Return what the command line makes of the arguments of ``captchascope serve``."""
    return dict(serve_command.make_context("serve", arguments, obj=None).params)


def test_the_base_of_every_stage_is_an_argument() -> None:
    """Which takes a digest; what is said of it after its stage has begun is none of the stage's."""
    assert {name for name, _ in instructions()} == KNOWN
    assert instructions()[0] == ("ARG", "BASE=python:3.13-slim")
    assert of("FROM") == ["${BASE} AS build", "${BASE}"]
    assert "BASE: ${BASE:-python:3.13-slim}" in COMPOSE
    assert "--build-arg BASE=python:3.13-slim@sha256:" in DOCS


def test_the_image_says_its_version_and_build() -> None:
    """In its labels, as OCI names them, and in the variable that the server tells."""
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\S+)="([^"]*)"', of("LABEL")[0]))
    assert {"title", "description", "licenses"} < labels.keys()
    assert (labels["version"], labels["revision"]) == ("${VERSION}", "${BUILD}")
    assert labels["base.name"] == "${BASE}"
    assert f"VERSION={__version__}" in of("ARG")
    assert f"{about.BUILD}=${{BUILD}}" in of("ENV")[0].split()


def test_the_image_is_built_of_what_is_there() -> None:
    """No file that is copied is missing, nor kept from the builder."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    sources = [word for line in of("COPY") if "--from" not in line for word in line.split()[:-1]]
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
        assert not any(fnmatch(source, rule) for rule in ignored[1:])
    (installed,) = [line for line in of("RUN") if "pip install" in line]
    assert re.search(r"-c constraints\.txt '\.\[web\]' ", installed)


def test_what_the_image_runs_is_a_command_that_there_is() -> None:
    """On the port that is exposed, as a user without rights, open to others but for the token."""
    program, command, *arguments = json.loads(of("ENTRYPOINT")[0]) + json.loads(of("CMD")[0])
    given = command_of(arguments)
    assert [program, command, str(given["port"])] == ["captchascope", "serve", of("EXPOSE")[0]]
    user, _, group = of("USER")[0].partition(":")
    assert user == group
    assert f"--uid {user} " in of("RUN")[1]
    (line,) = re.findall(r"^    command: (\[.*\])$", COMPOSE, re.MULTILINE)
    composed = command_of(json.loads(line))
    assert {**composed, "workers": 1} == given
    assert f'user: "{user}:{group}"' in COMPOSE
    assert f":{given['port']}" in re.findall(r'- "(127\.0\.0\.1:.*)"', COMPOSE)[0]
    assert Path(str(given["token_file"])).parent.as_posix() == "/run/secrets"
    assert f"- {Path(str(given['token_file'])).name}\n" in COMPOSE
    assert seconds_of(r"stop_grace_period: (\d+)s", COMPOSE) > server._PATIENCE


def seconds_of(pattern: str, text: str) -> int:
    """Return the number that a pattern finds."""
    (found,) = re.findall(pattern, text)
    return int(found)


def test_the_health_check_tells_a_server_that_reads_from_none() -> None:
    """The very line of the Dockerfile, but for the port, and the patience with a busy machine."""
    check = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert f":{of('EXPOSE')[0]}/" in check[2]

    def status(port: int) -> int:
        here = check[2].replace(":8000/", f":{port}/").replace("timeout=4", "timeout=60")
        line = [check[1], here]
        told = subprocess.run([sys.executable, *line], stderr=subprocess.DEVNULL, check=False)
        return told.returncode

    with serving(Settings(models=("metu",))) as served:
        assert status(served.port) == 0
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # where nobody else can listen now
        assert status(deaf.getsockname()[1]) == 1


@pytest.fixture
def unit() -> RawConfigParser:
    """Take the unit of the docs."""
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    (text,) = re.findall("```ini\n(.*?)```", DOCS, re.DOTALL)
    parser.read_string(text)
    return parser


def test_the_unit_runs_a_command_that_there_is(unit: RawConfigParser) -> None:
    """And gives it more time to end than it takes."""
    program, command, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert (Path(program).name, command) == ("captchascope", "serve")
    assert command_of(arguments)["host"] == "127.0.0.1"
    assert int(unit["Service"]["TimeoutStopSec"]) > server._PATIENCE + 5


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_knows_all_that_the_unit_says(unit: RawConfigParser, tmp_path: Path) -> None:
    """It says of what it does not know that it ignores it."""
    program, _, _ = unit["Service"]["ExecStart"].partition(" ")
    line = unit["Service"]["ExecStart"].replace(program, sys.executable)  # it must be there
    unit["Service"]["ExecStart"] = line
    path = tmp_path / Path(re.findall("# (/etc/systemd/system/.*)", DOCS)[0]).name
    with path.open("w", encoding="utf-8") as file:
        unit.write(file, space_around_delimiters=False)
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False
    )
    faults = re.findall("^.*(?:Unknown|Invalid|Failed to parse).*$", said.stderr, re.MULTILINE)
    assert [fault for fault in faults if path.name in fault] == []

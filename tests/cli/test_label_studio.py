"""captchascope label-studio: how it begins, ends and refuses; tests/web/label_studio has more."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from cli.commands import TIMEOUT, Cli, ended, one_line, start

pytest.importorskip("fastapi", reason="needs the extra 'label-studio'")
pytest.importorskip("httpx", reason="needs the extra 'label-studio'")

SAID = re.compile(r"listening on (http://127\.0\.0\.1:\d+/)\n")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.usefixtures("place")
def test_it_serves_until_it_is_told_to_end() -> None:
    """It says where, is healthy from then on, and tells of an image that it cannot have."""
    process = start("label-studio", "--port", 0, "--model", "metu", "--files", "captchas")
    assert process.stdout is not None
    said = SAID.fullmatch(process.stdout.readline().decode())
    assert said, ended(process)
    with urllib.request.urlopen(f"{said[1]}health", timeout=TIMEOUT) as answer:
        assert json.load(answer)["status"] == "UP"
    config = '<View><Image name="i" value="$i"/><TextArea name="label" toName="i"/></View>'
    address = "/data/local-files/?d=../secret.jpeg"
    asked = {"tasks": [{"id": 7, "data": {"i": address}}], "label_config": config}
    with urllib.request.urlopen(
        f"{said[1]}predict", json.dumps(asked).encode(), timeout=TIMEOUT
    ) as answer:
        assert json.load(answer)["results"][0]["result"] == []
    process.send_signal(signal.SIGTERM)
    assert ended(process).errors == [
        "captchascope: task 7: has its image at ../secret.jpeg, which leads outside the folder "
        "(copy it into the folder)"
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--files", "none"], "--files: none is no folder (name one)"),
        (
            ["--label-studio-url", "localhost:8080"],
            "--label-studio-url: localhost:8080 is no address (write http://localhost:8080)",
        ),
        (
            ["--label-studio-url", "http://one:two@localhost"],
            "--label-studio-url: http://one:two@localhost is no address "
            "(write http://localhost:8080)",
        ),
        (
            ["--label-studio-token-file", "token.txt"],
            "--label-studio-token-file: is shown to nobody (--label-studio-url says where)",
        ),
        (["--model", "metu", "--charset", "xyz"], "--charset: "),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(
    cli: Cli, place: Path, arguments: list[str], line: str
) -> None:
    """Before anything is served; the option is named as it was written."""
    (place / "token.txt").touch(mode=0o600)
    (place / "token.txt").write_text("correct-horse-battery")
    said = one_line(cli("label-studio", *arguments), 2)
    assert said.startswith(line)


def test_without_its_packages(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is what mends it."""
    monkeypatch.setitem(sys.modules, "httpx", None)  # as find_spec sees what is not there
    line = one_line(cli("label-studio"), 1)
    assert line.endswith("(pip install 'captchascope[label-studio]')")

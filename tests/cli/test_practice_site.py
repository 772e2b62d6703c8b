"""captchascope practice-site: how it begins and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cli.commands import Cli, ended, one_line, start

pytest.importorskip("fastapi", reason="needs the extra 'collect'")

ALONE = re.compile(r"listening on (http://127\.0\.0\.1:(\d+)/)\n")


def started(*options: object) -> tuple[subprocess.Popen[bytes], str, int]:
    """Start the command on a free port; return it with its address and port once it listens."""
    process = start("practice-site", "--port", 0, *options)
    assert process.stdout is not None
    match = ALONE.fullmatch(process.stdout.readline().decode())
    assert match, ended(process)
    return process, match[1], int(match[2])


def fetch(url: str) -> bytes:
    """Ask for what is at an address."""
    with urllib.request.urlopen(url) as response:
        content: bytes = response.read()
    return content


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_it_serves_until_it_is_interrupted(place: Path) -> None:
    """Ctrl-C ends it like any command; what was served is written down, and not in the log."""
    process, url, _ = started("-v", "--answers", "answers.csv")
    image = fetch(f"{url}captcha.jpeg")
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.status, done.out) == (130, "")
    assert done.errors == [
        "GET /captcha.jpeg 200",
        "captchascope: interrupted: nothing is left half done",
    ]
    assert image.startswith(b"\xff\xd8")
    assert len((place / "answers.csv").read_text().splitlines()) == 2


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_it_ends_quietly_when_it_is_stopped(place: Path) -> None:
    """Even with a visitor who has to wait longer than anybody is patient."""
    process, url, port = started("--delay", "10m")
    with socket.create_connection(("127.0.0.1", port)) as waiting:
        waiting.sendall(b"GET /captcha.jpeg HTTP/1.1\r\nHost: x\r\n\r\n")
        fetch(f"{url}robots.txt")
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert (done.status, done.out, done.errors) == (128 + signal.SIGTERM, "", [])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="all of 127.* is here on Linux")
def test_it_listens_to_this_machine_alone(place: Path) -> None:
    """On the address that it prints and no other; its port cannot be taken a second time."""
    _, _, port = started()
    with socket.create_connection(("127.0.0.1", port)):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port))
    line = one_line(ended(start("practice-site", "--port", port)), 1)
    assert line == (
        f"port {port}: is taken (choose another with --port, or --port 0 for one that is free)"
    )


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_ends_it_before_an_image_goes_out(place: Path) -> None:
    """Nobody may have an image without its answer."""
    process = start("practice-site", "--port", 0, "--answers", "answers.csv", file_size=60)
    assert process.stdout is not None
    url = process.stdout.readline().decode().split()[-1]
    with pytest.raises(urllib.error.HTTPError, match="500"):
        fetch(f"{url}captcha.jpeg")
    assert one_line(ended(process), 1).startswith("answers.csv: cannot be written: ")
    assert (place / "answers.csv").read_text() == "sha256,label\n"


@pytest.mark.parametrize(
    ("options", "status", "named"),
    [
        (["--faults", "404=5%"], 2, "--faults: no kind '404' (known are 503, 429, truncated"),
        (["--faults", "html=5"], 2, "--faults: html needs a share from 0% to 100%, not '5'"),
        (["--scheme", "none"], 2, "none: is no scheme that can be generated (choose one of metu"),
        (["--seed", "-1"], 2, "--seed: must be at least 0"),
        (["--port", "70000"], 2, "invalid value for '--port'"),
        (["--rate-limit", "0"], 2, "invalid value for '--rate-limit'"),
        (["--delay", "nan"], 2, "invalid value for '--delay'"),
        (["--robots", "maybe"], 2, "invalid value for '--robots'"),
        (["--host", "0.0.0.0"], 2, "no such option '--host'"),
        (["--answers", "captchas"], 1, "captchas: cannot be written: Is a directory"),
        (["--answers", "captchas/labels.csv"], 1, "labels.csv: is there, and no file of answers"),
    ],
)
def test_what_cannot_be_is_one_line(cli: Cli, options: list[str], status: int, named: str) -> None:
    """It is said before the site listens."""
    assert named in one_line(cli("practice-site", "--port", "0", *options), status)


def test_without_its_packages(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says how to get them."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert one_line(cli("practice-site"), 1) == (
        "practice-site: needs the packages of the extra 'collect' "
        "(pip install 'captchascope[collect]')"
    )

"""The access log: a line for each request, and nothing in it that is nobody's business."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from captchascope.web.access import log_request
from captchascope.web.settings import Settings
from web.label.server import Served
from web.serving import TIMEOUT, serving

TOKEN = "correct-horse-battery"
LINE = re.compile(
    r'(?P<client>\S+) - - \[(?P<time>[^]]+)\] "(?P<request>[!-~ ]*)" (?P<status>\d{3}) '
    r"(?P<bytes>\d+) (?P<seconds>\d+\.\d{3}|-)"
)


def logged(text: str) -> list[re.Match[str]]:
    """Return the lines of a log, each of which must be one."""
    assert text.isascii()
    lines = [LINE.fullmatch(line) for line in text.split("\n")[:-1]]
    assert all(lines), text
    return [line for line in lines if line]


def asked(port: int, sent: bytes) -> None:
    """Send bytes, and wait until the server has answered and hung up."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection, suppress(OSError):
        connection.sendall(sent)
        while connection.recv(4096):
            pass


def test_a_request_is_a_line_without_what_it_holds(
    captchas: list[bytes], labels: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Client, time, method, path, status, bytes and seconds; no query, token, name or text."""
    settings = Settings(models=("metu",), token=TOKEN, access_log=True)
    secrets = [TOKEN, "Bearer", "charset", "0-9", "secret-name", "cookie-of-somebody", labels[0]]
    with serving(settings) as served, httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": "captchascope=cookie-of-somebody"}
        sent = {"image": ("secret-name.jpeg", captchas[0])}
        read = client.post("/v1/read?charset=0-9", files=sent, headers=headers)
        assert read.json()["readings"][0]["text"] == labels[0]
        client.head("/static/style.css")
        client.get(f"/nowhere?token={TOKEN}")
        client.post("/login", data={"token": TOKEN})
    err = capfd.readouterr().err
    lines = logged(err)
    assert [(line["request"], line["status"]) for line in lines] == [
        ("POST /v1/read HTTP/1.1", "200"),
        ("HEAD /static/style.css HTTP/1.1", "200"),
        ("GET /nowhere HTTP/1.1", "401"),
        ("POST /login HTTP/1.1", "303"),
    ]
    assert [int(line["bytes"]) for line in lines[:2]] == [len(read.content), 0]
    assert all(line["client"] == "127.0.0.1" for line in lines)
    assert all(datetime.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z") for line in lines)
    assert not [secret for secret in secrets if secret in err]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (b"/a%0d%0ab", "/a%0d%0ab"),
        (b"/a\r\n127.0.0.1 - -", r"/a\x0D\x0A127.0.0.1\x20-\x20-"),
        (b'/" 200 1 \\\x1b[31m', r"/\x22\x20200\x201\x20\x5C\x1B[31m"),
        (b"/\xc3\xa9\xff\x00", r"/\xC3\xA9\xFF\x00"),
        (b"/a?token=b", "/a"),
        (b"/" + b"x" * 5000, "/" + "x" * 999 + "..."),
    ],
)
def test_nobody_can_write_a_line_of_their_own(
    path: bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a path or address is made of; a long one is cut, lest two workers' lines mix."""
    request = {"raw_path": path, "method": "GET", "http_version": "1.1", "client": ("\n\u202e", 1)}
    log_request(request, 404, 0, 0.0)
    (line,) = logged(capsys.readouterr().err)
    assert line["request"] == f"GET {told} HTTP/1.1"
    assert line["client"] == r"\x0A\xE2\x80\xAE"


def test_what_is_refused_before_it_is_a_request_is_logged_and_counted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its method, path and seconds are not known: nonsense, and a head that is too long."""
    with serving(Settings(models=("metu",), access_log=True)) as served:
        asked(served.port, b"\x16\x03\x01\x02nonsense\r\n\r\n")
        asked(served.port, b"GET /" + b"x" * 200_000)
        told = httpx.get(f"{served.url}/metrics", timeout=TIMEOUT).text
    lines = logged(capfd.readouterr().err)
    refused = [line["status"] for line in lines if line["request"] == line["seconds"] == "-"]
    assert refused == ["400", "431"]
    for status in refused:
        assert f'captchascope_requests_total{{path="other",status="{status}"}} 1.0' in told


def test_label_logs_with_v(tmp_path: Path, captchas: list[bytes]) -> None:
    """As serve does: the option is the command line's own."""
    (tmp_path / "1.jpeg").write_bytes(captchas[0])
    server = Served(tmp_path, "--model", "metu", "--no-retrain", "-v")
    assert httpx.get(server.url, timeout=TIMEOUT).status_code == 200
    server.stop()
    assert [line for line in server.heard.splitlines() if LINE.fullmatch(line)]

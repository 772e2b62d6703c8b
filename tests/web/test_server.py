"""The server as a process: how it starts, ends, and keeps its workers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from captchascope import __version__
from captchascope.cli.app import run_command_line
from captchascope.reader import model_path
from captchascope.web.settings import Limits, Settings
from ending import end
from web.serving import TIMEOUT, children_of, serving, sockets_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")

JPEG = {"Content-Type": "image/jpeg"}
FIGURES = (
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_start_time_seconds",
)


@contextmanager
def command(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``captchascope serve`` until the block ends; yield it and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "captchascope", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("listening on http://")
            yield process, said.split()[-1].rstrip("/")
        finally:
            end(process)


def wait_for(url: str) -> httpx.Response:
    """Return the first answer of a path that is none of 503."""
    until = time.monotonic() + TIMEOUT
    while (response := httpx.get(url, timeout=TIMEOUT)).status_code == 503:
        assert time.monotonic() < until
        time.sleep(0.05)
    return response


def test_what_was_taken_in_is_answered_after_sigterm(captchas: list[bytes]) -> None:
    """Requests that are being read, and one whose body is still arriving; then it exits with 0."""
    with serving(Settings()) as served, ExitStack() as stack:
        slow, *others = [
            stack.enter_context(socket.create_connection(("127.0.0.1", served.port), TIMEOUT))
            for _ in range(3)
        ]
        many = json.dumps({"images": [b64encode(image).decode() for image in captchas * 5]})
        head = "POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {}\r\n"
        head += "Content-Length: {}\r\n\r\n"
        body = captchas[0]
        slow.sendall(head.format("image/jpeg", len(body)).encode() + body[:100])
        for one in others:
            one.sendall((head.format("application/json", len(many)) + many).encode())
        served.process.send_signal(signal.SIGTERM)
        slow.sendall(body[100:])
        for one in (slow, *others):
            assert one.recv(100).startswith(b"HTTP/1.1 200")
        assert served.process.wait(TIMEOUT) == 0


def test_while_it_drains_it_answers_and_says_that_it_is_not_ready(captchas: list[bytes]) -> None:
    """So that a load balancer sends others elsewhere, and nobody is turned away."""
    with (
        serving(Settings(drain=600)) as served,
        httpx.Client(base_url=served.url, timeout=TIMEOUT) as client,
    ):
        served.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + TIMEOUT
        while (ready := client.get("/readyz")).status_code == 200:
            assert time.monotonic() < until
        assert (ready.status_code, ready.json()["detail"]) == (503, "the server is stopping")
        assert client.get("/healthz").status_code == 200
        answer = client.post("/v1/read", content=captchas[0], headers=JPEG)
        assert answer.status_code == 200
        served.process.send_signal(signal.SIGTERM)  # enough
        assert served.process.wait(TIMEOUT) == 0


def test_the_command_says_where_it_listens_and_ends_with_0() -> None:
    """On one line, and nothing more."""
    with command("--port", 0) as (process, url):
        assert wait_for(f"{url}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0


def test_ctrl_c_ends_it_with_130() -> None:
    """As every command."""
    with command("--port", 0) as (process, _):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 130
        assert said.strip() == "captchascope: interrupted: nothing is left half done"


def test_workers_share_a_port_and_their_figures_and_are_replaced(captchas: list[bytes]) -> None:
    """One that is killed is missed by nobody; all end together."""
    with command("--port", 0, "--workers", 2) as (process, url):
        before = children_of(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        assert process.stderr is not None
        assert "another takes its place" in process.stderr.readline()
        wait_for(f"{url}/readyz")
        for data in captchas:
            answer = post_when_ready(f"{url}/v1/read", data)
            assert answer.status_code == 200
        counted = 'captchascope_images_total{outcome="read"} 12.0'
        until = time.monotonic() + TIMEOUT
        while True:  # until the new worker has begun to count, which may have answered nobody yet
            told = httpx.get(f"{url}/metrics", timeout=TIMEOUT).text
            if told.count("process_open_fds{") == 2:
                break
            assert time.monotonic() < until
        assert counted in told
        after = children_of(process.pid)
        for figure in FIGURES:
            each = dict(re.findall(rf'^{figure}{{pid="(\d+)"}} (\S+)$', told, re.MULTILINE))
            assert each.keys() == {str(pid) for pid in after}
            assert all(float(value) > 0 for value in each.values())
        (running,) = re.findall("^captchascope_build_info{(.*)} 1.0$", told, re.MULTILINE)
        assert f'version="{__version__}"' in running
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
    assert not any(Path(f"/proc/{child}").exists() for child in (*before, *after))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all workers share one socket")
def test_connections_are_dealt_out_among_the_workers() -> None:
    """Fifty that stay open: by chance a worker has less than ten once in a hundred thousand times.

    A second server is refused the port all the same.
    """
    with command("--port", 0, "--workers", 2) as (process, url), ExitStack() as stack:
        workers = children_of(process.pid)
        before = [sockets_of(worker) for worker in workers]
        port = int(url.rpartition(":")[2])
        for _ in range(50):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        now = [sockets_of(worker) for worker in workers]
        assert min(more - less for more, less in zip(now, before, strict=True)) >= 10
        for number in ("1", "2"):
            assert run_command_line(["serve", "--port", str(port), "--workers", number]) == 1


def post_when_ready(url: str, data: bytes) -> httpx.Response:
    """Post an image; again where a worker has not opened its models yet."""
    until = time.monotonic() + TIMEOUT
    while (
        answer := httpx.post(url, content=data, headers=JPEG, timeout=TIMEOUT)
    ).status_code == 503:
        assert time.monotonic() < until
        time.sleep(0.05)
    return answer


def test_what_cannot_be_served_is_said_at_once(
    token_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage is 2, and all else 1: one line each, with what to do."""
    token_file.chmod(0o644)
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for status, arguments, said in (
            (2, ["--host", "0.0.0.0"], "--token-file"),
            (2, ["--token-file", str(token_file)], "chmod 600"),
            (2, ["--model", "metu", "--model", "metu"], "rename"),
            (1, ["--model", str(tmp_path / "bad.onnx")], "bad.onnx"),
            (1, ["--port", str(taken.getsockname()[1])], "is taken"),
            (1, ["--host", "192.0.2.7", "--token-file", str(token_file)], "cannot be had"),
        ):
            if status == 1:
                token_file.chmod(0o600)
            assert run_command_line(["serve", *arguments]) == status
            told = capsys.readouterr()
            assert told.out == ""
            assert said in told.err
            assert told.err.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
@pytest.mark.parametrize(("gone", "status"), [("model", 1), ("worker", -signal.SIGKILL)])
def test_a_worker_that_ends_at_its_start_ends_all(tmp_path: Path, gone: str, status: int) -> None:
    """Whether it is killed, or misses the model that was there a moment ago; none is left."""
    model = Path(shutil.copy(model_path("metu-glyphs"), tmp_path / "mine.onnx"))
    command = [sys.executable, "-m", "captchascope", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        [*command, "--model", str(model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            until = time.monotonic() + TIMEOUT
            while not (children := children_of(process.pid)):  # they take a second to begin
                assert time.monotonic() < until
            if gone == "model":
                model.unlink()
            else:
                os.kill(children[0], signal.SIGKILL)
            out, err = process.communicate(timeout=TIMEOUT)
        except BaseException:
            end(process)
            raise
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1] == (
        f"captchascope: serve: a worker ended with {status} at its start"
    )
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_bodies_beyond_the_limit_are_refused_as_they_arrive() -> None:
    """Also where nobody said how long they would be; all together have a limit, too."""
    limits = Limits(body=10_000, bodies=15_000)
    with serving(Settings(limits=limits)) as served:
        url = f"{served.url}/v1/read"
        long = httpx.post(url, content=b"x" * 10_001, headers=JPEG, timeout=TIMEOUT)
        assert long.status_code == 413
        endless = httpx.post(url, content=iter([b"x" * 6000] * 2), headers=JPEG, timeout=TIMEOUT)
        assert endless.status_code == 413
        with socket.create_connection(("127.0.0.1", served.port)) as other:
            head = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            other.sendall(head + b"Content-Length: 9000\r\n\r\nx")
            until = time.monotonic() + TIMEOUT
            while (
                much := httpx.post(url, content=b"x" * 9000, headers=JPEG, timeout=TIMEOUT)
            ).status_code != 503:
                assert time.monotonic() < until
            assert int(much.headers["retry-after"]) >= 1
        until = time.monotonic() + TIMEOUT
        while (
            httpx.post(url, content=b"x" * 9000, headers=JPEG, timeout=TIMEOUT).status_code != 422
        ):
            assert time.monotonic() < until

"""Servers side by side: how long each waits for slow clients, and what a request costs it.

    python -m venv V && V/bin/pip install granian hypercorn uvicorn httptools uvloop
    python bench/servers.py --bin V/bin

Each serves an app that gives back what it gets, in one process, with the times set to 10 seconds
for a request and 5 between two wherever it has an option: ours (the whole of
``captchascope serve``), uvicorn alone, granian, hypercorn, and nginx before uvicorn where it is
installed. Prints when the last of four clients of each kind was gone, all kinds at once, what
ambiguous requests are answered with, and the rate and processor time of the echo, the servers in
turn. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from captchascope.web.settings import Limits
from running import table
from slow_clients import Kind, kinds_of, last_of
from soak_web import one_after_the_other

_LIMITS = Limits(seconds=10, idle=5)
_COUNT = 4  # clients of a kind
_ROUNDS, _SECONDS = 3, 5.0  # of the echo

_APP = """
LONG = b"x" * 2**24

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while scope:
            done = await receive()
            await send({"type": done["type"] + ".complete"})
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    body = LONG if scope["path"].startswith("/static") else body
    length = str(len(body)).encode()
    start = {"type": "http.response.start", "status": 200}
    await send({**start, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})
"""

_OURS = """
import sys
from captchascope.web.server import serve_app
from captchascope.web.settings import Limits, Settings

if __name__ == "__main__":
    limits = Limits(seconds=10, idle=5)
    serve_app(Settings(port=int(sys.argv[1]), echo=True, limits=limits), print)
"""

_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_header_timeout 10; client_body_timeout 10; send_timeout 10;
  keepalive_timeout 5; large_client_header_buffers 4 4k; client_max_body_size 16m;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; proxy_buffering off;
  upstream app {{ server 127.0.0.1:{behind}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""

_HOST = b"Host: 127.0.0.1\r\n"
_AMBIGUOUS = {
    "two Hosts": b"GET / HTTP/1.1\r\n" + _HOST * 2 + b"\r\n",
    "a target with a host": b"GET http://127.0.0.1/ HTTP/1.1\r\n" + _HOST + b"\r\n",
    "6,000 zeros before a length": b"POST /v1/echo HTTP/1.1\r\n"
    + _HOST
    + b"Content-Length: %s1\r\n\r\nx" % (b"0" * 6000),
    "a length and chunks": b"POST /v1/echo HTTP/1.1\r\n" + _HOST + b"Content-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + _HOST + b"X: a\r\n b\r\n\r\n",
    "20,000 bytes of headers": b"GET / HTTP/1.1\r\n" + _HOST + b"X: %s\r\n\r\n" % (b"x" * 20_000),
    "300,000 bytes about a chunk": b"POST /v1/echo HTTP/1.1\r\n"
    + _HOST
    + b"Transfer-Encoding: chunked"
    b"\r\n\r\n1;%s\r\nx\r\n0\r\n\r\n" % (b"x" * 300_000),
}


def commands(folder: Path, where: Path) -> dict[str, list[str]]:
    """Return what starts each server; PORT stands for its port."""
    plain = [str(where / "uvicorn"), "echo:app", "--http", "httptools", "--loop", "uvloop"]
    plain += ["--timeout-keep-alive", "5", "--log-level", "critical", "--port", "PORT"]
    granian = [str(where / "granian"), "echo:app", "--interface", "asgi", "--http", "1", "--no-ws"]
    granian += ["--loop", "uvloop", "--no-log", "--http1-header-read-timeout", "10000"]
    granian += ["--http1-buffer-size", "16384", "--port", "PORT"]
    hypercorn = [str(where / "hypercorn"), "echo:app", "--keep-alive", "5", "--worker-class"]
    hypercorn += ["uvloop", "--read-timeout", "10", "--bind", "127.0.0.1:PORT"]
    found = {
        "ours": [sys.executable, "-c", _OURS, "PORT"],
        "uvicorn": plain,
        "granian": granian,
        "hypercorn": hypercorn,
    }
    if nginx := shutil.which("nginx"):
        found["nginx, uvicorn"] = [nginx, "-c", str(folder / "nginx.conf")]
    return found


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[int]:
    """Run a server at a port until the block ends; yield its process."""
    paths = os.pathsep.join([str(folder), *sys.path])
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder) if "-c" not in command else paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
        yield process.pid
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def waits(port: int, kinds: dict[str, Kind]) -> list[str]:
    """Return when the last client of each kind was gone."""
    gone = await asyncio.gather(*(last_of(port, kind, _COUNT) for kind in kinds.values()))
    limits = (kind.within + 10 for kind in kinds.values())
    return [
        f"{late:.1f} s" if late < most else "never" for late, most in zip(gone, limits, strict=True)
    ]


def answered(port: int, sent: bytes) -> str:
    """Return the status that something is answered with."""
    with socket.create_connection(("127.0.0.1", port), 5) as client, suppress(OSError):
        client.sendall(sent)
        return client.recv(100)[9:12].decode("latin-1") or "closed"
    return "reset"


def processor_time(process: int) -> float:
    """Return the seconds that a process and its children have used."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    fields = (
        Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        for one in (str(process), *children)
    )
    return sum(int(ticks) for both in fields for ticks in both) / os.sysconf("SC_CLK_TCK")


def echo(port: int, processes: list[int]) -> tuple[float, float]:
    """Return how many echoes a server gives in a second, and the microseconds of each."""
    request = b"POST /v1/echo HTTP/1.1\r\n" + _HOST + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000
    before = sum(map(processor_time, processes))
    tally = asyncio.run(one_after_the_other(port, [request], _SECONDS))
    used = sum(map(processor_time, processes)) - before
    return tally.rate, 1e6 * used / max(1, tally.statuses[200])


def main() -> None:
    """Measure all, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bin", type=Path, required=True, help="where the others are installed")
    given = parser.parse_args()
    kinds = kinds_of(_LIMITS)
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "echo.py").write_text(_APP, encoding="utf-8")
        servers: dict[str, tuple[int, list[int]]] = {}
        for what, command in commands(folder, given.bin.absolute()).items():
            port, behind = free_port(), servers.get("uvicorn", (0, []))
            config = _NGINX.format(folder=folder, port=port, behind=behind[0])
            (folder / "nginx.conf").write_text(config, encoding="utf-8")
            process = stack.enter_context(running(command, port, folder))
            servers[what] = port, [process, *(behind[1] if "nginx" in what else [])]
        measure(servers, kinds)


def measure(servers: dict[str, tuple[int, list[int]]], kinds: dict[str, Kind]) -> None:
    """Print what each server does."""
    late = [asyncio.run(waits(port, kinds)) for port, _ in servers.values()]
    head = ["", *servers]
    rows = zip(kinds, *late, strict=True)
    print(table(head, [[*row] for row in rows]))
    print()
    statuses = [
        [what, *(answered(port, sent) for port, _ in servers.values())]
        for what, sent in _AMBIGUOUS.items()
    ]
    print(table(head, statuses))
    print()
    rounds = [
        [f"{rate:.0f}/s, {cost:.0f} us" for rate, cost in (echo(*one) for one in servers.values())]
        for _ in range(_ROUNDS)
    ]
    print(table(head, [["echo", *row] for row in rounds]))


if __name__ == "__main__":
    main()

"""Slow, silent and hostile clients: each is gone in time, and a good one does not notice.

    python bench/slow_clients.py [--count 512] [--kind never-reading ...]

For each kind as many clients as a worker keeps connections, one kind after the other and at last
all at once, each with two good clients beside them: one that keeps its connection and asks twenty
times a second, and one that has a captcha read on a new connection as often. Asked: the server has
closed every slow connection within its documented time (docs/serving.md), whatever its client
does, and 99 % of the good answers take less than 100 ms. Linux only: who holds a connection is
read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection as PipeEnd
from pathlib import Path

from captchascope.web.settings import Limits
from running import table
from soak_web import Connection, Tally, requests_to, served

_P99 = 100.0  # milliseconds
_SLACK = 2.0  # seconds that a look at all connections may come late, on a machine with others
_LOOK = 0.25  # seconds between two looks at all connections
_EVERY = 0.05  # seconds between two requests of a good client
_LINGER = 2  # seconds after a refusal
_APART = 0.01  # seconds between two that connect

_HOST = b"Host: 127.0.0.1\r\n"
_GET = b"GET /healthz HTTP/1.1\r\n" + _HOST
_POST = b"POST /v1/echo HTTP/1.1\r\n" + _HOST
_LONG = b"Content-Length: 9999\r\n\r\n"
_FLOOD = (b"GET /static/htmx.min.js HTTP/1.1\r\n" + _HOST + b"\r\n") * 30  # 1.1 MB of answers


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of slow client.

    Attributes:
        within: Seconds until the server has closed its connection.
        begin: What it sends at first.
        drip: What it sends each second after that.
        reads: Whether it takes what is answered.
        half: Whether it says at once that it sends no more.
    """

    within: float
    begin: bytes = b""
    drip: bytes = b""
    reads: bool = True
    half: bool = False


_NOBODY = Kind(0.0)


def kinds_of(limits: Limits) -> dict[str, Kind]:
    """Return all kinds, with the times that they have."""
    head = body = limits.seconds + _LINGER
    idle = limits.idle
    return {
        "silent": Kind(head),
        "half-a-head": Kind(head, _GET),
        "head-by-bytes": Kind(head, _GET + b"X: ", b"x"),
        "blank-lines": Kind(head, b"", b"\r\n"),
        "blank-lines-after-an-answer": Kind(idle, _GET + b"\r\n", b"\r\n"),
        "idle": Kind(idle, _GET + b"\r\n"),
        "half-a-body": Kind(body, _POST + _LONG + b"x"),
        "body-by-bytes": Kind(body, _POST + _LONG + b"x", b"x"),
        "unwanted-body": Kind(body, _GET + _LONG, b"x"),
        "never-reading": Kind(idle, _FLOOD, reads=False),
        "half-closed": Kind(0.0, _GET, half=True),
    }


async def connect(port: int, kind: Kind) -> socket.socket:
    """Connect a client of a kind, which sends what it begins with."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    with suppress(OSError):  # it may be one too many
        await loop.sock_sendall(client, kind.begin)
        if kind.half:
            client.shutdown(socket.SHUT_WR)
    return client


def held(port: int) -> frozenset[int]:
    """Return the ports of the clients whose connections a server's process has open, or had."""
    return _held(port, int(time.monotonic() / _LOOK))


@lru_cache(maxsize=1)
def _held(port: int, _: int) -> frozenset[int]:
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1][-4:], 16) == port and fields[9] != "0":  # the system's own have no inode
            found.add(int(fields[2][-4:], 16))
    return frozenset(found)


async def last_of(port: int, kind: Kind, count: int) -> float:
    """Return how many seconds after they all were there the last client of a kind was gone."""
    clients = []
    for _ in range(count):
        clients.append(await connect(port, kind))
        await asyncio.sleep(_APART)
    begun = dripped = time.perf_counter()
    ports = {client.getsockname()[1] for client in clients}
    while ports & held(port) and time.perf_counter() < begun + kind.within + 5 * _SLACK:
        if time.perf_counter() >= dripped + 1:
            dripped += 1
            for client in clients:
                with suppress(OSError):
                    client.send(kind.drip)
                    if kind.reads:
                        client.recv(65536)
        await asyncio.sleep(_LOOK)
    taken = time.perf_counter() - begun
    for client in clients:
        client.close()
    return taken


def be_good(port: int, pipe: PipeEnd) -> None:
    """Be the two good clients, in a process of their own, until told to stop; send their tally."""
    pipe.send(asyncio.run(good_clients(port, pipe)))


async def good_clients(port: int, pipe: PipeEnd) -> Tally:
    """Ask at an even pace, on a connection that is kept and on new ones."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    read = [
        one.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) for one in requests_to("/v1/read")
    ]
    kept, number, tally = Connection(port), 0, Tally()

    async def one(connection: Connection, request: bytes) -> None:
        begun = time.perf_counter()
        status = await connection.ask(request)
        tally.statuses[status] += 1
        if status == 200:
            tally.times.append(1000 * (time.perf_counter() - begun))

    pipe.send("ready")
    while not pipe.poll():
        number += 1
        await asyncio.gather(
            one(kept, ask),
            one(Connection(port), read[number % len(read)]),
            asyncio.sleep(_EVERY),
        )
    kept.close()
    return tally


async def beside(port: int, kinds: list[Kind], count: int) -> tuple[list[float], Tally]:
    """Return when the last of each of some kinds was gone, and what good clients saw meanwhile."""
    ours, theirs = Pipe()
    good = get_context("spawn").Process(target=be_good, args=(port, theirs))
    good.start()
    await asyncio.to_thread(ours.recv)
    gone = await asyncio.gather(*(last_of(port, kind, count) for kind in kinds))
    await asyncio.sleep(5)  # some are gone before a good client has asked twice
    ours.send("enough")
    tally: Tally = await asyncio.to_thread(ours.recv)
    good.join()
    return list(gone), tally


async def trial(port: int, kinds: dict[str, Kind], count: int) -> list[str]:
    """Try all kinds one by one and together, print what came of it, and return what was missed."""
    rounds = {"nobody": [], **{name: [kind] for name, kind in kinds.items()}}
    rounds["all at once"] = [*kinds.values()]
    rows, missed = [], []
    for name, chosen in rounds.items():
        gone, tally = await beside(port, chosen, count)
        within, late = max(kind.within for kind in (*chosen, _NOBODY)), max(gone, default=0.0)
        others = {status: number for status, number in tally.statuses.items() if status != 200}
        p99 = tally.percentile(0.99)
        answers = [str(len(tally.times)), str(others or "none"), f"{p99:.1f} ms"]
        rows.append([name, f"{within:g} s", f"{late:.1f} s", *answers])
        print(*rows[-1], sep=", ", flush=True)
        missed += [f"{name}: gone after {late:.1f} s"] if late > within + _SLACK else []
        missed += [f"{name}: p99 {p99:.0f} ms"] if p99 > _P99 else []
        missed += [f"{name}: {others}"] if set(others) - {503} else []
    print(table(["kind", "documented", "last gone", "good answers", "others", "p99"], rows))
    return missed


def main() -> None:
    """Try them, and say what was missed."""
    kinds = kinds_of(Limits())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=Limits().connections)
    parser.add_argument("--kind", nargs="*", choices=[*kinds], default=[*kinds])
    given = parser.parse_args()
    needed = given.count * (len(given.kind) + 1) + 100
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, most), most))
    with served(1) as (port, _):
        missed = asyncio.run(trial(port, {name: kinds[name] for name in given.kind}, given.count))
    if missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()

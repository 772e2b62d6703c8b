"""The server under load: whether it keeps up, sheds, recovers, and stays as large as it was.

    python bench/soak_web.py [--short] [--workers 2] [--model metu]

Five steps against one server on this machine, whose cores the clients share:

1. 32 clients, one request after the other, ask the echo route: what the server could do at best.
2. The same 32 ask for one captcha to be read each time: at least half that rate, and no error.
3. At 70 % of that rate, in even steps whatever the answers take: 99 % within 50 ms.
4. At three times that rate: 503 for what is too much, nothing else, and afterwards all is as in 3.
5. At 70 % again for ten minutes: memory within 5 % of what it was after the first.

``--short`` takes a twelfth of the time. Prints the figures, and ends with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from captchascope.generate import draw_captcha
from captchascope.web.settings import Settings

_SEED, _DISTINCT = 990_004, 200
_CLIENTS = 32
_FLOOD = 600  # connections, more than two workers let wait: it is they who have to say no
_GROWTH = 1.05
_P99 = 50.0  # milliseconds

_CHILD = """
import base64, os, pickle, sys
if sys.argv[2:]:
    os.sched_setaffinity(0, {int(sys.argv[2])})
from captchascope.web.server import serve_app

if __name__ == "__main__":
    serve_app(pickle.loads(base64.b64decode(sys.argv[1])), lambda url: print(url, flush=True))
"""


def percentile(times: list[float], share: float) -> float:
    """Return what that share of times is at most; 0 where there are none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class Tally:
    """What came of one step: answers by status, and how long each took, in milliseconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Good answers in a second."""
        return self.statuses[200] / self.seconds

    def percentile(self, share: float) -> float:
        """Return what that share of the good answers took at most."""
        return percentile(self.times, share)

    def line(self, name: str) -> str:
        """Return the figures in words."""
        others = {status: count for status, count in self.statuses.items() if status != 200}
        return (
            f"{name}: {self.rate:.0f}/s, p50 {self.percentile(0.5):.1f} ms, "
            f"p99 {self.percentile(0.99):.1f} ms, other answers {others or 'none'}"
        )


class Connection:
    """One connection that is kept; 0 is the status of what was broken off."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Send a request and return the status of its answer, once all of it is there."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if b"connection: close" in head:
                self.close()
            return int(head[9:12])
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def requests_to(path: str) -> list[bytes]:
    """Return requests that send a captcha each."""
    found = []
    for number in range(1, _DISTINCT + 1):
        body = draw_captcha("metu", _SEED, number).jpeg()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
        found.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return found


async def one_after_the_other(port: int, requests: list[bytes], seconds: float) -> Tally:
    """Let every client ask as soon as it is answered."""
    tally = Tally(seconds)
    end = time.perf_counter() + seconds

    async def client(first: int) -> None:
        connection = Connection(port)
        number = first
        while (begun := time.perf_counter()) < end:
            status = await connection.ask(requests[number % len(requests)])
            _count(tally, status, begun)
            number += _CLIENTS
        connection.close()

    await asyncio.gather(*map(client, range(_CLIENTS)))
    return tally


async def in_even_steps(
    port: int, requests: list[bytes], seconds: float, rate: float, connections: int = _CLIENTS
) -> Tally:
    """Ask at a rate, whatever the answers take; a request's time counts from when it was due."""
    tally = Tally(seconds)
    start = time.perf_counter()
    total = int(rate * seconds)
    due = iter(range(total))

    async def client(_: int) -> None:
        connection = Connection(port)
        for number in due:
            planned = start + number / rate
            if (early := planned - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            elif -early > seconds:  # what could not be sent in twice the time never is
                tally.statuses[-1] += 1
                continue
            _count(tally, await connection.ask(requests[number % len(requests)]), planned)
        connection.close()

    await asyncio.gather(*map(client, range(connections)))
    tally.seconds = time.perf_counter() - start
    return tally


def _count(tally: Tally, status: int, begun: float) -> None:
    tally.statuses[status] += 1
    if status == 200:
        tally.times.append(1000 * (time.perf_counter() - begun))


@contextmanager
def served(
    workers: int, model: str = "any", *, core: int | None = None, setup: str = ""
) -> Iterator[tuple[int, int]]:
    """Serve on a free port; yield it, and the process.

    Args:
        workers: How many.
        model: The model that reads.
        core: The core that all of it is held to, if any.
        setup: Code that is run before.
    """
    settings = Settings((model,), port=0, workers=workers, echo=True)
    sent = base64.b64encode(pickle.dumps(settings)).decode()
    where = [] if core is None else [str(core)]
    process = subprocess.Popen(
        [sys.executable, "-c", setup + _CHILD, sent, *where], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def megabytes_of(process: int) -> float:
    """Return what a process and its children hold in memory."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    pages = (Path(f"/proc/{pid}/statm").read_text("ascii").split()[1] for pid in children)
    own = Path(f"/proc/{process}/statm").read_text("ascii").split()[1]
    return (sum(map(int, pages)) + int(own)) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def soak(port: int, process: int, minute: float) -> list[str]:
    """Run all steps, print what came of them, and return what was missed."""
    echo, read = requests_to("/v1/echo"), requests_to("/v1/read")
    await one_after_the_other(port, read, minute / 20)  # until all is warm
    missed = []

    best = await one_after_the_other(port, echo, minute)
    print(best.line("echo, 32 clients"))
    full = await one_after_the_other(port, read, minute)
    share = full.rate / best.rate
    print(full.line("read, 32 clients"), f"({share:.0%} of echo)")
    missed += ["less than half of echo"] if share < 0.5 else []
    missed += ["errors under load"] if set(full.statuses) != {200} else []

    steady = await in_even_steps(port, read, minute, 0.7 * full.rate)
    print(steady.line("read at 70 %"))
    missed += [f"p99 above {_P99} ms"] if steady.percentile(0.99) > _P99 else []

    flood = await in_even_steps(port, read, minute / 2, 3 * full.rate, _FLOOD)
    print(flood.line("read at 300 %"))
    missed += ["no shedding"] if not flood.statuses[503] else []
    missed += ["other than 200 and 503"] if set(flood.statuses) - {200, 503} else []
    after = await in_even_steps(port, read, minute / 4, 0.7 * full.rate)
    print(after.line("read at 70 % afterwards"))
    missed += ["no recovery"] if set(after.statuses) != {200} else []

    return missed + await _growth(port, process, minute, read, 0.7 * full.rate)


async def _growth(
    port: int, process: int, minute: float, requests: list[bytes], rate: float
) -> list[str]:
    await in_even_steps(port, requests, minute, rate)
    early = megabytes_of(process)
    await in_even_steps(port, requests, 9 * minute, rate)
    late = megabytes_of(process)
    print(f"memory after one part of ten {early:.0f} MB, after all {late:.0f} MB")
    return ["memory grew"] if late > _GROWTH * early else []


def main() -> None:
    """Soak, and say what was missed."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--short", action="store_true", help="five seconds for a minute")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="metu")
    given = parser.parse_args()
    with served(given.workers, given.model) as (port, process):
        missed = asyncio.run(soak(port, process, 5.0 if given.short else 60.0))
    if missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()

"""One worker or two, with a listening socket for each or one together: what they read.

    python bench/workers.py [--rounds 3] [--seconds 4]

Thirty-two clients, one request after the other, on the same cores as the server; the ways take
turns. One socket together is what uvicorn's own supervisor gives its workers. Prints the readings
in a second, and over how many connections each worker gave them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from soak_web import one_after_the_other, requests_to, served

_TOGETHER = """
from captchascope.web import server
each = server.sockets_at
server.sockets_at = lambda *at, count, **more: each(*at, count=1, **more)
"""
_WAYS = {
    "one worker": (1, ""),
    "two workers, a socket each": (2, ""),
    "two workers, one socket": (2, _TOGETHER),
}


def _workers_of(process: int) -> list[int]:
    """Return the processes of a server that answer."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in text.split()}
    return [pid for pid, line in lines.items() if b"spawn_main" in line] or [process]


def _sockets_of(process: int) -> int:
    links = (file.readlink() for file in Path(f"/proc/{process}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


async def _measure(
    port: int, workers: Sequence[int], requests: list[bytes], seconds: float
) -> tuple[float, list[int]]:
    """Return the readings in a second, and the connections of each worker meanwhile."""
    await one_after_the_other(port, requests, 1)
    await asyncio.sleep(0.5)  # until they have all hung up
    before = [_sockets_of(worker) for worker in workers]
    load = asyncio.create_task(one_after_the_other(port, requests, seconds))
    await asyncio.sleep(seconds / 2)
    now = [_sockets_of(worker) for worker in workers]
    connections = sorted(more - less for more, less in zip(now, before, strict=True))
    return (await load).rate, connections


def main() -> None:
    """Measure, by turns."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--model", default="metu")
    given = parser.parse_args()
    requests = requests_to("/v1/read")
    rates: dict[str, list[float]] = {way: [] for way in _WAYS}
    for _ in range(given.rounds):
        for way, (count, setup) in _WAYS.items():
            with served(count, given.model, setup=setup) as (port, process):
                workers = _workers_of(process)
                rate, found = asyncio.run(_measure(port, workers, requests, given.seconds))
            rates[way].append(rate)
            print(f"{way}: {rate:.0f}/s over {found} connections")
    one = statistics.median(rates["one worker"])
    for way, all_rates in rates.items():
        middle = statistics.median(all_rates)
        print(f"{way}: median {middle:.0f}/s, {middle / one:.2f} times one worker")


if __name__ == "__main__":
    main()

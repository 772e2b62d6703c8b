"""More than the server can read, and its end meanwhile: how many are answered, and whether all.

    python bench/overload.py [--short] [--model metu] [--stops 20]

The server is held to one core and what asks it to another, so Linux and two cores are needed.
Requests are due at a rate, whatever came of those before (``open_loop``): on connections that are
kept, fewer than the server keeps or far more, or on one of its own each. In each of three rounds
the best rate of good answers is looked for, and then three and ten times it are sent: at least 70 %
of it must come. Then the server is ended under load, at 70 % and at 300 %, with one worker and two:
nobody whom it had accepted may be reset or left without an answer.

``--short`` takes one round, of shorter steps. Prints the figures, and ends with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from open_loop import OpenLoop, Outcome
from soak_web import requests_to, served

_SHARE = 0.7
_LOADS = 3, 10
_GROWTH = 1.2  # from one rate that is tried to the next
_ENOUGH = 0.9  # of what is sent is answered well, or it is too much


@dataclass(frozen=True, slots=True)
class Way:
    """A way to ask: over how many connections, and whether they are kept."""

    name: str
    connections: int
    kept: bool


_WAYS = (
    Way("480 connections", 480, kept=True),
    Way("up to 2,000 connections", 2000, kept=True),
    Way("a connection for each", 2000, kept=False),
)


class Load:
    """Sends requests to a server, in any way and at any rate."""

    def __init__(self, port: int, requests: list[bytes], seconds: float) -> None:
        self._port, self._requests, self._seconds = port, requests, seconds

    def at(self, rate: float, way: Way) -> Outcome:
        """Return what comes of so many requests a second."""
        loop = OpenLoop(self._port, self._requests, way.connections, kept=way.kept)
        return loop.run(rate, self._seconds)

    def best(self, way: Way, first: float) -> Outcome:
        """Raise the rate until twice too much is sent, and return the best outcome."""
        found, rate, failed = self.at(first, way), first, 0
        while failed < 2:  # once may be a moment in which the machine was busy
            rate *= _GROWTH
            more = self.at(rate, way)
            found = max(found, more, key=lambda outcome: outcome.goodput)
            failed += more.goodput < _ENOUGH * rate
        return found


def _overload(load: Load, rounds: int, first: float) -> list[str]:
    missed = []
    for way in _WAYS:
        shares: dict[int, list[float]] = {times: [] for times in _LOADS}
        for _ in range(rounds):
            best = load.best(way, first)
            print(best.line(f"{way.name}, at best"))
            first = best.goodput / _GROWTH**2
            for times in _LOADS:
                outcome = load.at(times * best.goodput, way)
                shares[times].append(outcome.goodput / best.goodput)
                print(outcome.line(f"{way.name}, {times} times that"), f"{shares[times][-1]:.0%}")
            time.sleep(1)
        for times in _LOADS:
            share = statistics.median(shares[times])
            print(f"{way.name}: at {times} times the load {share:.0%} of the best")
            if share < _SHARE:
                missed.append(f"{way.name}: {share:.0%} at {times} times the load")
    return missed


def _stops(model: str, requests: list[bytes], count: int, best: float) -> list[str]:
    lost: Counter[str] = Counter()
    for number in range(count):
        way, workers = _WAYS[number % 3], 1 + number // 3 % 2
        rate = best * (0.7, 3)[number // 6 % 2]
        with served(workers, model, core=0) as (port, process):
            OpenLoop(port, requests, 32).run(0.3 * best, 0.5)
            when = random.Random(number).uniform(0.5, 1)
            timer = threading.Timer(when, os.kill, (process, signal.SIGTERM))
            timer.start()
            loop = OpenLoop(port, requests, way.connections, kept=way.kept, patience=10)
            outcome = loop.run(rate, 1.5)
            timer.join()
        print(outcome.line(f"stopped at {rate:.0f}/s, {workers} workers, {way.name}"))
        lost.update(outcome.lost)
    # Who came when nobody listened any more was refused, and who had no connection sent nothing.
    told = {why: lost[why] for why in ("reset", "closed", "timeout")}
    print(f"stopped {count} times under load: {told}")
    return [f"{why} when stopped: {number}" for why, number in told.items() if number]


@contextmanager
def _on(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def main() -> None:
    """Measure, and say what was missed."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--short", action="store_true", help="one round, of shorter steps")
    parser.add_argument("--model", default="metu")
    parser.add_argument("--stops", type=int, default=20)
    given = parser.parse_args()
    requests = requests_to("/v1/read")
    with _on(1):
        with served(1, given.model, core=0) as (port, _):
            warm = OpenLoop(port, requests, 32).run(1000, 2)
            load = Load(port, requests, 1.5 if given.short else 4)
            first = warm.goodput / _GROWTH
            missed = _overload(load, 1 if given.short else 3, first)
        missed += _stops(given.model, requests, given.stops, warm.goodput)
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()

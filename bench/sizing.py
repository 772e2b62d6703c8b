"""What an operator sizes a machine by: `serve` at five requests a second and at its most, and bulk.

    python bench/sizing.py [--seconds 30] [--images 3000]

`captchascope serve` as it starts without options, with one worker and with two, its model `any`:
the memory once it is warm, what 32 clients get out of it, and what an answer takes at five requests
a second, in even steps. Then `bulk` by `any` in two processes: the seconds that more images take,
without what starting costs. The images are generated METU captchas, and the clients share the
cores with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import captchascope
from captchascope.generate import write_folder
from soak_web import in_even_steps, megabytes_of, one_after_the_other, requests_to

_SEED = 990_017
_RATE = 5.0  # requests a second
_FEW = 500  # images, whose time is mostly that of starting


@contextmanager
def _served(workers: int) -> Iterator[tuple[int, int]]:
    """Run `captchascope serve` on a free port; yield it, and the process."""
    command = [sys.executable, "-m", "captchascope", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip().rstrip("/")
            yield int(url.rpartition(":")[2]), process.pid
        finally:
            process.terminate()


async def _load(port: int, process: int, seconds: float) -> None:
    """Print what it is at five a second, at its most, and what it holds in memory after that."""
    requests = requests_to("/v1/read")
    await in_even_steps(port, requests, 5, _RATE)  # until all is warm
    steady = await in_even_steps(port, requests, seconds, _RATE)
    print(steady.line("  five a second"))
    print(f"  memory {megabytes_of(process):.0f} MB")
    most = await one_after_the_other(port, requests, seconds / 3)
    print(most.line("  32 clients"))
    print(f"  memory {megabytes_of(process):.0f} MB")


def _bulk_seconds(folder: Path, destination: Path) -> float:
    """Return how long `bulk` takes with the images of a folder, in two processes."""
    begun = time.perf_counter()
    summary = captchascope.read_bulk(captchascope.load("any"), folder, destination, jobs=2)
    assert summary.read == summary.rows
    return time.perf_counter() - begun


def main() -> None:
    """Measure, and print."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--images", type=int, default=3000)
    given = parser.parse_args()
    for workers in (1, 2):
        print(f"serve --workers {workers}")
        with _served(workers) as (port, process):
            asyncio.run(_load(port, process, given.seconds))
    with tempfile.TemporaryDirectory() as name:
        taken = {}
        for count in (_FEW, given.images):
            folder = Path(name, f"captchas-{count}")
            write_folder("metu", folder, count=count, seed=_SEED)
            taken[count] = _bulk_seconds(folder, Path(name, f"readings-{count}"))
    rate = (given.images - _FEW) / (taken[given.images] - taken[_FEW])
    print(f"bulk by any, two processes: {rate:.0f} images/s after {taken[_FEW]:.1f} s for {_FEW}")


if __name__ == "__main__":
    main()

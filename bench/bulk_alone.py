"""`read_many` by itself, in one process or in two that share nothing: what `bulk` is held against.

    python bench/bulk_alone.py [--data DIR] [--rounds 7]

Prints what one core reads in a second, and how much of twice that two give at once here: no program
of two processes can be faster than that. The two take turns with the one.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import captchascope
from bulk_data import DATA, ROWS, images_of, shards


@contextmanager
def reader_of(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that reads the images of a file whenever it is asked, and end it."""
    pipe = subprocess.PIPE
    command = [sys.executable, __file__, "--answer", str(path)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        answered([child])  # it has loaded its images
        yield child
        child.communicate()  # closes its stdin, which ends it


def answered(children: Sequence[subprocess.Popen[str]]) -> list[tuple[float, float]]:
    """Return the seconds that each says it took, and those of a processor's time."""
    lines = [child.stdout.readline().split() for child in children if child.stdout is not None]
    return [(float(seconds), float(processor)) for seconds, processor in lines]


def rate_of(children: Sequence[subprocess.Popen[str]]) -> tuple[float, float]:
    """Let some processes read at once; return images a second, and processor time for each in s."""
    for child in children:
        print(file=child.stdin, flush=True)
    answers = answered(children)
    processor = sum(processor for _, processor in answers) / len(answers) / ROWS
    return sum(ROWS / seconds for seconds, _ in answers), processor


def _answer(path: Path) -> None:
    """Read when asked, until nobody asks, and say how long it took."""
    images = [image for image in images_of(path) if image is not None]
    reader = captchascope.load("metu")
    list(reader.read_many(images[:1000]))
    print(0.0, 0.0, flush=True)
    for _ in sys.stdin:
        begun, processor = time.perf_counter(), time.process_time()
        for reading in reader.read_many(images):
            del reading
        print(time.perf_counter() - begun, time.process_time() - processor, flush=True)


def main() -> None:
    """Measure by turns."""
    parser = argparse.ArgumentParser(description="read_many alone.")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where images are kept ({DATA})")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        _answer(options.answer)
        return
    ones, shares = [], []
    with ExitStack() as stack:
        children = [stack.enter_context(reader_of(path)) for path in shards(options.data, 2)]
        for _ in range(options.rounds):
            before, two, after = (rate_of(children[:count])[0] for count in (1, 2, 1))
            ones.append((before + after) / 2)
            shares.append(two / 2 / ones[-1])
            print(f"one: {before:,.0f} and {after:,.0f}/s; two at once: {two:,.0f}/s", flush=True)
    print(f"one core: {statistics.median(ones):,.0f} images/s, median of {len(ones)}")
    low, high = min(shares), max(shares)
    print(f"two at once, of twice that: {statistics.median(shares):.1%} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()

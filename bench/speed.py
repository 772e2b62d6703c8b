"""Speed of reading by glyphs from JPEG bytes, against decoding alone: one core, one run.

    python bench/speed.py

Each is timed several times by turns and the median counts, so that a busy machine slows all alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

import captchascope
from captchascope.generate import draw

_IMAGES, _ROUNDS, _SEED = 500, 15, 990_002


def _microseconds(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return (time.perf_counter() - begun) / _IMAGES * 1e6


def main() -> None:
    """Print microseconds per image and multiples of decoding."""
    cv2.setNumThreads(1)
    files = [draw("metu", _SEED, number).jpeg() for number in range(1, _IMAGES + 1)]
    reader = captchascope.load("metu-glyphs")
    tasks: dict[str, Callable[[], object]] = {
        "decoding alone (cv2.imdecode)": lambda: [
            cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE) for file in files
        ],
        "read, one at a time": lambda: [reader.read(file) for file in files],
        "read_many, jobs=1": lambda: list(reader.read_many(files)),
    }
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(_ROUNDS):
        for name, task in tasks.items():
            times[name].append(_microseconds(task))
    decoding = statistics.median(times["decoding alone (cv2.imdecode)"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:32} {median:7.1f} us   {median / decoding:5.2f} times decoding")
    print("asked: read at most 5.4 times decoding")


if __name__ == "__main__":
    main()

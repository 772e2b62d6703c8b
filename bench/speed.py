"""Speed of reading from JPEG bytes, against decoding alone: one core, one run.

    python bench/speed.py [MODEL...]

Reads with the models that ship for the METU scheme, or with those that are named. All are timed by
turns, many times, and the medians count, so that a busy machine slows all alike.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

import captchascope
from captchascope import Reader, Reading
from captchascope.generate import draw_captcha

_IMAGES, _ROUNDS, _SEED = 500, 15, 990_002
_DECODING = "decoding alone (cv2.imdecode)"
_ASKED = {
    "whole": "asked of segmentation-free reading: read_many at most 3 times decoding",
    "glyphs": "asked of reading by glyphs: read at most 5.4 times decoding",
}


def _microseconds(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return (time.perf_counter() - begun) / _IMAGES * 1e6


def _decoded(files: Sequence[bytes]) -> list[object]:
    return [cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE) for file in files]


def _one_by_one(reader: Reader, files: Sequence[bytes]) -> list[Reading]:
    return [reader.read(file) for file in files]


def _together(reader: Reader, files: Sequence[bytes]) -> list[Reading]:
    return list(reader.read_many(files))


def main(models: Sequence[str]) -> None:
    """Print microseconds per image and multiples of decoding."""
    cv2.setNumThreads(1)
    files = [draw_captcha("metu", _SEED, number).jpeg() for number in range(1, _IMAGES + 1)]
    tasks: dict[str, Callable[[], object]] = {_DECODING: partial(_decoded, files)}
    readers = {model: captchascope.load(model) for model in models}
    for model, reader in readers.items():
        tasks[f"{model}: read, one at a time"] = partial(_one_by_one, reader, files)
        tasks[f"{model}: read_many, jobs=1"] = partial(_together, reader, files)
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(_ROUNDS):
        for name, task in tasks.items():
            times[name].append(_microseconds(task))
    decoding = statistics.median(times[_DECODING])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:36} {median:7.1f} us   {median / decoding:5.2f} times decoding")
    for method in {reader.model.metadata.method for reader in readers.values()}:
        print(_ASKED[method])


if __name__ == "__main__":
    main(sys.argv[1:] or ["metu", "metu-glyphs"])

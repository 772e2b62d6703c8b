"""The long run: whether memory stays flat over many readings.

    python bench/soak.py [IMAGES]

Reads generated captchas and damaged ones by turns (200,000 by default) and fails if the memory
grows by more than 20 MB after the first tenth.
"""

from __future__ import annotations

import itertools
import resource
import sys
from collections.abc import Iterator

import captchascope
from captchascope.generate import draw_captcha

_SEED, _DISTINCT, _TOLERATED = 990_003, 1000, 20.0


def _files(count: int) -> Iterator[bytes]:
    """Yield captchas, every tenth of them cut off in the middle."""
    files = [draw_captcha("metu", _SEED, number).jpeg() for number in range(1, _DISTINCT + 1)]
    files[::10] = [file[: len(file) // 2] for file in files[::10]]
    return itertools.islice(itertools.cycle(files), count)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int) -> None:
    """Read, and compare the peak memory early and late."""
    reader = captchascope.load("metu")
    early, failed = 0.0, 0
    for number, reading in enumerate(reader.read_many(_files(count), errors="return"), 1):
        failed += reading.error is not None
        if number == count // 10:
            early = _peak_megabytes()
    growth = _peak_megabytes() - early
    print(f"{count} images, {failed} damaged ones refused, memory grew by {growth:.1f} MB")
    if growth > _TOLERATED:
        sys.exit(f"more than {_TOLERATED} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)

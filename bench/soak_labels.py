"""Labels under hardship: whether one that was acknowledged is ever lost.

    python bench/soak_labels.py [--times 20]

Two people label on a real server, which is killed, loses its folder, is challenged by a second
server, and finds its disk full (a small file system in memory, which only root can mount): each so
many times, at random moments. Fails if a label is lost that was acknowledged, or stored twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

_MEGABYTES = 64


def main(times: int) -> None:
    """Try all four, and say what came of them."""
    from web.label.trials import contested, filled, killed, removed, small_disk

    for trial in (killed, removed, contested):
        with tempfile.TemporaryDirectory() as folder:
            _report(trial.__name__, times, time.monotonic(), trial(Path(folder), times))
    with small_disk(_MEGABYTES) as disk:
        if disk is None:
            print("filled: left out, as no small file system can be mounted (be root of a Linux)")
        else:
            _report("filled", times, time.monotonic(), filled(disk, times))


def _report(name: str, times: int, begun: float, acknowledged: int) -> None:
    seconds = time.monotonic() - begun
    print(f"{name} {times} times: {acknowledged} acknowledged, none lost ({seconds:.0f} s)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=20)
    sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the trials are the tests' own
    main(parser.parse_args().times)

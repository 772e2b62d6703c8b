"""Labels under hardship: whether one that was acknowledged is ever lost.

    python bench/soak_labels.py [--only killed|removed|contested|filled] [--times 20]

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

_TRIALS = "killed", "removed", "contested", "filled"
_MEGABYTES = 64


def main(names: list[str], times: int) -> None:
    """Try what is asked for, and say what came of it."""
    from web.label.trials import contested, filled, killed, removed, small_disk

    trials = {one.__name__: one for one in (killed, removed, contested, filled)}
    for name in names:
        trial, begun = trials[name], time.monotonic()
        place = tempfile.TemporaryDirectory() if trial is not filled else small_disk(_MEGABYTES)
        with place as folder:
            if folder is None:
                print(f"{name}: left out, as only root of a Linux can mount a small file system")
                continue
            acknowledged = trial(Path(folder), times)
        seconds = time.monotonic() - begun
        print(f"{name} {times} times: {acknowledged} acknowledged, none lost ({seconds:.0f} s)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=_TRIALS)
    parser.add_argument("--times", type=int, default=20)
    asked = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the trials are the tests' own
    main([asked.only] if asked.only else list(_TRIALS), asked.times)

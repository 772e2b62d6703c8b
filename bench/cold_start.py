"""Cold start: `captchascope read one.jpeg` against importing its three large libraries.

    python bench/cold_start.py

Both run by turns in fresh processes, and the ratio of the medians is what counts. Bytecode is
cached, as it is for a user.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

_ROUNDS = 15
_IMAGE = Path(__file__).parents[1] / "examples" / "1.jpeg"
_SCRIPT = Path(sys.executable).with_name("captchascope")
_COMMANDS = {
    "import numpy, cv2, onnxruntime": [sys.executable, "-c", "import numpy, cv2, onnxruntime"],
    "captchascope read one.jpeg": [str(_SCRIPT), "read", str(_IMAGE)],
}


def _seconds(command: list[str]) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - begun


def main() -> None:
    """Print both medians and their ratio."""
    for command in _COMMANDS.values():  # the first run writes the bytecode
        _seconds(command)
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(_ROUNDS):
        for name, command in _COMMANDS.items():
            times[name].append(_seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:32} {median * 1000:6.0f} ms")
    imports, reading = medians.values()
    print(f"{'ratio':32} {reading / imports:6.2f}   asked: at most 1.3")


if __name__ == "__main__":
    main()

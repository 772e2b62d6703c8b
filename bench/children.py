"""Readers in processes of their own (engines.py), and what they read in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from running import RunError

ENGINES = Path(__file__).with_name("engines.py")
PEERS = ENGINES.parents[1] / ".venv-peers" / "bin" / "python"
"""The Python of the environment of the other readers."""


@dataclass(slots=True)
class Engine:
    """A child process that reads.

    Attributes:
        name: What the tables call it.
        child: The process.
        peak: Its peak memory in MB, as it last said.
        seconds: What each round took for one image.
    """

    name: str
    child: subprocess.Popen[str]
    peak: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def read(self, files: Sequence[Path]) -> tuple[list[str], float]:
        """Return the texts of some images, and the seconds that one took in the mean.

        Raises:
            RunError: If the process has ended.
        """
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        print(json.dumps([str(file) for file in files]), file=self.child.stdin, flush=True)
        if not (line := self.child.stdout.readline()):
            raise RunError(f"{self.name} ended with status {self.child.wait()}")
        answer = json.loads(line)
        self.peak = answer["peak"]
        return answer["texts"], answer["seconds"] / len(files)


def ours(engine: str, *arguments: str) -> list[str]:
    """Return the command of an engine that runs in this environment."""
    return [sys.executable, str(ENGINES), engine, *arguments]


def peer(engine: str) -> list[str]:
    """Return the command of an engine that runs in the environment of the other readers."""
    return [str(PEERS), str(ENGINES), engine]


@contextmanager
def running(name: str, command: Sequence[str]) -> Iterator[Engine]:
    """Start an engine, and end it."""
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=dict(os.environ))
    try:
        yield Engine(name, child)
    finally:
        child.communicate()  # closes its stdin, which ends it


def take_turns(
    engines: Sequence[Engine], sets: Sequence[Sequence[Path]], rounds: int, few: dict[str, int]
) -> None:
    """Let all read all sets in each round, and note the mean time of an image over the sets.

    Args:
        engines: Who reads.
        sets: The images of each set, which count alike, however many they are.
        rounds: How often.
        few: Of the engines that are too slow to read them all, how many of each set they read.
    """
    for _ in range(rounds):
        for engine in engines:
            chosen = [files[: few.get(engine.name, len(files))] for files in sets]
            engine.seconds.append(fmean(engine.read(files)[1] for files in chosen))

"""Whether a training by two processes that was ended in its middle comes out as one that was not.

    python bench/two_processes.py [--labels N] [--steps N] [-- WAY...]

Trains the recipe fast from nothing on generated metu captchas by `torchrun` in two processes, and
again, ended in the middle and gone on with by `--resume`: by Ctrl-C, by SIGTERM, and by `kill -9`
of either process, which comes a second after a validation, so that steps are lost. Then on two
machines, which are two folders here, that share nothing but the first one's address: by `torchrun
--nnodes 2` and by `--nodes 2`, let be and with one machine killed. Every model reads the same 1,000
images that no training has seen.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from captchascope import load, read_dataset
from captchascope.evaluate import evaluate_reader
from captchascope.generate import write_folder
from captchascope.train.recipes import CTC_RECIPES
from running import RunError, commit, percent, table

_TEST, _SEED = 1000, 1_500_027
_ALLOWED = 1.0  # points of exact match
_PATIENCE = 1800  # seconds for one training, on a machine that is busy
_TOLD = "captchascope: train: another process of the training is gone (--resume goes on"
_AFTER = 1.0  # seconds from a validation to the end


@dataclass(frozen=True, slots=True)
class Way:
    """A way to train, and to be ended.

    Attributes:
        nodes: 1 for both processes on one machine; else each is on its own.
        torchrun: Whether that starts them, or the command does it itself.
        sent: What ends it in the middle; None where it is let be.
        to: The rank that gets this; None for what started them, which hands it on.
    """

    nodes: int = 1
    torchrun: bool = True
    sent: signal.Signals | None = None
    to: int | None = None


WAYS = {
    "torchrun": Way(),
    "torchrun, Ctrl-C": Way(sent=signal.SIGINT),
    "torchrun, SIGTERM": Way(sent=signal.SIGTERM),
    "torchrun, kill -9 of rank 0": Way(sent=signal.SIGKILL, to=0),
    "torchrun, kill -9 of rank 1": Way(sent=signal.SIGKILL, to=1),
    "--nodes 2": Way(2, torchrun=False),
    "--nodes 2, kill -9 of node 1": Way(2, torchrun=False, sent=signal.SIGKILL, to=1),
    "torchrun --nnodes 2, kill -9 on node 1": Way(2, sent=signal.SIGKILL, to=1),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A training that was ended in the middle.

    Attributes:
        step: The last one that was told of.
        seconds: From there until the last process was gone.
        said: What the processes that were left said.
    """

    step: int
    seconds: float
    said: str


class Training:
    """A training by two processes.

    Args:
        way: How.
        place: The folder that has the folders of both machines.
        steps: How many steps it takes in all.
        options: Further ones of the command.
    """

    def __init__(self, way: Way, place: Path, steps: int, *options: str) -> None:
        self._way, self._lines = way, list[str]()
        self._halfway = threading.Event()
        self._middle = steps // 2
        self.step = 0
        command = ["train", str(place / "images"), "-o", "mine.onnx", "--recipe", "fast"]
        command += ["--from", "none", "--time-limit", "5h", *options]
        program = [str(Path(__file__)), "--worker", str(steps), *command]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        self.processes = [
            self._started(node, port, program, place / str(node)) for node in range(way.nodes)
        ]
        self._readers = [threading.Thread(target=self._read, args=(p,)) for p in self.processes]
        for reader in self._readers:
            reader.start()

    def _started(
        self, node: int, port: str, program: list[str], place: Path
    ) -> subprocess.Popen[str]:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "NODE_RANK": str(node)}
        run = [sys.executable, "-m", "torch.distributed.run"]
        if not self._way.torchrun:
            command = [sys.executable, *program, "--nodes", "2"]
        elif self._way.nodes == 1:
            command = [*run, "--standalone", "--nproc-per-node", "2", *program]
        else:
            where = ["--master-addr", "127.0.0.1", "--master-port", port]
            command = [*run, "--nnodes", "2", "--node-rank", str(node), *where, *program]
        place.mkdir(exist_ok=True)
        env = {**os.environ, "OMP_NUM_THREADS": "1"} | ({} if self._way.torchrun else address)
        return subprocess.Popen(
            command,
            cwd=place,
            env=env,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self._lines.append(line.rstrip("\n"))
            if (found := re.match(r"step ([\d,]+)/", line)) is not None:
                self.step = int(found[1].replace(",", ""))
                if self.step >= self._middle:
                    self._halfway.set()

    def wait(self) -> str:
        """Wait for its end, and return all that was said; raise RunError if it failed."""
        self._over()
        if any(process.returncode != 0 for process in self.processes):
            raise RunError("\n".join(self._lines[-40:]))
        return "\n".join(self._lines)

    def end(self) -> Ended:
        """End it in the middle."""
        assert self._way.sent is not None
        if not self._halfway.wait(_PATIENCE):
            raise RunError("\n".join(self._lines[-40:]))
        time.sleep(_AFTER)
        begun, step = time.monotonic(), self.step
        os.kill(self._receiver(), self._way.sent)
        self._over()
        said = [line for line in self._lines if line.startswith((_TOLD, "interrupted: "))]
        return Ended(step, time.monotonic() - begun, said[0] if said else "nothing")

    def _receiver(self) -> int:
        if self._way.to is None:
            return self.processes[0].pid
        if not self._way.torchrun:
            return self.processes[self._way.to].pid
        for launcher in (process.pid for process in self.processes):
            children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text("ascii")
            for pid in map(int, children.split()):
                known = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                if f"RANK={self._way.to}".encode() in known:
                    return pid
        raise RunError(f"there is no rank {self._way.to}")

    def _over(self) -> None:
        for process, reader in zip(self.processes, self._readers, strict=True):
            process.wait(_PATIENCE)
            reader.join()

    def kill(self) -> None:
        """End what is left of it."""
        for process in self.processes:
            process.terminate()


@contextmanager
def _training(way: Way, place: Path, steps: int, *options: str) -> Iterator[Training]:
    with ExitStack() as stack:
        training = Training(way, place, steps, *options)
        stack.callback(training.kill)
        yield training


def _row(name: str, place: Path, steps: int) -> tuple[float, list[str]]:
    """Train in a way, and return the exact match, and the row of the table."""
    way, begun, ended = WAYS[name], time.monotonic(), None
    for node in ("0", "1"):
        shutil.rmtree(place / node, ignore_errors=True)
    if way.sent is not None:
        with _training(way, place, steps) as training:
            ended = training.end()
    with _training(way, place, steps, *(["--resume"] if ended else [])) as training:
        said = training.wait()
    first = re.search(r"^step ([\d,]+)/", said, re.MULTILINE)
    seconds = time.monotonic() - begun
    exact = evaluate_reader(load(place / "0/mine.onnx"), read_dataset(place / "test")).exact_match
    told = ["let be", "-", "-"]
    if ended is not None:
        assert first is not None
        told = [f"after step {ended.step}", f"{ended.seconds:.1f} s", f"`{ended.said}`"]
        if int(first[1].replace(",", "")) <= ended.step // 2:
            raise RunError(f"{name}: it did not go on, but began anew")
    return 100 * exact.value, [name, percent(exact), *told, f"{seconds:.0f} s"]


def _work(steps: int, arguments: Sequence[str]) -> None:
    """Be one of the processes: the command, with a recipe of so many steps."""
    from captchascope.cli.app import main

    fast = CTC_RECIPES["fast"]
    brief = replace(fast, most_views=64 * steps, averaging=0.99, validations=12)
    CTC_RECIPES["fast"] = brief
    sys.argv = ["captchascope", *arguments]
    main()


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--worker"]:
        _work(int(sys.argv[2]), sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"of: {'; '.join(WAYS)}")
    parser.add_argument("--labels", type=int, default=600)
    parser.add_argument("--steps", type=int, default=700)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_folder("metu", place / "images", given.labels, _SEED)
        write_folder("metu", place / "test", _TEST, _SEED + 1)
        print(f"{given.labels} labels, {given.steps} steps, {_TEST} images read, {commit()}\n")
        head = ["", "exact match (95 %)", "ended", "gone after", "said by who was left", "in all"]
        rows, exact = [], {}
        for name in given.ways or WAYS:
            exact[name], row = _row(name, place, given.steps)
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
        print(table(head, rows))
        apart = max(exact.values()) - min(exact.values())
        print(f"\n{apart:.1f} points apart at most; {_ALLOWED:.0f} is allowed")
        raise SystemExit(apart > _ALLOWED)


if __name__ == "__main__":
    main()

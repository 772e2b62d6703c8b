"""captchascope train, the whole way: interrupted, killed, out of room, and with others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from captchascope.modelfile import open_model
from captchascope.train.whole.state import CHECKPOINT, read_checkpoint
from cli.commands import Cli, ended

from .tasks import TINY, folder_of, start

RUN = Path("mine.onnx.run")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")

LONG = replace(TINY, most_views=10**9, max_steps=10**6, rounds=500)
TRAIN = ["train", "digits", "-o", "mine.onnx", "--recipe", "fast", "--from", "none"]


@pytest.fixture(autouse=True)
def digits(place: Path) -> Path:
    """Make a folder of images in the current folder."""
    return folder_of(place / "digits", 150)


def until(process: subprocess.Popen[bytes], begins: str) -> list[str]:
    """Return the lines of stderr up to one that begins so."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.decode().rstrip("\n"))
        if lines[-1].startswith(begins):
            return lines
    raise AssertionError(lines)


def exact(cli: Cli) -> float:
    """Return how many new images the model reads."""
    if not Path("unseen").exists():
        folder_of(Path("unseen"), 60, seed=9)
    result = json.loads(cli("test", "unseen", "--model", "mine.onnx", "--format", "json").out)
    value: float = result["captcha"]["value"]
    return value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_gets_the_best_so_far(cli: Cli, number: signal.Signals) -> None:
    """Status 130, the model is there and reads, and a checkpoint to go on from."""
    process = start(TRAIN, LONG)
    until(process, "step ")
    process.send_signal(number)
    done = ended(process)
    assert done.status == 130
    assert done.out.startswith("mine.onnx\t150 samples\t")
    assert done.errors[-1] == "interrupted: mine.onnx is the best so far (--resume goes on)"
    assert open_model("mine.onnx").metadata.method == "whole"
    assert (RUN / CHECKPOINT).exists()


def test_a_killed_training_goes_on(cli: Cli) -> None:
    """It leaves no model but a checkpoint; taken up, it reads as well as one that was let be."""
    plan = replace(TINY, most_views=16 * 120)
    process = start(TRAIN, plan)
    until(process, "step ")
    process.kill()
    ended(process)
    assert not Path("mine.onnx").exists()
    steps = read_checkpoint(RUN / CHECKPOINT)["steps"]
    assert 0 < steps < 120
    done = ended(start([*TRAIN, "--resume"], plan))
    assert done.status == 0, done
    first = next(line for line in done.errors if line.startswith("step "))
    assert int(first.split("/")[0].removeprefix("step ")) > steps
    resumed = exact(cli)
    assert not (RUN / CHECKPOINT).exists()
    assert ended(start(TRAIN, plan)).status == 0
    assert abs(exact(cli) - resumed) <= 0.01


def test_two_processes_train_one_model(cli: Cli) -> None:
    """Over gloo, through the command line; the first one alone writes and speaks."""
    done = ended(start([*TRAIN, "--devices", "2"], replace(TINY, most_views=16 * 100)))
    assert done.status == 0, done
    assert len(done.rows) == 1
    assert sum(line.startswith("samples ") for line in done.errors) == 1
    assert exact(cli) > 0.9
    assert sorted(p.name for p in Path().iterdir() if p.name.startswith("mine")) == [
        "mine.onnx",
        "mine.onnx.run",
    ]


def test_no_room_for_a_checkpoint(cli: Cli) -> None:
    """One line says so, training goes on, and the model, which is smaller, is written."""
    done = ended(start(TRAIN, file_size=200_000))
    lines = [line for line in done.errors if "cannot be written" in line]
    assert len(lines) == 1, done
    assert lines[0].startswith(f"warning: {RUN / CHECKPOINT}: cannot be written: File too large (")
    assert lines[0].endswith("; training goes on")
    assert done.status == 0
    assert not (RUN / CHECKPOINT).exists()
    assert exact(cli) > 0.5


def test_no_room_leaves_the_checkpoint_before(cli: Cli) -> None:
    """It can still be gone on from."""
    process = start(TRAIN, LONG)
    until(process, "step ")
    process.kill()
    ended(process)
    steps = read_checkpoint(RUN / CHECKPOINT)["steps"]
    process = start([*TRAIN, "--resume"], LONG, file_size=200_000)
    until(process, "warning: mine.onnx.run/checkpoint.pt: cannot be written: File too large (")
    process.send_signal(signal.SIGINT)
    assert ended(process).status == 130
    assert read_checkpoint(RUN / CHECKPOINT)["steps"] == steps
    assert open_model("mine.onnx").metadata.method == "whole"

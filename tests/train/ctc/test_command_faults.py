"""captchascope train, without segmentation: interrupted, killed, out of room, and with others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from captchascope.model.file import open_model
from captchascope.train.checkpoint import CHECKPOINT, read_checkpoint
from captchascope.train.recipes import CtcRecipe
from cli.commands import STARTED, Cli, Done, ended
from train.ctc.tasks import TINY, folder_of, start, tiny

RUN = Path("mine.onnx.run")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")

BRIEF = replace(TINY, most_views=16 * 120)
ENDLESS = replace(TINY, most_views=10**9, max_steps=10**6, validations=10_000, warmup=0.0)
TRAIN = ["train", "digits", "-o", "mine.onnx", "--recipe", "fast", "--from", "none"]
ROOM = 200_000  # bytes: for the model, not for a checkpoint


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kill a training after its first round, and return the folder, which nobody may change."""
    folder = tmp_path_factory.mktemp("killed")
    folder_of(folder / "digits", 150)
    process = start(TRAIN, BRIEF, cwd=folder)
    until(process, "step ")
    process.kill()
    ended(process)
    return folder


@pytest.fixture
def here(place: Path, killed: Path) -> Path:
    """Make a copy of its images the current folder's."""
    shutil.copytree(killed / "digits", place / "digits")
    return place


@pytest.fixture
def left(here: Path, killed: Path) -> int:
    """Copy what it left too, and return how many steps that had taken."""
    shutil.copytree(killed / RUN, here / RUN)
    steps: int = read_checkpoint(RUN / CHECKPOINT)["steps"]
    return steps


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


def is_the_best_so_far(done: Done) -> bool:
    """Tell whether a training that was ended has given the model that it had, and says so."""
    assert done.status == 130, done
    assert done.out.startswith("mine.onnx\t150 samples\t")
    assert done.errors[-1] == "interrupted: mine.onnx is the best so far (--resume goes on)"
    return open_model("mine.onnx").metadata.method == "whole"


@pytest.mark.usefixtures("here")
def test_whoever_interrupts_it_gets_the_best_so_far() -> None:
    """Status 130, the model is there, and a checkpoint to go on from."""
    process = start(TRAIN, ENDLESS)
    until(process, "step ")
    process.send_signal(signal.SIGINT)
    assert is_the_best_so_far(ended(process))
    assert (RUN / CHECKPOINT).exists()


def test_a_killed_training_goes_on(
    cli: Cli, killed: Path, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves no model but a checkpoint; taken up, it reads as if it had been let be."""
    assert not (killed / "mine.onnx").exists()
    assert 0 < left < 120
    tiny(monkeypatch, most_views=BRIEF.most_views)
    done = cli(*TRAIN, "--resume")
    assert done.status == 0, done
    first = next(line for line in done.errors if line.startswith("step "))
    assert int(first.split("/")[0].removeprefix("step ")) > left
    assert exact(cli) > 0.95
    assert not (RUN / CHECKPOINT).exists()


@pytest.mark.usefixtures("here")
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


@pytest.mark.usefixtures("here")
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_termination_of_all_processes_gives_the_best_so_far() -> None:
    """As a service manager ends them: the others wait for what the first one says."""
    process = start([*TRAIN, "--devices", "2"], ENDLESS)
    until(process, "step ")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    for pid in (*map(int, children), process.pid):
        os.kill(pid, signal.SIGTERM)
    assert is_the_best_so_far(ended(process))


@contextmanager
def little_room() -> Iterator[None]:
    """Let this process write no file of more than ``ROOM``."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("here")
def test_no_room_for_a_checkpoint(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, training goes on, and the model, which is smaller, is written."""
    tiny(monkeypatch)
    with little_room():
        done = cli(*TRAIN)
    lines = [line for line in done.errors if "cannot be written" in line]
    assert len(lines) == 1, done
    assert lines[0].startswith(f"warning: {RUN / CHECKPOINT}: cannot be written: File too large (")
    assert lines[0].endswith("; training goes on")
    assert done.status == 0
    assert not (RUN / CHECKPOINT).exists()
    assert exact(cli) > 0.5


def test_no_room_leaves_the_checkpoint_before(left: int) -> None:
    """It can still be gone on from, also where the training is then terminated."""
    process = start([*TRAIN, "--resume"], ENDLESS, file_size=ROOM)
    until(process, "warning: mine.onnx.run/checkpoint.pt: cannot be written: File too large (")
    process.send_signal(signal.SIGTERM)
    assert is_the_best_so_far(ended(process))
    assert read_checkpoint(RUN / CHECKPOINT)["steps"] == left


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

MACHINE = """
import os
import sys
from captchascope.cli.app import main
from captchascope.train.recipes import CTC_RECIPES, CtcRecipe
CTC_RECIPES["fast"] = CtcRecipe(**{recipe!r})
if __name__ == "__main__":
    os.chdir(os.environ["RANK"])  # as machines, which share no folder
    main()
"""


def launch(recipe: CtcRecipe, *arguments: str) -> subprocess.Popen[bytes]:
    """Have ``torchrun`` train in two processes, each in a folder of its own, ``0`` and ``1``."""
    Path("machine.py").write_text(MACHINE.format(recipe=asdict(recipe)), encoding="utf-8")
    command = [*TORCHRUN, "machine.py", *TRAIN, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    STARTED.append(process)
    return process


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_two_machines_go_on_after_one_of_them_was_killed(
    cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one says at once what has happened; the checkpoint of the first is enough."""
    for name in ("0", "1"):
        shutil.copytree("digits", Path(name, "digits"))
    process = launch(ENDLESS)
    until(process, "step ")
    os.kill(process_of(process.pid, "1"), signal.SIGKILL)
    done = ended(process)
    assert done.status == 1
    what = "captchascope: train: another process of the training is gone (--resume goes on)"
    assert what in done.errors, done
    assert not Path("0/mine.onnx").exists()
    left: int = read_checkpoint("0" / RUN / CHECKPOINT)["steps"]
    again = launch(replace(TINY, most_views=16 * (left + 100)), "--resume")
    first = until(again, "step ")[-1]
    assert int(first.split("/")[0].removeprefix("step ").replace(",", "")) > left
    done = ended(again)
    assert done.status == 0, done
    assert [path.name for path in Path("1").iterdir()] == ["digits"]
    monkeypatch.chdir("0")
    assert exact(cli) > 0.5


def process_of(launcher: int, rank: str) -> int:
    """Return which process of a launcher has a rank."""
    for pid in Path(f"/proc/{launcher}/task/{launcher}/children").read_text("ascii").split():
        if f"\0RANK={rank}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes():
            return int(pid)
    raise AssertionError(rank)

"""Ctrl-C and sudden death: nothing half written is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.commands import TIMEOUT, ended, start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

INTERRUPTED = ["captchascope: interrupted: nothing is left half done"]


def wait_for(pattern: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has written a file."""
    until = time.monotonic() + TIMEOUT
    while not any(folder.glob(pattern)):
        assert process.poll() is None, ended(process)
        assert time.monotonic() < until, f"no {pattern} appeared"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("captchascope.cli.app", "read captchas"),
        ("click.core", "read captchas"),
        ("numpy.linalg", "read captchas"),
        ("onnxruntime.capi.onnxruntime_pybind11_state", "read captchas"),
        ("torch.nn", "train captchas -o mine.onnx"),
        ("starlette.routing", "serve"),
    ],
)
def test_an_interrupt_while_modules_are_imported(place: Path, module: str, command: str) -> None:
    """One line from the first moments on, with the status of an interrupt and no traceback."""
    pytest.importorskip(module.split(".")[0])
    (place / "sitecustomize.py").write_text(INTERRUPTING)
    paths = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    process = start(*command.split(), env={"PYTHONPATH": paths, "INTERRUPTED_AT": module})
    done = ended(process)
    assert (done.status, done.out, done.errors[-1:]) == (130, "", INTERRUPTED)
    assert len(done.errors) == 1


INTERRUPTING = """
import os, signal, sys

class Interrupting:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
"""


def test_an_interrupted_generate_leaves_nothing(place: Path) -> None:
    """Not the images that were drawn, nor the folder they were drawn into."""
    process = start("generate", "metu", "made", "--count", "100000")
    wait_for(".*.part/5.jpeg", place, process)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.status, done.out, done.errors) == (130, "", INTERRUPTED)
    assert [path.name for path in place.iterdir()] == ["captchas"]


def test_a_killed_generate_leaves_nothing_that_anybody_takes_for_a_result(place: Path) -> None:
    """What is left is hidden, and the same command can be given again."""
    process = start("generate", "metu", "made", "--count", "100000")
    wait_for(".*.part/5.jpeg", place, process)
    process.kill()
    assert ended(process).status == -signal.SIGKILL
    assert not (place / "made").exists()
    assert ended(start("generate", "metu", "made", "--count", "5")).status == 0
    assert len(list((place / "made").iterdir())) == 7


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_read_is_one_line(place: Path, jobs: int) -> None:
    """Also where a terminal sends the signal to the workers too."""
    process = start("read", *["captchas"] * 2000, "--jobs", jobs, session=True)
    assert process.stdout is not None
    process.stdout.read(1)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert (done.status, done.errors) == (130, INTERRUPTED)


def test_an_interrupt_while_the_workers_start(place: Path) -> None:
    """Before they could say that the signal is not for them."""
    (place / "sitecustomize.py").write_text(SLOW_START)
    env = {"PYTHONPATH": str(place)}
    process = start("read", *["captchas"] * 2000, "--jobs", "2", session=True, env=env)
    wait_for("a worker starts", place, process)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert (done.status, done.out, done.errors) == (130, "", INTERRUPTED)


SLOW_START = """
import sys, time
from pathlib import Path
if "--multiprocessing-fork" in sys.orig_argv:
    Path("a worker starts").touch()
    time.sleep(0.5)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_generate_leaves_nothing(place: Path, number: int) -> None:
    """A service that is stopped is no reason to leave thousands of hidden files."""
    process = start("generate", "metu", "made", "--count", "100000")
    wait_for(".*.part/5.jpeg", place, process)
    process.send_signal(number)
    assert ended(process).status == 128 + number
    assert [path.name for path in place.iterdir()] == ["captchas"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(place: Path, number: int) -> None:
    """The reader of the pipe sees its end, however the parent came to its own."""
    process = start("read", *["captchas"] * 2000, "--jobs", 2, session=True)
    assert process.stdout is not None
    process.stdout.read(1)
    process.send_signal(number)
    assert ended(process).status in (128 + number, -number)

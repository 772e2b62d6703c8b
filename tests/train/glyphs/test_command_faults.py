"""captchascope train where it cannot write, is interrupted, killed, or not alone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from captchascope.model.file import open_model
from cli.commands import Cli, ended, one_line, start
from train.glyphs.tiny import set_quick

TRAIN = ["train", "captchas", "-o", "mine.onnx", "--method", "glyphs"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the command of a training that takes a second."""
    set_quick(monkeypatch, "tutorial", epochs=1)
    return [*TRAIN, "--recipe", "tutorial", "-q"]


def under_way(place: Path) -> subprocess.Popen[bytes]:
    """Start a training of half a minute, and return it in the middle of an epoch."""
    process = start(*TRAIN)
    assert process.stderr is not None
    for told in (b"reading the labels of ", b"labels: from "):
        assert process.stderr.readline().startswith(told)
    assert process.stderr.readline().startswith(b"epoch ")
    return process


def test_a_place_that_cannot_be_written(cli: Cli) -> None:
    """It is known before anything is trained; the line names it."""
    Path("file").touch()
    Path("folder").mkdir()
    for output, begins in {
        "file/mine.onnx": "file/mine.onnx: lies below file, a file (",
        "folder": "folder: is a folder (name a file: folder/model.onnx)",
        "": ".: is a folder (",
        "new/mine.onnx": "new/mine.onnx: lies in new, which is not there (",
        "mine": "mine: is no name of a model, which ends in .onnx (name it mine.onnx)",
        "folder/mine.pt": "folder/mine.pt: is no name of a model, which ends in .onnx (",
    }.items():
        assert one_line(cli("train", "captchas", "-o", output), 1).startswith(begins)
    assert sorted(path.name for path in Path().iterdir()) == ["captchas", "file", "folder"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(cli: Cli, brief: list[str]) -> None:
    """The model has no room there, and is saved where there is some."""
    Path("mine.onnx").symlink_to("/dev/full")
    line = one_line(cli(*brief), 1)
    (saved,) = Path().glob("mine-*.onnx")
    what = f"cannot be written: No space left on device; the model is {saved.absolute()} instead"
    assert line.startswith(f"mine.onnx: {what} (")
    assert open_model(saved).metadata.method == "glyphs"


@posix
def test_a_limit_on_the_size_of_files(place: Path) -> None:
    """It strikes in the middle of the model, of which nothing is left."""
    done = ended(start(*TRAIN, "--recipe", "tutorial", "-q", file_size=20_000))
    line = one_line(done, 1)
    assert line.startswith("mine.onnx: cannot be written: File too large (raise the file size ")
    assert sorted(path.name for path in place.iterdir()) == ["captchas"]


@posix
def test_an_interrupted_training(cli: Cli, place: Path, brief: list[str]) -> None:
    """It ends with one line, leaves the model that was there, and can be begun again."""
    (place / "mine.onnx").write_bytes(b"kept")
    process = under_way(place)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.status, done.out) == (130, "")
    said = [line for line in done.errors if not line.startswith("epoch ")]
    assert said == ["captchascope: interrupted: no model was written (train again)"]
    assert (place / "mine.onnx").read_bytes() == b"kept"
    assert cli(*brief).status == 0


@posix
def test_a_second_training_and_a_killed_one(cli: Cli, place: Path, brief: list[str]) -> None:
    """Two cannot write to one place; a dead one leaves no model, and does not stand in the way."""
    process = under_way(place)
    try:
        line = one_line(cli(*brief), 1)
        assert line == (
            "mine.onnx.run: another training is writing there (wait for it, or write elsewhere)"
        )
        assert process.poll() is None
    finally:
        process.kill()
        ended(process)
    assert sorted(path.name for path in place.iterdir()) == ["captchas", "mine.onnx.run"]
    assert cli(*brief).status == 0
    assert (place / "mine.onnx").is_file()

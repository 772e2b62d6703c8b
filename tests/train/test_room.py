"""Room on the disk: too little is known before a training, and no model is lost where it ends."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from captchascope import load, train_model
from captchascope.atomic import atomic_write
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import OutputError
from captchascope.reader import model_path
from captchascope.train import Progress, Trained
from captchascope.train.room import saved_elsewhere
from train.ctc.tasks import folder_of, tiny

Disk = Callable[[str], Path]
"""What the fixture ``disk`` gives: a size in, an empty disk of it out."""


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Draw labelled digits, and go to an empty folder, where a model may be saved."""
    tiny(monkeypatch, most_views=16 * 30, validations=2)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return read_dataset(folder_of(tmp_path / "digits", 40))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Give a small disk of its own, where this user may mount one."""
    place = tmp_path / "disk"

    def mounted(size: str) -> Path:
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no disk can be mounted here")
        return place

    yield mounted
    if place.is_mount():
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def trained(
    digits: Dataset, model: Path, on_step: Callable[[], object], said: list[str]
) -> Trained:
    """Train a model of 150 kB, and do something after each step."""

    def progressed(_: Progress) -> None:
        on_step()

    return train_model(digits, model, recipe="fast", on_warning=said.append, on_progress=progressed)


def saved(error: OutputError) -> Path:
    """Return the model that an error names, having opened it."""
    found = re.search(r"; the model is (.*\.onnx) instead$", error.what)
    assert found is not None, error
    assert load(found[1]).charset.chars.startswith("0123")
    return Path(found[1])


def test_a_disk_that_is_too_small_is_known_before(digits: Dataset, disk: Disk) -> None:
    """No step is taken, and nothing is left there."""
    place = disk("256k")
    with pytest.raises(OutputError, match=r"room: 0.3 MB are free, and the model takes up to 0.3"):
        trained(digits, place / "mine.onnx", lambda: pytest.fail("it trains"), [])
    assert list(place.iterdir()) == []


def test_a_disk_that_fills_up_loses_no_model(digits: Dataset, disk: Disk) -> None:
    """It is said that it has no room for checkpoints, at once, and where the model is."""
    place, said = disk("1m"), list[str]()
    model, full = place / "mine.onnx", place / "full"

    def fill() -> None:
        assert "has too little room" in said[-1] or "cannot be written" in said[-1]
        if not full.exists():
            with pytest.raises(OSError, match="No space left"):
                shutil.copyfile("/dev/zero", full)

    with pytest.raises(OutputError, match="cannot be written: No space left on device") as ended:
        trained(digits, model, fill, said)
    assert saved(ended.value).parent == Path.cwd()
    assert sum("checkpoints take up to" in line for line in said) == 1
    assert sum("checkpoint.pt: cannot be written: No space left" in line for line in said) == 1
    assert not list(place.rglob("*.part"))


def test_a_model_is_saved_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the current folder; where that is gone, among temporary files."""
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    model, data = tmp_path / "none" / "mine.onnx", model_path("metu").read_bytes()
    for place in ("here", "temporary"):
        with pytest.raises(OutputError) as ended:
            atomic_write(model, data)
        file = saved(saved_elsewhere(ended.value, model, data))
        assert file.parent == tmp_path / place
        assert file.read_bytes() == data
        shutil.rmtree(tmp_path / place)

"""The run folder: one training at a time; and checkpoints that are whole and harmless to load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from captchascope.errors import OutputError, TrainingError, UsageError
from captchascope.train.checkpoint import (
    CHECKPOINT,
    continues,
    finish,
    prepare_run,
    read_checkpoint,
    run_folder,
    write_checkpoint,
)

FACTS = {"--seed": 1}
STATE: dict[str, Any] = {"weight": torch.arange(3.0)}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    for _ in range(2):
        write_checkpoint(tmp_path / CHECKPOINT, STATE, FACTS)
    held = read_checkpoint(tmp_path / CHECKPOINT, FACTS)
    assert held["facts"] == FACTS
    assert torch.equal(held["weight"], STATE["weight"])
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
def test_no_room_leaves_the_one_before(tmp_path: Path) -> None:
    """What there was before a failure can still be read."""
    import resource

    path = tmp_path / CHECKPOINT
    write_checkpoint(path, STATE, FACTS)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            write_checkpoint(path, {"weight": torch.zeros(10_000)}, FACTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert torch.equal(read_checkpoint(path)["weight"], STATE["weight"])


class Harm:
    """Something that would touch a file if it were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harm"),)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stranger has put there is refused."""
    monkeypatch.chdir(tmp_path)
    torch.save({"facts": Harm()}, CHECKPOINT)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(Path(CHECKPOINT))
    assert not Path("harm").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no checkpoint"])
def test_a_damaged_checkpoint(tmp_path: Path, data: bytes) -> None:
    """One line that says so."""
    (tmp_path / CHECKPOINT).write_bytes(data)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(tmp_path / CHECKPOINT)


def test_a_foreign_or_missing_checkpoint(tmp_path: Path) -> None:
    """Neither can be gone on from."""
    with pytest.raises(TrainingError, match="nothing to resume"):
        read_checkpoint(tmp_path / CHECKPOINT)
    torch.save({"weights": 1}, tmp_path / CHECKPOINT)
    with pytest.raises(TrainingError, match="is no checkpoint of captchascope"):
        read_checkpoint(tmp_path / CHECKPOINT)


def test_a_checkpoint_of_another_version(tmp_path: Path) -> None:
    """It is refused by name, as its parts are others."""
    torch.save({"facts": FACTS, "state_dict": {}}, tmp_path / CHECKPOINT)
    with pytest.raises(TrainingError, match=r"by another version .*\(train without --resume\)"):
        read_checkpoint(tmp_path / CHECKPOINT, FACTS)


def test_another_training_is_named_by_what_differs(tmp_path: Path) -> None:
    """The option, or the samples."""
    path, made = tmp_path / CHECKPOINT, {**FACTS, "samples": "a" * 40}
    write_checkpoint(path, STATE, made)
    for now, says in (
        ({**made, "--seed": 2}, r": was made with --seed 1, not 2 \("),
        ({**made, "samples": "b" * 40}, r": was made with other samples \("),
    ):
        with pytest.raises(UsageError, match=says):
            read_checkpoint(path, now)


def test_only_a_sound_checkpoint_of_the_same_is_gone_on_from(tmp_path: Path) -> None:
    """Where another would be begun anew without harm, nobody need be told."""
    path = tmp_path / CHECKPOINT
    assert not continues(path, FACTS)
    write_checkpoint(path, STATE, FACTS)
    assert continues(path, FACTS)
    assert not continues(path, {"--seed": 2})
    path.write_bytes(path.read_bytes()[:100])
    assert not continues(path, FACTS)


def test_a_new_training_clears_what_an_old_one_left(tmp_path: Path) -> None:
    """But for its checkpoint, until there is another; one that is taken up keeps all."""
    (tmp_path / "tensorboard").mkdir()
    for name in ("log.csv", CHECKPOINT, "tensorboard/events"):
        (tmp_path / name).touch()
    assert not prepare_run(tmp_path, resume=True)
    assert (tmp_path / "log.csv").exists()
    assert prepare_run(tmp_path, resume=False)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    finish(tmp_path)
    assert not prepare_run(tmp_path, resume=False)


def test_it_lies_beside_the_model(tmp_path: Path) -> None:
    """Missing parents are made; the model itself is not."""
    with run_folder(tmp_path / "mine.onnx") as folder:
        assert folder == tmp_path / "mine.onnx.run"
        assert folder.is_dir()
        assert not (tmp_path / "mine.onnx").exists()


def test_a_second_training_is_refused(tmp_path: Path) -> None:
    """Until the first is over, well or not."""
    model = tmp_path / "mine.onnx"

    def refused() -> None:
        with pytest.raises(OutputError, match="another training is writing there"):
            run_folder(model).__enter__()
        with run_folder(tmp_path / "other.onnx"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), run_folder(model):
        refused()
    with run_folder(model):
        pass


@pytest.mark.parametrize("name", ["folder", ".", ""])
def test_a_folder_is_no_place_for_a_model(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known before anything is trained."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(OutputError, match="is a folder"), run_folder(Path(name)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file has the run folder's name."""
    (tmp_path / "mine.onnx.run").touch()
    with (
        pytest.raises(OutputError, match="cannot be made"),
        run_folder(tmp_path / "mine.onnx"),
    ):
        pass

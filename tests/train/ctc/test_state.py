"""Checkpoints: whole or not at all, harmless to load, and only for the same training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from captchascope.errors import TrainingError, UsageError
from captchascope.train.ctc.state import (
    CHECKPOINT,
    Checkpoints,
    check_facts,
    continues,
    finish,
    prepare,
    read_checkpoint,
)

HELD: dict[str, Any] = {"facts": {"--seed": 1}, "weight": torch.arange(3.0)}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    checkpoints = Checkpoints()
    for _ in range(2):
        checkpoints.save_checkpoint(HELD, tmp_path / CHECKPOINT)
    assert checkpoints.failure is None
    held = checkpoints.load_checkpoint(tmp_path / CHECKPOINT)
    assert held["facts"] == {"--seed": 1}
    assert torch.equal(held["weight"], HELD["weight"])
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX limits")
def test_no_room_leaves_the_one_before(tmp_path: Path) -> None:
    """The failure is kept, not raised, and forgotten once there is room again."""
    import resource

    checkpoints, path = Checkpoints(), tmp_path / CHECKPOINT
    checkpoints.save_checkpoint(HELD, path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        checkpoints.save_checkpoint({**HELD, "weight": torch.zeros(10_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be written: File too large" in str(checkpoints.failure)
    assert torch.equal(read_checkpoint(path)["weight"], HELD["weight"])
    checkpoints.save_checkpoint(HELD, path)
    assert checkpoints.failure is None


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


def test_another_training_is_named_by_what_differs() -> None:
    """The option, or the samples."""
    held = {"--seed": 1, "samples": "a" * 40}
    check_facts(held, dict(held), "here")
    with pytest.raises(UsageError, match=r"^here: was made with --seed 1, not 2 \("):
        check_facts(held, {**held, "--seed": 2}, "here")
    with pytest.raises(UsageError, match=r"^here: was made with other samples \("):
        check_facts(held, {**held, "samples": "b" * 40}, "here")


def test_only_a_sound_checkpoint_of_the_same_is_gone_on_from(tmp_path: Path) -> None:
    """Where another would be begun anew without harm, nobody need be told."""
    path = tmp_path / CHECKPOINT
    assert not continues(path, HELD["facts"])
    Checkpoints().save_checkpoint(HELD, path)
    assert continues(path, HELD["facts"])
    assert not continues(path, {"--seed": 2})
    path.write_bytes(path.read_bytes()[:100])
    assert not continues(path, HELD["facts"])


def test_a_new_training_clears_what_an_old_one_left(tmp_path: Path) -> None:
    """But for its checkpoint, until there is another; one that is taken up keeps all."""
    (tmp_path / "tensorboard").mkdir()
    for name in ("log.csv", CHECKPOINT, "tensorboard/events"):
        (tmp_path / name).touch()
    assert not prepare(tmp_path, resume=True)
    assert (tmp_path / "log.csv").exists()
    assert prepare(tmp_path, resume=False)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    finish(tmp_path)
    assert not prepare(tmp_path, resume=False)

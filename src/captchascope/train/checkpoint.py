"""The run folder beside a model: its lock, and the checkpoint that another run can take up."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from captchascope.atomic import atomic_write
from captchascope.errors import OutputError, TrainingError, UsageError
from captchascope.files import printable
from captchascope.train.request import require_place

CHECKPOINT = "checkpoint.pt"
"""The name of the checkpoint in the run folder."""

UNLABELLED = "unlabelled"
"""The folder in it of the second training, on images without labels."""

_FORMAT = 2

Facts = Mapping[str, object]
"""What must be the same for a training to be taken up again, by how an error calls it."""


@contextmanager
def run_folder(model: Path) -> Iterator[Path]:
    """Hold ``MODEL.onnx.run/``, so that no second training writes to the same place.

    It is taken before anything is trained, so that a place that cannot be written is known then.

    Raises:
        OutputError: If no model can be written there, the folder cannot be made, or another
            training holds it.
    """
    require_place(model)
    folder = model.with_name(model.name + ".run")
    try:
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=0)
    except Timeout:
        what = "another training is writing there"
        raise OutputError(printable(folder), what, "wait for it, or write elsewhere") from None
    except OSError as error:
        what = f"cannot be made: {error.strerror}"
        raise OutputError(printable(folder), what, "choose another place") from None
    try:
        yield folder
    finally:
        lock.release()
        with suppress(OSError):  # what a training that failed leaves is nothing but the lock
            if [file.name for file in folder.iterdir()] == ["lock"]:
                (folder / "lock").unlink()
                folder.rmdir()


def write_checkpoint(path: Path, state: Mapping[str, Any], facts: Facts) -> None:
    """Write a checkpoint whole or not at all.

    Raises:
        OutputError: If there is no room for it.
    """
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, "facts": dict(facts), **state}, buffer)
    atomic_write(path, buffer.getvalue())


def read_checkpoint(path: Path, facts: Facts | None = None) -> dict[str, Any]:
    """Return what a checkpoint holds, without running anything in it; tensors are on the CPU.

    Args:
        path: The file.
        facts: What it must have been made with; None for anything.

    Raises:
        TrainingError: If there is none, or it is damaged, or of another version.
        UsageError: If it was made with something else; it names the first thing that differs.
    """
    where, remedy = printable(path), "train without --resume"
    if not path.exists():
        raise TrainingError(where, "is not there: nothing to resume", remedy)
    try:
        with path.open("rb") as file:
            held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever unpickling stumbles over
        what = f"cannot be read: {type(error).__name__}"
        raise TrainingError(where, what, remedy) from error
    if not isinstance(held, dict) or "facts" not in held:
        raise TrainingError(where, "is no checkpoint of captchascope", remedy)
    for name, value in (facts or {}).items():
        given = held["facts"].get(name)
        if given != value:
            what = f"was made with {name} {given}, not {value}"
            if len(str(value)) > 20:
                what = f"was made with other {name}"
            raise UsageError(where, what, f"give the same again, or {remedy}")
    if held.get("format") != _FORMAT:
        raise TrainingError(where, "was written by another version of captchascope", remedy)
    return held


def is_kept(folder: Path) -> bool:
    """Tell whether a run folder has a checkpoint, to go on from."""
    return (folder / CHECKPOINT).exists()


def continues(path: Path, facts: Facts) -> bool:
    """Tell whether there is a sound checkpoint, made with these facts."""
    try:
        read_checkpoint(path, facts)
    except (TrainingError, UsageError):
        return False
    return True


def prepare_run(folder: Path, resume: bool) -> bool:
    """Clear the run folder of an earlier training, unless it is to be taken up again.

    Its checkpoint stays until there is a new one.

    Returns:
        Whether there was an unfinished one that will be overwritten.
    """
    if resume:
        return False
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    (folder / "log.csv").unlink(missing_ok=True)
    return is_kept(folder)


def finish(folder: Path) -> None:
    """Remove the checkpoints of a training that came to its end."""
    shutil.rmtree(folder / UNLABELLED, ignore_errors=True)
    (folder / CHECKPOINT).unlink(missing_ok=True)

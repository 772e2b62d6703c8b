"""What a training leaves on the disk so that another run can take it up."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from captchascope.errors import OutputError, TrainingError, UsageError
from captchascope.files import atomic_write, printable

CHECKPOINT = "checkpoint.pt"
"""The name of the checkpoint in the run folder."""

UNLABELLED = "unlabelled"
"""The folder in it of the second training, on images without labels."""

Facts = Mapping[str, object]
"""What must be the same for a training to be taken up again, by how an error calls it."""


class Checkpoints(CheckpointIO):
    """Writes checkpoints whole or not at all, and reads them without running anything in them.

    Attributes:
        failure: Why the last one could not be written; None where it was.
    """

    def __init__(self) -> None:
        self.failure: OutputError | None = None

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write, and remember a failure: the other processes wait, and must not wait in vain."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        try:
            atomic_write(path, buffer.getvalue())
        except OutputError as error:
            self.failure = error
        else:
            self.failure = None

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read; tensors are on the CPU."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove."""
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds.

    Raises:
        TrainingError: If there is none, or it is damaged.
    """
    where = printable(path)
    if not path.exists():
        raise TrainingError(where, "is not there: nothing to resume", "train without --resume")
    try:
        with path.open("rb") as file:
            held = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever unpickling stumbles over
        what = f"cannot be read: {type(error).__name__}"
        raise TrainingError(where, what, "train without --resume") from error
    if not isinstance(held, dict) or "facts" not in held:
        raise TrainingError(where, "is no checkpoint of captchascope", "train without --resume")
    return held


def check_facts(held: Facts, now: Facts, where: str) -> None:
    """Compare what a checkpoint was made with and what is there now.

    Raises:
        UsageError: If anything differs; it names the first thing that does.
    """
    for name, value in now.items():
        if held.get(name) != value:
            what = f"was made with {name} {held.get(name)}, not {value}"
            if len(str(value)) > 20:
                what = f"was made with other {name}"
            raise UsageError(where, what, "give the same again, or train without --resume")


def continues(path: Path, facts: Facts) -> bool:
    """Tell whether there is a sound checkpoint, made with these facts."""
    try:
        check_facts(read_checkpoint(path)["facts"], facts, printable(path))
    except (TrainingError, UsageError):
        return False
    return True


def prepare(folder: Path, resume: bool) -> bool:
    """Clear the run folder of an earlier training, unless it is to be taken up again.

    Its checkpoint stays until there is a new one.

    Returns:
        Whether there was an unfinished one that will be overwritten.
    """
    if resume:
        return False
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    (folder / "log.csv").unlink(missing_ok=True)
    return (folder / CHECKPOINT).exists()


def finish(folder: Path) -> None:
    """Remove the checkpoints of a training that came to its end."""
    shutil.rmtree(folder / UNLABELLED, ignore_errors=True)
    (folder / CHECKPOINT).unlink(missing_ok=True)

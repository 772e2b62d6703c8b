"""Where a training writes: the model file, and the run folder beside it, locked."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from captchascope.errors import OutputError
from captchascope.files import atomic_write, printable
from captchascope.train.glyphs.loop import Epoch

__all__ = ["run_folder", "write_log"]


@contextmanager
def run_folder(model: Path) -> Iterator[Path]:
    """Hold ``MODEL.onnx.run/``, so that no second training writes to the same place.

    It is taken before anything is trained, so that a place that cannot be written is known then.

    Raises:
        OutputError: If it cannot be made, or another training holds it.
    """
    if model.is_dir():
        raise OutputError(printable(model), "is a folder", "name a file, such as model.onnx")
    if model.exists() and not os.access(model, os.W_OK):
        raise OutputError(printable(model), "is read-only", "choose another place")
    folder = model.with_name(model.name + ".run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
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


def write_log(folder: Path, epochs: tuple[Epoch, ...]) -> None:
    """Write one row per epoch to ``log.csv``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(epochs[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in epochs)
    atomic_write(folder / "log.csv", text.getvalue())

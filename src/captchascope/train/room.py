"""Room on the disk: looked for before a training, and elsewhere where there is none after it."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from torch import nn

from captchascope.atomic import atomic_write
from captchascope.errors import OutputError
from captchascope.files import printable
from captchascope.train.watch import Watch

_OVERHEAD = 200_000  # bytes of a model beside its weights
_STATISTICS = 0.2  # of the weights: what tells how unfamiliar an image is
_STATES = 5  # in a checkpoint: network, average, best, and two of the optimizer
_REMEDY = "free some space, or choose another place"


def require_room(
    model: Path, network: nn.Module, half: bool, folder: Path | None, watch: Watch
) -> None:
    """Check that there is room for a model, and warn where there is none for checkpoints.

    Args:
        model: The file that is to be written.
        network: What is trained.
        half: Whether its weights are stored in half precision.
        folder: Where checkpoints go, the new one beside the one before; None for nowhere.
        watch: Who is warned.

    Raises:
        OutputError: If the model could not be written in the end.
    """
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    needed = round(weights * (_STATISTICS + (0.5 if half else 1))) + _OVERHEAD
    free = _free(Path(os.path.realpath(model)).parent)
    if free is not None and free < needed:
        what = f"has too little room: {_mb(free)} are free, and the model takes up to {_mb(needed)}"
        raise OutputError(printable(model), what, _REMEDY)
    if folder is None:
        return
    needed += 2 * _STATES * weights
    free = _free(folder)
    if free is not None and free < needed:
        what = (
            f"has too little room: {_mb(free)} are free, and checkpoints take up to {_mb(needed)}"
        )
        lost = "a training that is killed may be lost"
        watch.warn(str(OutputError(printable(folder), f"{what}: {lost}", _REMEDY)))


def saved_elsewhere(error: OutputError, model: Path, data: bytes) -> OutputError:
    """Save a model that could not be written where it should be, and return what to say of it."""
    for place in _places():
        file = place / f"{model.stem}-{secrets.token_hex(4)}.onnx"
        with suppress(OutputError):
            atomic_write(file, data)
            what = f"{error.what}; the model is {printable(file)} instead"
            return OutputError(error.where, what, f"{error.remedy}, and move it there")
    return OutputError(error.where, error.what, error.remedy)


def _places() -> Iterator[Path]:
    """Yield folders that may have room: the current one, that of temporary files, and the home."""
    places: tuple[Callable[[], str | Path], ...] = (Path.cwd, tempfile.gettempdir, Path.home)
    for place in places:
        with suppress(OSError, RuntimeError):  # it may be gone, or not be known
            yield Path(place())


def _free(folder: Path) -> int | None:
    """Return the bytes that are free in a folder, None where its file system does not say."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"

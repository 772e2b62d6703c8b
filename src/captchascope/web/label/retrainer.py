"""Which model guesses, and how good it may be said to be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice, takewhile
from pathlib import Path
from typing import IO

from captchascope.errors import CaptchascopeError
from captchascope.evaluate import Rate
from captchascope.files import printable
from captchascope.reader import Reader, load
from captchascope.web.label.schema import Mark
from captchascope.web.label.store import Store

OWN_MODEL = ".captchascope-model.onnx"
"""The model that is trained while people label; hidden, in the folder itself."""

_SHIPPED = ("metu", "start")
_LOOKED_AT = 24  # images
_LATELY = 50  # labels
_ENOUGH = 10  # labels


def best_of(images: Sequence[bytes]) -> Reader:
    """Return the shipped model that is surest about some images, on the average."""
    readers = [load(name) for name in _SHIPPED]
    some = images[:_LOOKED_AT]

    def sureness(reader: Reader) -> float:
        return sum(reading.confidence for reading in reader.read_batch(some))

    return max(readers, key=sureness)


def held_out(reader: Reader) -> float | None:
    """Return the share of its validation images that a model reads right, if it says so."""
    share = reader.model.metadata.metrics.get("validation_captcha")
    return float(share) if isinstance(share, int | float) else None


def expected(marks: Iterable[Mark], since: int) -> Rate | None:
    """Return how good a model's guesses are, by the last labels that people gave.

    These are the images that it was least certain of, and none that it was trained on: of those
    that are left, more will be right.

    Args:
        marks: The last first.
        since: When the model came, as marks count.
    Returns:
        None while there are too few.
    """
    those = takewhile(lambda mark: mark.seq > since, marks)
    accepted = (mark.guess == mark.text for mark in those if mark.guess and mark.text)
    lately = list(islice(accepted, _LATELY))
    if len(lately) < _ENOUGH:
        return None
    return Rate(sum(lately), len(lately))


_NICENESS = 15
_TOLD = 300  # characters of an error

_LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_LOW |= getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""How a process gives way on Windows; elsewhere it is told so when it runs."""


def can_train() -> bool:
    """Say whether the packages of the extra ``train`` are installed."""
    return all(find_spec(name) is not None for name in ("torch", "lightning", "onnxscript"))


def command(folder: Path, model: Path, seconds: float) -> list[str]:
    """Return the command that trains ``model`` on the labels of a folder."""
    given = [str(folder), "-o", str(model), "--labels-from", "csv", "--quiet"]
    limit = ["--time-limit", f"{seconds:.0f}s"]
    return [sys.executable, "-m", "captchascope", "train", *given, *limit]


class Training:
    """At most one training at a time.

    Attributes:
        begun: When the one that runs began, as ``time.monotonic`` tells; None where none runs.
        trouble: Why the last one gave no model; empty where it did.
    """

    def __init__(self, arguments: Sequence[str], model: Path) -> None:
        """Set it up.

        Args:
            arguments: The command, as ``command`` gives it.
            model: The file that it writes.
        """
        self._arguments = list(arguments)
        self._model = model
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self.begun: float | None = None
        self.trouble = ""

    def begin(self) -> None:
        """Begin one, unless one runs."""
        if self._process is not None:
            return
        self._model.unlink(missing_ok=True)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the process has ended
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,  # the Ctrl-C of the server's terminal is not for it
                creationflags=_LOW,
            )
        except OSError as error:
            self._said.close()
            self.trouble = f"training could not begin: {error.strerror}"
            return
        self.begun = time.monotonic()
        if sys.platform != "win32":
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)

    def finished(self) -> Reader | None:
        """Return the new model once the training has ended; None before, or if it gave none.

        That it ends with status 1 says nothing: it does where images have no label yet.
        """
        if self._process is None or self._process.poll() is None:
            return None
        said = self._closed()
        try:
            if not self._model.exists():
                self.trouble = f"training gave no model: {_last_line(said)}"
                return None
            reader = load(self._model)
        except CaptchascopeError as error:
            self.trouble = f"training gave no model: {error}"
            return None
        self.trouble = ""
        return reader

    def end(self) -> None:
        """End the one that runs."""
        if self._process is None:
            return
        self._process.kill()
        self._closed()

    def _closed(self) -> str:
        """Wait for the process, and return what it said."""
        assert self._process is not None
        assert self._said is not None
        self._process.wait()
        self._process, self.begun = None, None
        with self._said as said:
            said.seek(0)
            return said.read().decode(errors="replace")


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    line = lines[-1] if lines else "it said nothing"
    return printable(line.removeprefix("captchascope: "))[:_TOLD]


_NEXT_MODEL = ".captchascope-next.onnx"
_SINCE = "model since"  # the time, as marks count, when the model came that guesses now
_TRAINED = "trained on"  # how many labels there were when the last training began


class Pupil:
    """Trains a model every so many labels, and says whether it is better than the one in use.

    Attributes:
        news: What came of the last training; empty before there was one.
    """

    def __init__(self, folder: Path, store: Store, every: int | None, limit: float) -> None:
        """Set it up.

        Args:
            folder: Where the images and labels are.
            store: The labels.
            every: After how many labels; None for never.
            limit: Seconds that a training may take.
        """
        self._own = folder / OWN_MODEL
        self._next = folder / _NEXT_MODEL
        self._store = store
        self._every = every if can_train() else None
        self._training = Training(command(folder, self._next, limit), self._next)
        self.news = ""

    @property
    def trouble(self) -> str:
        """Why the last training gave no model; empty where it did."""
        return self._training.trouble

    @property
    def begun(self) -> float | None:
        """When the training that runs began, as ``time.monotonic`` tells; None where none runs."""
        return self._training.begun

    @property
    def learns(self) -> bool:
        """Whether there will be trainings at all."""
        return self._every is not None

    def look(self) -> Reader | None:
        """Begin a training if it is time, and return a new model if one is there and better.

        Raises:
            OutputError: If it cannot be stored when the training began.
            ModelError: If the new model cannot be used.
        """
        if self._every is None:
            return None
        if self.begun is not None:
            reader = self._training.finished()
            return None if reader is None else self._judged(reader)
        counts = self._store.counts()
        before = int(self._store.facts.get(_TRAINED, "0"))
        if counts["open"] and counts["labelled"] >= before + self._every:
            self._store.set_facts({_TRAINED: str(counts["labelled"])})
            self._training.begin()
        return None

    def end(self) -> None:
        """End the training that runs, if one does."""
        self._training.end()

    def expected(self) -> Rate | None:
        """Return how good the guesses of the model in use are, by the labels since it came."""
        since = int(self._store.facts.get(_SINCE, "0"))
        with self._store.lock:
            return expected(self._store.latest(), since)

    def _judged(self, reader: Reader) -> Reader | None:
        """Return a new model unless the one in use is better, as far as one can tell.

        The one is measured on labels that were held out of its training, the other on labels that
        came after its own: either has seen none of what it is measured on.
        """
        new, old = held_out(reader), self.expected()
        if new is not None and old is not None and new < old.value:
            self._next.unlink(missing_ok=True)
            self.news = (
                f"A new model reads {new:.0%} of the labels held out; the one in use, with "
                f"{old.value:.0%}, is better and stays."
            )
            return None
        self._next.replace(self._own)
        self._store.set_facts({_SINCE: str(self._store.seq)})
        reads = "" if new is None else f": it reads {new:.0%} of the labels held out"
        self.news = f"A model trained on your labels guesses now{reads}."
        return load(self._own)

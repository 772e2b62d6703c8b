"""Active learning: a model guesses what is to be labelled, and is trained anew on the labels.

People are given what it is least sure of first, as that teaches it most (``Store.lease``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from captchascope.data.dataset import read_dataset
from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError, ImageError
from captchascope.evaluate import Rate
from captchascope.files import printable
from captchascope.reader import Reader, load
from captchascope.web.children import begin_child
from captchascope.web.label.images import bytes_of
from captchascope.web.label.schema import Guess
from captchascope.web.label.store import Store

OWN_MODEL = ".captchascope-model.onnx"
"""The model that is trained while people label; hidden, in the folder itself."""

NEXT_MODEL = ".captchascope-next.onnx"
"""What a training writes, until it is known whether it is better."""

_BATCH = 16  # images; few, so that pages are served in between
_IDLE = 1.0  # seconds between looks for new images


class Guesses:
    """Reads what is not labelled yet: in the background, and at once what is about to be shown.

    Attributes:
        trouble: Why there are no guesses; empty where there are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._using: tuple[int, Reader] | None = None
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guesses", daemon=True)
        self.trouble = ""

    @property
    def model(self) -> int:
        """The number of the model that reads, counted from 1; 0 before there is one."""
        return 0 if self._using is None else self._using[0]

    @property
    def reader(self) -> Reader | None:
        """What reads, with what it was told; None before there is a model."""
        return None if self._using is None else self._using[1]

    def begin(self) -> None:
        """Begin to read."""
        self._thread.start()

    def end(self) -> None:
        """Stop after the batch at hand."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def use(self, reader: Reader) -> None:
        """Read with this model from now on, and read again what is not labelled."""
        self._using = self.model + 1, reader
        self._wake.set()

    def of(self, images: Sequence[int]) -> tuple[int, dict[int, Guess]]:
        """Return the number of the model in use, and its guesses for images: no other model's.

        What it has not read yet, it reads now; what it cannot read has no guess.
        """
        model = self.model
        found = self._found(model, images)
        missing = [(image, self._store.file(image)) for image in images if image not in found]
        self._attempt(lambda: [(image, file) for image, file in missing if file is not None])
        return model, self._found(model, images)

    def _found(self, model: int, images: Sequence[int]) -> dict[int, Guess]:
        known = ((image, self._store.guess(image)) for image in images)
        return {image: guess for image, guess in known if guess and guess.model >= model}

    def _run(self) -> None:
        while not self._ended.is_set():
            busy = self._attempt(lambda: self._store.unread(self.model, _BATCH))
            if not busy:
                self._wake.wait(_IDLE)
                self._wake.clear()

    def _attempt(self, wanted: Callable[[], Sequence[tuple[int, str]]]) -> bool:
        """Read a batch; say whether there was one, and it was read."""
        try:
            if self._using is not None and (batch := wanted()):
                self._read(*self._using, batch)
                return True
        except Exception as error:  # whatever it is, people go on labelling without guesses
            self.trouble = f"the model cannot read: {error}"
        return False

    def _read(self, model: int, reader: Reader, batch: Sequence[tuple[int, str]]) -> None:
        guesses = {image: Guess(None, 0.0, (), model) for image, _ in batch}  # if not read
        loaded = {}
        for image, file in batch:
            with suppress(ImageError):
                loaded[image] = bytes_of(self._store.folder, file)
        for image, reading in zip(loaded, reader.read_batch(list(loaded.values())), strict=True):
            if reading.text is not None:
                chars = tuple((char.char, char.confidence) for char in reading.chars)
                guesses[image] = Guess(reading.text, reading.confidence, chars, model)
        self._store.set_guesses(guesses)
        self.trouble = ""


_LATELY = 50  # labels
_ENOUGH = 10  # labels
_TOLD = 300  # characters of an error

_SINCE = "model since"  # the time, as annotations count, when the model came that guesses now
_TRAINED = "trained on"  # how many labels there were when the last training began


def can_train() -> bool:
    """Say whether the packages of the extra ``train`` are installed."""
    return all(find_spec(name) is not None for name in ("torch", "onnxscript"))


def training_command(folder: Path, seconds: float, options: ReadOptions) -> list[str]:
    """Return the command that trains ``NEXT_MODEL`` on the labels of a folder: this module.

    The images are looked at as the options tell.
    """
    images = {name: getattr(options, name) for name in ("frames", "rows", "ink")}
    return [sys.executable, "-m", __name__, str(folder), str(seconds), json.dumps(images)]


def _train(folder: str, seconds: str, images: str) -> None:
    """Do what ``training_command`` asks for, in its own process."""
    from captchascope.train import train_model

    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # do not spin where others need the time
    try:
        dataset = read_dataset(folder, "csv", as_written=True)
        told = json.loads(images)
        train_model(dataset, Path(folder, NEXT_MODEL), time_limit=float(seconds), **told)
    except CaptchascopeError as error:
        sys.exit(str(error))


class Retrainer:
    """Trains a model every so many labels, and says whether it is better than the one in use.

    At most one training runs at a time: a process of its own and of low priority, which can be
    killed and takes nothing with it. It ends with the server, into which torch never comes.

    Attributes:
        learns: Whether there will be trainings at all.
        begun: When the training that runs began, as ``time.monotonic`` tells; None where none
            runs, and what came of the last one is in use.
        news: What came of the last training; empty before there was one.
        trouble: Why the last one gave no model; empty where it did.
    """

    def __init__(
        self,
        store: Store,
        every: int | None,
        command: Sequence[str],
        use: Callable[[Reader], object],
        providers: Sequence[str] | None = None,
    ) -> None:
        """Train by a ``training_command`` after ``every`` so many labels; never if it is None.

        A model that is better is given to ``use`` before ``news`` says that it guesses: a page that
        believes the news asks for no other guesses for a while. New models run on ``providers``.
        """
        self._store = store
        self._every = every
        self._command = command
        self._use, self._providers = use, providers
        self._own, self._next = store.folder / OWN_MODEL, store.folder / NEXT_MODEL
        self._running: tuple[subprocess.Popen[bytes], IO[bytes]] | None = None
        self.learns = every is not None and can_train()
        self.begun: float | None = None
        self.news = self.trouble = ""

    def look(self) -> None:
        """Begin a training if it is time, and use what came of one that has ended if it is better.

        Raises:
            OutputError: If it cannot be stored when the training began.
            ModelError: If the new model cannot be used.
        """
        if self._running is not None:
            if self._running[0].poll() is not None:
                try:
                    self._finish(*self._running)
                finally:
                    self.begun = None
            return
        if self._every is not None and self.learns:
            counts = self._store.counts()
            before = int(self._store.facts.get(_TRAINED, "0"))
            if counts["open"] and counts["labelled"] >= before + self._every:
                self._store.set_facts({_TRAINED: str(counts["labelled"])})
                self._begin()

    def end(self) -> None:
        """End the training that runs, if one does."""
        if self._running is not None:
            self._running[0].kill()
            self._stderr(*self._running)
            self.begun = None

    def expected(self) -> Rate | None:
        """Return how good the guesses of the model in use are, by the last labels since it came.

        These are the images that it was least certain of, and none that it was trained on: of those
        that are left, more will be right. None while there are too few.
        """
        lately = self._store.accepted(int(self._store.facts.get(_SINCE, "0")), _LATELY)
        return None if len(lately) < _ENOUGH else Rate(sum(lately), len(lately))

    def _begin(self) -> None:
        said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the process has ended
        try:
            self._next.unlink(missing_ok=True)
            process = begin_child(self._command, said)
        except OSError as error:
            said.close()
            self.trouble = f"training could not begin: {error.strerror}"
            return
        self._running, self.begun = (process, said), time.monotonic()

    def _finish(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        """Judge the model of the training that has ended, or say why it gave none."""
        lines = [line for line in self._stderr(process, said).splitlines() if line.strip()]
        if not self._next.exists():
            why = lines[-1] if lines else "it said nothing"
            self.trouble = f"training gave no model: {printable(why)[:_TOLD]}"
            return
        try:
            reader = load(self._next, providers=self._providers)
        except CaptchascopeError as error:
            self.trouble = f"training gave no model: {error}"
            return
        self.trouble = ""
        self._judge(reader)

    def _stderr(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> str:
        """Wait for the process, and return what it said."""
        process.wait()
        self._running = None
        with said:
            said.seek(0)
            return said.read().decode(errors="replace")

    def _judge(self, reader: Reader) -> None:
        """Use a new model unless the one in use is better, as far as one can tell.

        The one is measured on labels that were held out of its training, the other on labels that
        came after its own: either has seen none of what it is measured on.
        """
        share = reader.model.metadata.metrics.get("validation_captcha")
        new = float(share) if isinstance(share, int | float) else None
        old = self.expected()
        if new is not None and old is not None and new < old.value:
            self._next.unlink(missing_ok=True)
            self.news = (
                f"A new model reads {new:.0%} of the labels held out; the one in use, with "
                f"{old.value:.0%}, is better and stays."
            )
            return
        self._next.replace(self._own)
        self._store.set_facts({_SINCE: str(self._store.seq)})
        self._use(load(self._own, providers=self._providers))
        reads = "" if new is None else f", and reads {new:.0%} of the labels held out"
        path = printable(self._own)
        self.news = f"A model trained on your labels guesses now{reads}: {path}"


if __name__ == "__main__":
    _train(*sys.argv[1:])

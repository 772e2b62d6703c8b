"""A session of labelling a folder: all that it needs, started and stopped together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median

from captchascope.errors import CaptchascopeError, DatasetError, UsageError
from captchascope.reader import Reader, load
from captchascope.web.label.csvsync import CsvSync
from captchascope.web.label.images import files_of
from captchascope.web.label.learning import (
    OWN_MODEL,
    Guesses,
    Retrainer,
    training_command,
)
from captchascope.web.label.store import Store
from captchascope.web.settings import LabelSettings

_TICK, _LOOK = 1.0, 5.0  # seconds
_LATELY = 50  # labels


class LabelSession:
    """A folder that is being labelled: its store, the guesses of a model, and its training."""

    def __init__(
        self, settings: LabelSettings, *, tick: float = _TICK, look: float = _LOOK
    ) -> None:
        """Open the store of a folder, and take in the labels that are there.

        Each ``tick`` seconds it does what is to be done; each ``look`` it looks for other images,
        which takes longer.

        Raises:
            DatasetError: If the folder has no images, or its labels cannot be understood.
            OutputError: If the store cannot be written, or another process has it.
        """
        self.settings = settings
        self._files = files_of(settings.folder)
        self.store = Store(settings.folder, settings.overlap)
        try:
            self.store.set_present(self._files)
            self._csv = CsvSync(self.store)
            self._csv.begin()
        except BaseException:
            self.store.close()
            raise
        self.guesses = Guesses(self.store)
        command = training_command(settings.folder, settings.limit, settings.options)
        self.retrainer = Retrainer(self.store, settings.retrain, command)
        self._tick, self._rest = tick, look
        self._looked = time.monotonic()
        self._trouble: dict[str, str] = {}
        self._ended = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)

    def begin(self) -> None:
        """Begin to guess, and to keep everything up to date.

        Raises:
            ModelError: If the model that was asked for cannot be used.
            UsageError: If it can never guess what is known of the texts.
        """
        if self.settings.model is not None:
            self.guesses.use(load(self.settings.model).with_options(self.settings.options))
        self.guesses.begin()
        self._upkeep.start()

    def end(self) -> None:
        """Stop, with ``labels.csv`` up to date.

        Raises:
            OutputError, DatasetError: If it cannot be written; the store has all of it.
        """
        self._ended.set()
        if self._upkeep.is_alive():
            self._upkeep.join()
        self.guesses.end()
        self.retrainer.end()
        try:
            self._csv.follow()
        finally:
            self.store.close()

    def progress(self, session: str) -> dict[str, object]:
        """Return how labelling goes, as the tab of that name sees it and its script takes it."""
        counts = self.store.counts()
        seconds = self.store.seconds(session, _LATELY)
        expected = self.retrainer.expected()
        begun = self.retrainer.begun
        troubles = (*self._trouble.values(), self.guesses.trouble, self.retrainer.trouble)
        return {
            "total": counts.total(),
            "labelled": counts["labelled"],
            "unreadable": counts["unreadable"],
            "disputed": counts["disputed"],
            "left": counts["open"],
            "seconds": median(seconds) if seconds else None,  # for one of its last labels
            "expected": None if expected is None else expected.value,  # the share of guesses right
            "counted": 0 if expected is None else expected.total,  # of how many
            "training": None if begun is None else int(time.monotonic() - begun),  # seconds so far
            "news": self.retrainer.news,
            "trouble": [text for text in troubles if text],
        }

    def _keep_up(self) -> None:
        """Do what is to be done, now and then; nothing that goes wrong here stops labelling."""
        if self.guesses.model == 0:
            self._attempt("model", self._choose_model)
        while not self._ended.wait(self._tick):
            self._attempt("images", self._look)
            self._attempt("labels.csv", self._csv.follow)
            self._attempt("model", self._learn)

    def _attempt(self, name: str, step: Callable[[], None]) -> None:
        try:
            step()
            self._trouble.pop(name, None)
        except CaptchascopeError as error:
            self._trouble[name] = str(error)
        except Exception as error:
            self._trouble[name] = f"{name}: {type(error).__name__}: {error}"

    def _look(self) -> None:
        """See whether there are other images now."""
        if time.monotonic() - self._looked < self._rest:
            return
        self._looked = time.monotonic()
        try:
            self._set_present(files_of(self.store.folder))
        except DatasetError:
            if self.store.folder.is_dir():  # all are gone; a folder that is not there may come back
                self._set_present([])
            raise

    def _set_present(self, files: list[str]) -> None:
        if files != self._files:
            self.store.set_present(files)
            self._files = files

    def _choose_model(self) -> None:
        try:
            self._guess_with(load(self.store.folder / OWN_MODEL))
        except CaptchascopeError:  # there is none, or a broken one: there is another
            self._guess_with(load())

    def _learn(self) -> None:
        """Train where it is time, and use the model that came of it."""
        if (reader := self.retrainer.look()) is not None:
            self._guess_with(reader)

    def _guess_with(self, reader: Reader) -> None:
        """Guess with a model, and what is known of the texts if it can ever guess that."""
        with suppress(UsageError):
            reader = reader.with_options(self.settings.options)
        self.guesses.use(reader)

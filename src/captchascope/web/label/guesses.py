"""What the model reads in the images that are not labelled yet, found out in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from captchascope.errors import ImageError
from captchascope.reader import Reader
from captchascope.records import Reading
from captchascope.web.label.images import bytes_of
from captchascope.web.label.schema import Guess
from captchascope.web.label.store import Store

__all__ = ["Guesses", "by_doubt"]

_BATCH = 16  # images; few, so that whoever waits for a page is served in between
_IDLE = 1.0  # seconds between looks for new images


class Guesses:
    """The guesses, as far as they have come.

    Attributes:
        model: The number of the model that reads, counted from 1; 0 before there is one.
        trouble: Why there are no guesses; empty where there are.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._reader: Reader | None = None
        self._found: dict[int, Guess] = {}
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guesses", daemon=True)
        self._pending: Iterator[int] = iter(())
        self._order: list[int] = []
        self._stale = True
        self.model = 0
        self.trouble = ""

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
        self._reader = reader
        self.model += 1
        self._pending = iter(())
        self._wake.set()

    def of(self, image: int) -> Guess | None:
        """Return the guess for an image, if it has been read."""
        return self._found.get(image)

    def order(self) -> Sequence[int]:
        """Return the images, those whose guess is least certain first."""
        if self._stale:
            self._stale = False
            self._order = by_doubt(self._store.present(), dict(self._found))
        return self._order

    def refresh(self) -> None:
        """Find a new order when it is next asked for, as there are other images."""
        self._stale = True
        self._wake.set()

    def _is_unread(self, image: int) -> bool:
        guess = self._found.get(image)
        return guess is None or guess.model < self.model

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                busy = self._reader is not None and self._read_some(self._reader)
            except Exception as error:  # whatever it is, people go on labelling without guesses
                self.trouble, busy = f"the model cannot read: {error}", False
            if not busy:
                self._wake.wait(_IDLE)
                self._wake.clear()

    def _read_some(self, reader: Reader) -> bool:
        """Read a batch; say whether there was one."""
        model = self.model
        batch = [(image, file) for image in self._next() if (file := self._store.file(image))]
        if not batch:
            return False
        loaded = [self._bytes(file) for _, file in batch]
        readings = iter(reader.read_batch([data for data in loaded if data is not None]))
        for (image, _), data in zip(batch, loaded, strict=True):
            self._found[image] = _guess(None if data is None else next(readings), model)
        self._stale, self.trouble = True, ""
        return True

    def _next(self) -> list[int]:
        """Return the images to read next; all are gone through before any is looked for again."""
        unread = filter(self._is_unread, self._pending)
        still_open = (i for i in unread if self._store.standing(i).state == "open")
        batch = list(islice(still_open, _BATCH))
        if not batch:
            again = filter(self._is_unread, self._store.with_state("open"))
            self._pending = iter(list(again))
            batch = list(islice(self._pending, _BATCH))
        return batch

    def _bytes(self, file: str) -> bytes | None:
        try:
            return bytes_of(self._folder, file)
        except ImageError:
            return None


def _guess(reading: Reading | None, model: int) -> Guess:
    """Return a reading as a guess; what cannot be read is as uncertain as can be."""
    if reading is None or reading.text is None:
        return Guess(None, 0.0, (), model)
    chars = tuple((char.char, char.confidence) for char in reading.chars)
    return Guess(reading.text, reading.confidence, chars, model)


def by_doubt(images: Sequence[int], guesses: dict[int, Guess]) -> list[int]:
    """Return images by the confidence of their guess, the lowest first, then those without one."""

    def key(image: int) -> tuple[bool, float]:
        guess = guesses.get(image)
        return (True, 0.0) if guess is None else (False, guess.confidence)

    return sorted(images, key=key)

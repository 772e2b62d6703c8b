"""The model that learns from the labels as they come."""

from __future__ import annotations

from pathlib import Path

from captchascope.evaluate import Rate
from captchascope.reader import Reader, load
from captchascope.web.label.model import OWN_MODEL, expected, held_out
from captchascope.web.label.retrain import Training, can_train, command
from captchascope.web.label.store import Store

__all__ = ["Pupil"]

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

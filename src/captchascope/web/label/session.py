"""Everything that labelling a folder needs, started and stopped together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median
from time import monotonic

from captchascope.errors import CaptchascopeError, DatasetError, ImageError
from captchascope.reader import load
from captchascope.web.label.csvsync import Follower
from captchascope.web.label.guesses import Guesses
from captchascope.web.label.images import bytes_of, files_of
from captchascope.web.label.leases import Leases
from captchascope.web.label.retrainer import OWN_MODEL, Pupil, best_of
from captchascope.web.label.schema import DATABASE, Mark
from captchascope.web.label.store import Done, Said, Store
from captchascope.web.settings import Plan

_TICK = 1.0  # seconds between looks at what is to be done
_LOOK = 5.0  # seconds between looks for images
_LOOKED_AT = 24  # images, to choose a model by


class Desk:
    """A folder that is being labelled.

    Attributes:
        plan: How.
        store: What has been said.
        leases: Who has which image.
        guesses: What the model reads.
        pupil: The training.
    """

    def __init__(self, plan: Plan) -> None:
        """Open the store of a folder, and take in the labels that are there.

        Raises:
            DatasetError: If the folder has no images, or its labels cannot be understood.
            OutputError: If the store cannot be written, or another process has it.
        """
        self.plan = plan
        files = files_of(plan.folder)
        self.store = Store(plan.folder / DATABASE)
        try:
            self.store.set_present(files)
            self._follower = Follower(plan.folder, self.store)
            self._follower.begin()
        except BaseException:
            self.store.close()
            raise
        self.leases = Leases(self.store, plan.overlap)
        self.guesses = Guesses(plan.folder, self.store)
        self.pupil = Pupil(plan.folder, self.store, plan.retrain, plan.limit)
        self._files = files
        self._looked = time.monotonic()
        self._trouble: dict[str, str] = {}
        self._ended = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)

    def begin(self) -> None:
        """Begin to guess, and to keep everything up to date.

        Raises:
            ModelError: If the model that was asked for cannot be used.
        """
        if self.plan.model is not None:
            self.guesses.use(load(self.plan.model))
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
        self.pupil.end()
        try:
            self._follower.follow()
        finally:
            self.store.close()

    def say(self, session: str, said: Sequence[Said]) -> list[Done]:
        """Store what a session says; what it withdraws is its own to label again.

        Raises:
            OutputError: If nothing could be stored.
        """
        done = self.store.say(session, said)
        for one, came in zip(said, done, strict=True):
            mark = self.store.mark(one.key)
            if one.image is None and not came.fault and mark is not None:
                self.leases.add(session, mark.image)
        return done

    def trouble(self) -> list[str]:
        """Return what does not go well, and whoever labels should know."""
        told = (*self._trouble.values(), self.guesses.trouble, self.pupil.trouble)
        return [text for text in told if text]

    def _keep_up(self) -> None:
        """Do what is to be done, now and then; nothing that goes wrong here stops labelling."""
        with suppress(CaptchascopeError):
            if self.guesses.model == 0:
                self._choose_model()
        while not self._ended.wait(_TICK):
            self._attempt("images", self._look)
            self._attempt("labels.csv", self._follower.follow)
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
        if time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        try:
            files = files_of(self.plan.folder)
        except DatasetError:
            if self.plan.folder.is_dir():  # all are gone; a folder that is not there may come back
                self._set_present([])
            raise
        self._set_present(files)

    def _set_present(self, files: list[str]) -> None:
        if files != self._files:
            self._files = files
            self.store.set_present(files)
            self.guesses.refresh()

    def _choose_model(self) -> None:
        own = self.plan.folder / OWN_MODEL
        if own.exists():
            with suppress(CaptchascopeError):  # an older one, or a broken one: there are others
                self.guesses.use(load(own))
                return
        some = []
        for image in islice(self.store.present(), _LOOKED_AT):
            with suppress(ImageError):
                some.append(bytes_of(self.plan.folder, self.store.file(image) or ""))
        self.guesses.use(best_of(some))

    def _learn(self) -> None:
        """Train where it is time, and use the model that came of it."""
        reader = self.pupil.look()
        if reader is not None:
            self.guesses.use(reader)


_LATELY = 50  # labels
_LOOKED_THROUGH = 1000  # marks of all sessions, for the last ones of one


@dataclass(frozen=True, slots=True)
class Progress:
    """How the labelling of a folder goes.

    Attributes:
        total: The images in the folder.
        labelled: Those with a label that nobody disputes.
        unreadable: Those that cannot be read.
        disputed: Those that wait for a review.
        left: Those of which nobody has said anything.
        seconds: The median time that this session took for one of its last 50 labels; None before
            there is one.
        expected: The share of guesses accepted unchanged of the last 50 since the model came; None
            while there are fewer than ten.
        counted: Of how many.
        training: For how many seconds a training has been running; None where none is.
        news: What came of the last training.
        trouble: What does not go well.
    """

    total: int
    labelled: int
    unreadable: int
    disputed: int
    left: int
    seconds: float | None
    expected: float | None
    counted: int
    training: int | None
    news: str
    trouble: list[str]

    def to_json(self) -> dict[str, object]:
        """Return it as the page takes it."""
        return asdict(self)


def progress_of(desk: Desk, session: str) -> Progress:
    """Return how it goes, as one session sees it."""
    counts = desk.store.counts()
    expected = desk.pupil.expected()
    begun = desk.pupil.begun
    with desk.store.lock:
        seconds = _seconds(desk.store.latest(), session)
    return Progress(
        total=counts.total(),
        labelled=counts["labelled"],
        unreadable=counts["unreadable"],
        disputed=counts["disputed"],
        left=counts["open"],
        seconds=seconds,
        expected=None if expected is None else expected.value,
        counted=0 if expected is None else expected.total,
        training=None if begun is None else int(monotonic() - begun),
        news=desk.pupil.news,
        trouble=desk.trouble(),
    )


def _seconds(marks: Iterable[Mark], session: str) -> float | None:
    own = (m for m in islice(marks, _LOOKED_THROUGH) if m.session == session)
    taken = [mark.seconds for mark in islice(own, _LATELY) if mark.seconds is not None]
    return median(taken) if taken else None

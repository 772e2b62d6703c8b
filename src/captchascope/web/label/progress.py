"""The figures beside the image: how far, how fast, how good the guesses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median
from time import monotonic

from captchascope.web.label.desk import Desk
from captchascope.web.label.marks import Mark

__all__ = ["Progress", "progress_of"]

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

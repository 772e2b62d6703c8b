"""What a measurement is given, and how one is declared."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from captchascope.audit.subject import Subject
from captchascope.collect.kept import Collection
from captchascope.decode import ReadOptions

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a measurement is given.

    Attributes:
        subject: What is audited.
        folder: Where a measurement may write; what it leaves there may be removed.
        seed: Of all that is drawn or chosen.
        jobs: How many processes may read.
        reading: What the user said of the texts and the images.
        pages: The folder of pages that ``collect --keep-pages`` wrote; None without.
        audio: Whether there is an audio alternative; None where nobody said.
        deadline: ``time.monotonic`` at which all must be done; None for no limit.
        say: Takes a line for the user about what was found on the way.
        progress: Takes how far this measurement is, 0 to 1.
    """

    subject: Subject
    folder: Path
    seed: int = 0
    jobs: int = 1
    reading: ReadOptions = field(default_factory=ReadOptions)
    pages: Path | None = None
    audio: bool | None = None
    deadline: float | None = None
    say: Callable[[str], None] = lambda line: None
    progress: Callable[[float], None] = lambda share: None

    def left(self) -> float:
        """Return the seconds that are left; infinite where there is no limit."""
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()

    def collection(self) -> Collection | None:
        """Return what was kept when the images were collected; None where they were not."""
        return Collection.at(self.pages or self.subject.held.folder)


class UnmeasuredError(Exception):
    """A measurement that cannot be made.

    Attributes:
        why: As half a sentence, with what to do about it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Measurement(Generic[T_co]):
    """One thing that is measured, and stored as it ends.

    Attributes:
        key: Its name: of the file that it is stored in, and of the field of ``Figures``.
        title: What it is, as half a sentence, as it is shown.
        kind: The record that it returns.
        measure: Makes it. What it raises as UnmeasuredError is a reason that the report gives; the
            same setting gives the same figures, but for times.
        seconds: About how long it takes on two processors.
    """

    key: str
    title: str
    kind: type[T_co]
    measure: Callable[[Setting], T_co]
    seconds: float

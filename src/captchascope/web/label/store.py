"""The labels of a folder while people give them: all in memory, and on the disk before it is said.

Threads may share a store. Images have numbers, which never change and are never used again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from captchascope.data.labels import label_fault
from captchascope.files import natural_key
from captchascope.web.label.schema import (
    NONE_YET,
    Database,
    Mark,
    Standing,
    standing_of,
)

__all__ = ["Done", "Said", "Store"]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wants stored: a mark, or that one of theirs is withdrawn.

    Attributes:
        key: Of the mark.
        image: The number of the image; None where the mark is withdrawn.
        text: As in ``Mark``; so are the rest.
    """

    key: str
    image: int | None
    text: str | None = None
    final: bool = False
    guess: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a ``Said``: ``fault`` is empty where it is stored."""

    key: str
    fault: str = ""


class Store:
    """The images and marks of one folder.

    Attributes:
        lock: Held by whoever asks twice and wants no change in between.
        version: Grows with every change of a label.
        facts: What else is kept, by name; ``set_facts`` changes it.
    """

    def __init__(self, path: Path) -> None:
        """Open the store in a file, or make it; errors as ``Database``."""
        self.lock = threading.RLock()
        self._database = Database(path)
        self.facts = self._database.facts()
        self._files: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._columns: dict[int, dict[str, str]] = {}
        for number, (file, columns) in self._database.images().items():
            self._files[number], self._columns[number] = file, columns
            self._numbers[file] = number
        self._marks: dict[int, list[Mark]] = {}
        self._keys: dict[str, Mark] = {}
        self._log: list[str] = []  # keys, in order
        self._seq = 0
        for mark in self._database.marks():
            self._keep(mark)
        self._standings = {image: standing_of(marks) for image, marks in self._marks.items()}
        self._present: dict[int, int] = {}  # to the place in natural order
        self._counts: Counter[str] = Counter()
        self.version = 0

    def close(self) -> None:
        """Close the file; nothing may be asked of the store after that."""
        with self.lock:
            self._database.close()

    def _keep(self, mark: Mark) -> None:
        self._marks.setdefault(mark.image, []).append(mark)
        self._keys[mark.key] = mark
        self._log.append(mark.key)
        self._seq = max(self._seq, mark.seq, mark.undone or 0)

    @property
    def seq(self) -> int:
        """The time, as marks count it."""
        return self._seq

    def set_present(self, files: Sequence[str]) -> None:
        """Say which images are in the folder now, in natural order; new ones get numbers."""
        with self.lock:
            self.add_images(file for file in files if file not in self._numbers)
            numbers = [self._numbers[file] for file in files]
            self._present = {number: place for place, number in enumerate(numbers)}
            self._counts = Counter(self.standing(number).state for number in numbers)

    def add_images(self, files: Iterable[str]) -> None:
        """Give numbers to files that may be in the folder or not."""
        with self.lock:
            new = [file for file in files if file not in self._numbers]
            if not new:
                return
            with self._database.changing():
                numbers = [self._database.add_image(file) for file in new]
            for number, file in zip(numbers, new, strict=True):
                self._files[number], self._numbers[file] = file, number
                self._columns[number] = {}

    def file(self, image: int) -> str | None:
        """Return the path of an image that is in the folder, relative to it."""
        return self._files[image] if image in self._present else None

    def number(self, file: str) -> int | None:
        """Return the number of a file."""
        return self._numbers.get(file)

    def standing(self, image: int, at: int | None = None) -> Standing:
        """Return where an image stands, or stood."""
        if at is not None:
            return standing_of(self._marks.get(image, ()), at)
        return self._standings.get(image, NONE_YET)

    def mark(self, key: str) -> Mark | None:
        """Return a mark by its key, whether it stands or not."""
        return self._keys.get(key)

    def marks(self, image: int) -> list[Mark]:
        """Return what stands of an image, in order."""
        with self.lock:
            return [mark for mark in self._marks.get(image, ()) if mark.stands()]

    def counts(self) -> Counter[str]:
        """Return how many of the images in the folder are in which state."""
        with self.lock:
            return self._counts.copy()

    def with_state(self, state: str) -> list[int]:
        """Return the images in the folder that are in a state, in natural order."""
        with self.lock:
            return [image for image in self._present if self.standing(image).state == state]

    def labels(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """Return file, label and further columns of all that is labelled, in natural order."""
        with self.lock:
            found = [
                (self._files[image], standing.text, self._columns[image])
                for image, standing in self._standings.items()
                if standing.text is not None
            ]
        return sorted(found, key=lambda row: [natural_key(part) for part in row[0].split("/")])

    def latest(self) -> Iterator[Mark]:
        """Yield the marks that stand, the last first."""
        for key in reversed(self._log):
            mark = self._keys[key]
            if mark.stands():
                yield mark

    def history(self, session: str, most: int) -> list[Mark]:
        """Return the last marks of a session that stand, the oldest first, one for each image."""
        with self.lock:
            found: dict[int, Mark] = {}
            for mark in self.latest():
                if mark.session == session:
                    found.setdefault(mark.image, mark)
                    if len(found) == most:
                        break
        return list(found.values())[::-1]

    def say(self, session: str, said: Sequence[Said]) -> list[Done]:
        """Store what a session says, in order and at once.

        When this returns, all that has no fault is on the disk. Said twice, it is stored once.

        Raises:
            OutputError: If nothing could be stored.
        """
        with self.lock:
            changed: dict[str, Mark] = {}
            done, seq = [], self._seq
            for one in said:
                result = self._understood(session, one, seq + 1, changed)
                if isinstance(result, Mark):
                    changed[result.key] = result
                    seq += 1
                done.append(Done(one.key, result if isinstance(result, str) else ""))
            self._commit(changed, seq)
            return done

    def _understood(
        self, session: str, said: Said, seq: int, changed: Mapping[str, Mark]
    ) -> Mark | str | None:
        """Return the mark to store, None if that is done already, or what is wrong."""
        known = changed.get(said.key) or self._keys.get(said.key)
        if known is not None and known.session != session:
            return "is of another session"
        if said.image is None:
            if known is None:
                return "was never stored"
            return replace(known, undone=seq) if known.stands() else None
        if known is not None:
            return None
        if said.image not in self._files:
            return "there is no such image"
        if said.text is not None and (fault := label_fault(said.text)):
            return f"{fault} cannot be stored"
        guess = None if said.guess is None or label_fault(said.guess) else said.guess
        rest = (said.final, guess, said.seconds)
        return Mark(seq, said.key, said.image, session, said.text, *rest)

    def _commit(self, changed: Mapping[str, Mark], seq: int) -> None:
        """Bring marks to the disk, then to memory."""
        if not changed:
            return
        with self._database.changing():
            for mark in changed.values():
                if mark.key not in self._keys:
                    self._database.add_mark(mark)
                else:
                    self._database.undo_mark(mark)
        for mark in changed.values():
            if mark.key in self._keys:
                marks = self._marks[mark.image]
                marks[marks.index(self._keys[mark.key])] = mark
                self._keys[mark.key] = mark
            else:
                self._keep(mark)
            self._restand(mark.image)
        self._seq = seq
        self.version += 1

    def _restand(self, image: int) -> None:
        before = self.standing(image)
        self._standings[image] = after = standing_of(self._marks[image])
        if image in self._present:
            self._counts[before.state] -= 1
            self._counts[after.state] += 1

    def present(self) -> list[int]:
        """Return the images in the folder, in natural order."""
        with self.lock:
            return list(self._present)

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Keep facts by name, on the disk too."""
        with self.lock:
            with self._database.changing():
                self._database.set_facts(facts)
            self.facts |= facts

    def leases(self) -> list[tuple[int, str, float]]:
        """Return the leases that were stored: image, session, end in seconds since the epoch."""
        with self.lock:
            return self._database.leases()

    def set_leases(self, session: str, leases: Mapping[int, float]) -> None:
        """Store what a session holds, and until when."""
        with self.lock, self._database.changing():
            self._database.set_leases(session, leases.items())

    def set_columns(self, columns: Mapping[int, Mapping[str, str]]) -> None:
        """Store the further columns of some images."""
        changed = {n: dict(c) for n, c in columns.items() if self._columns[n] != dict(c)}
        if changed:
            with self.lock, self._database.changing():
                for number, further in changed.items():
                    self._database.set_columns(number, further)
            self._columns |= changed

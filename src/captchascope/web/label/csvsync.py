"""The sync of ``labels.csv`` with the store: what others write into it is taken in first.

Before the file is written, the store keeps the hash of what it is going to be and the time of the
labels in it. So at any later moment, after a kill too, it can be told whether the file is ours,
and if not, what it was when it last was: a row that has changed since was changed by somebody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from captchascope.atomic import atomic_write
from captchascope.data.formats import AUTO, form_of, read_labels
from captchascope.data.formats.tables import read_csv
from captchascope.data.labels import (
    AS_FOUND,
    LABELS_CSV,
    LabelOptions,
    LabelRow,
    label_fault,
    labels_csv,
    quoted,
)
from captchascope.data.match import Folder
from captchascope.errors import DatasetError
from captchascope.files import find_images, printable
from captchascope.records import Sample
from captchascope.web.label.schema import CSV, OPEN, Submission
from captchascope.web.label.store import Store

_OURS, _SINCE = "csv", "csv at"  # the hash of the file as we left it, and the time of its labels
_NEXT, _NEXT_AT = "next csv", "next csv at"  # the same of what may be being written


class CsvSync:
    """Keeps the label file of a folder and the store in agreement."""

    def __init__(self, store: Store) -> None:
        self._folder = store.folder
        self._path = store.folder / LABELS_CSV
        self._store = store
        self._written: int | None = None  # the time of the labels that the file has

    def begin(self, labels_from: str = AUTO, labels_as: LabelOptions = AS_FOUND) -> None:
        """Take in what the folder has, at the start.

        Args:
            labels_from: Where else labels are, which are taken in for images that have none yet;
                ``auto`` takes those of another label file, where there is no ``labels.csv`` yet.
            labels_as: How these are to be read.
        Raises:
            DatasetError: If there are labels that cannot be understood; nothing is changed then.
            OutputError: If they cannot be stored.
        """
        first = not self._store.facts.get(_OURS)
        if self._path.exists():
            self._take_in()
            first = False
        form = labels_from
        if labels_from == AUTO:
            form = (form_of(self._folder) if first else None) or AUTO
        if form not in (AUTO, "csv"):
            folder = Folder.of(self._folder, find_images(self._folder), labels_as)
            samples = read_labels(folder, form).samples
            labelled = {file for file, _, _ in self._store.labels()[1]}
            rows = [LabelRow(0, s.file, s.label, s.columns) for s in samples]
            self._take_rows([row for row in rows if row.file not in labelled], f"of {form}")

    def follow(self) -> None:
        """Bring the file up to date; what others have written there is taken in before.

        Raises:
            DatasetError: If others have left it in a state that cannot be understood; it stays so.
            OutputError: If it cannot be written.
        """
        self._take_in()
        if self._store.seq == self._written:
            return
        seq, labels = self._store.labels()
        if not (labels or self._path.exists()):
            return
        samples = [Sample(file, label, Path(file), columns=more) for file, label, more in labels]
        text = labels_csv(self._path, samples)
        ours = _hash(text.encode())
        if ours != self._store.facts.get(_OURS):
            self._store.set_facts({_NEXT: ours, _NEXT_AT: str(seq)})
            atomic_write(self._path, text)
        self._store.set_facts({_OURS: ours, _SINCE: str(seq)})
        self._written = seq

    def _take_in(self) -> None:
        """Take in the file where it is not as we left it."""
        try:
            found = _hash(self._path.read_bytes())
        except FileNotFoundError:
            if self._store.facts.get(_OURS):
                self._store.set_facts({_OURS: ""})
            self._written = None
            return
        except OSError as error:
            what, remedy = f"cannot be read: {error.strerror}", "check the permissions"
            raise DatasetError(printable(self._path), what, remedy) from error
        facts = self._store.facts
        if found == facts.get(_OURS):
            return
        if found == facts.get(_NEXT):
            self._store.set_facts({_OURS: found, _SINCE: facts[_NEXT_AT]})
            return
        self._take_rows(self._rows(), found)
        self._written = None
        self._store.set_facts({_OURS: found, _SINCE: str(self._store.seq)})

    def _rows(self) -> list[LabelRow]:
        """Return the rows of the file, having checked all of them."""
        images = find_images(self._folder)
        folder = Folder.of(self._folder, images, LabelOptions(as_written=True))
        rows: dict[str, LabelRow] = {}
        for row in read_csv(folder, self._path):
            what = row.fault or ("" if row.file else "has a row that names no file")
            if not what and row.label and (fault := label_fault(row.label)):
                what = f"gives {quoted(row.file)} {fault}"
            image = folder.find(row.file)
            named = row if image is None else replace(row, file=image.file)
            if rows.setdefault(named.file, named).label != row.label:
                what = f"labels {quoted(row.file)} again, and otherwise"
            if what:
                raise DatasetError(printable(self._path), what, row.remedy, row=row.number)
        return list(rows.values())

    def _take_rows(self, rows: Sequence[LabelRow], origin: str) -> None:
        """Store what rows say that the file did not say when we left it.

        A label that nobody has touched here since then is replaced; where both have changed, the
        image becomes disputed.
        """
        numbers = self._store.add_images(row.file for row in rows)
        since = int(self._store.facts.get(_SINCE, "0"))
        befores, nows = self._store.standings(at=since), self._store.standings()
        submissions = []
        for place, row in enumerate(rows):
            image = numbers[row.file]
            before, now = befores.get(image, OPEN), nows.get(image, OPEN)
            if row.label and row.label != before.text:
                key = f"{CSV} {origin} {since} {place}"
                submissions.append(Submission(key, image, row.label, final=before == now))
        self._store.set_columns({numbers[row.file]: row.columns for row in rows})
        self._store.say(CSV, submissions)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

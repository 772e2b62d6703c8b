"""The sync of ``labels.csv`` with the store: what others write into it is taken in first.

Before the file is written, the store keeps the hash of what it is going to be and the time of the
labels in it. So at any later moment, after a kill too, it can be told whether the file is ours,
and if not, what it was when it last was: a row that has changed since was changed by somebody.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

from captchascope.atomic import atomic_write
from captchascope.data.formats import AUTO, form_of, read_labels
from captchascope.data.formats.readings import require_no_readings
from captchascope.data.formats.tables import read_csv
from captchascope.data.labels import (
    AS_FOUND,
    LABELS_CSV,
    MAX_BYTES,
    LabelOptions,
    LabelRow,
    label_fault,
    labels_csv,
    quoted,
)
from captchascope.data.match import Folder
from captchascope.errors import DatasetError, OutputError
from captchascope.files import find_images, printable, read_regular
from captchascope.records import Sample
from captchascope.web.label.schema import CSV, DATABASE, OPEN, Submission
from captchascope.web.label.store import Store

_OURS, _SINCE = "csv", "csv at"  # the hash of the file as we left it, and the time of its labels
_NEXT, _NEXT_AT = "next csv", "next csv at"  # the same of what may be being written


class CsvSync:
    """Keeps the label file of a folder and the store in agreement."""

    def __init__(self, store: Store) -> None:
        self._folder = store.folder
        self._path = store.folder / LABELS_CSV
        self._store = store
        self._name = store.folder.absolute().name
        self._refuge: Path | None = None
        self._named = False  # whether somebody has said that the file has labels
        self._written: int | None = None  # the time of the labels that the file has

    def begin(self, labels_from: str = AUTO, labels_as: LabelOptions = AS_FOUND) -> None:
        """Take in what the folder has, at the start.

        Args:
            labels_from: Where else labels are, which are taken in for images that have none yet;
                ``auto`` takes those of another label file, where there is no ``labels.csv`` yet.
            labels_as: How these are to be read.
        Raises:
            DatasetError: If there are labels that cannot be understood, or ``labels.csv`` holds
                readings that nobody has named; nothing is changed then.
            OutputError: If they cannot be stored.
        """
        self._named = labels_from == "csv" or Path(labels_from).resolve() == self._path.resolve()
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
        text = self._text(labels)
        ours = _hash(text.encode())
        if ours != self._store.facts.get(_OURS):
            self._store.set_facts({_NEXT: ours, _NEXT_AT: str(seq)})
            atomic_write(self._path, text)
        self._store.set_facts({_OURS: ours, _SINCE: str(seq)})
        self._written = seq

    def rescue(self) -> Path | None:
        """Write the labels somewhere when the store is not where it was.

        That is ``labels.csv`` in the folder, wherever that is now, if nobody else wrote there;
        or else a new file in the current folder, or in the one for temporary files. Called again,
        it writes the same file again.

        Returns:
            The file; None where there are no labels.
        Raises:
            OutputError: If it can be written nowhere.
        """
        _, labels = self._store.labels()
        if not labels:
            return None
        failed: OutputError | None = None
        for path in self._refuges():
            try:
                atomic_write(path, self._text(labels))
            except OutputError as error:
                failed = error
            else:
                self._refuge = path if path.name != LABELS_CSV else None
                return path
        assert failed is not None
        raise failed

    def _refuges(self) -> Iterator[Path]:
        """Yield where labels can be written that nobody finds in the store any more."""
        folder = self._store.place.now()
        if folder is not None and self._is_ours(folder):
            yield folder / LABELS_CSV
        if self._refuge is not None:
            yield self._refuge
        with suppress(FileNotFoundError):  # the current folder may be the one that is gone
            yield self._new_in(Path.cwd())
        yield self._new_in(Path(tempfile.gettempdir()))

    def _new_in(self, folder: Path) -> Path:
        """Return a path in a folder at which there is nothing."""
        names = (f"labels-of-{self._name}{f'-{n}' if n > 1 else ''}.csv" for n in count(1))
        return next(folder / name for name in names if not (folder / name).exists())

    def _is_ours(self, folder: Path) -> bool:
        """Say whether what a folder has of a store and of labels, if anything, is from here."""
        store, labels = folder / DATABASE, folder / LABELS_CSV
        with suppress(OSError):
            ours = self._store.facts.get(_OURS), self._store.facts.get(_NEXT)
            return (self._store.place.is_opened(store) or not store.exists()) and (
                not labels.exists() or _hash(read_regular(labels, MAX_BYTES)) in ours
            )
        return False

    def _text(self, labels: Sequence[tuple[str, str, Mapping[str, str]]]) -> str:
        """Return the whole file of some labels."""
        samples = [Sample(file, label, Path(file), columns=more) for file, label, more in labels]
        return labels_csv(self._path, samples)

    def _take_in(self) -> None:
        """Take in the file where it is not as we left it."""
        try:
            found = _hash(read_regular(self._path, MAX_BYTES))
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
        if not self._named:
            require_no_readings(self._path)
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

"""Labelled images in Parquet files, which need not fit in memory.

The labels are gone through once, alone; then the rows come as often as they are asked for, a few at
a time, however large a row group is. A row is known by its number, which counts the rows of all
files from 0, and is told as ``FILE:ROW``, from 0 in its file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from captchascope.data.dataset import Dataset
from captchascope.data.labels import Origin, label_fault, quoted
from captchascope.data.spelling import plain_spelling
from captchascope.decode.pattern import folded
from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ImageError,
    MissingExtraError,
    alike,
)
from captchascope.files import StrPath, find_images, natural_key, printable
from captchascope.image import load_image
from captchascope.records import Sample

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_SUFFIX = ".parquet"
_LABELS = 65_536  # that are gone through at once
_ROWS = 64  # with their images
_BUFFER = 2**20  # bytes that are read ahead of a column
_RANKED = 2**20  # rows at once
_NAME = 60  # characters of a file's name


class Row(NamedTuple):
    """A row that can be trained on, as far as its label tells.

    Attributes:
        number: Among the rows of all files, from 0.
        image: The encoded bytes; none where the row has no image.
        label: As it is learnt.
    """

    number: int
    image: bytes
    label: str


class RowGroup(NamedTuple):
    """A row group of a file.

    Attributes:
        path: The file.
        number: Of the group in it.
        first: The number of its first row.
        place: The row of the file that this is.
        rows: How many there are.
        state: Of the file when its labels were read: its size, and when it was written.
    """

    path: Path
    number: int
    first: int
    place: int
    rows: int
    state: tuple[int, int]


class Faults:
    """The rows that cannot be used: of each reason how many, and the first."""

    def __init__(self) -> None:
        self._first: dict[str, CaptchascopeError] = {}
        self._count: dict[str, int] = {}

    def add(self, error: CaptchascopeError) -> None:
        """Count an error; those that differ in quotes or numbers alone have the same reason."""
        reason = alike(error.what)
        self._first.setdefault(reason, error)
        self._count[reason] = self._count.get(reason, 0) + 1

    def errors(self) -> tuple[DatasetError, ...]:
        """Return an error for each reason."""
        return tuple(
            DatasetError(
                first.where,
                first.what + (f"; {more:,} more like it" if more else ""),
                first.remedy,
            )
            for reason, first in self._first.items()
            for more in [self._count[reason] - 1]
        )


@dataclass(frozen=True, slots=True)
class ParquetDataset:
    """Labelled images in Parquet files; ``read_parquet`` makes it.

    Attributes:
        source: What the user named: a file, a folder of files, or a pattern.
        groups: All row groups that have rows, in natural order of their files.
        columns: The names of the columns that have the images and the labels.
        strip_spaces: Whether white space within labels is taken out.
        ignore_case: Whether labels are in lower case.
        rows: How many have a label that can be learnt.
        unlabelled: How many have none.
        chars: The characters of the labels, sorted.
        lengths: The fewest and most characters of a label.
        examples: Numbers of rows that together have all these characters, and both lengths.
        first: The first of all labels, and where it stands.
        problems: Why rows, and what is not readable, cannot be used.
    """

    source: Path
    groups: tuple[RowGroup, ...]
    columns: tuple[str, str]
    strip_spaces: bool = False
    ignore_case: bool = False
    rows: int = 0
    unlabelled: int = 0
    chars: str = ""
    lengths: tuple[int, int] = (0, 0)
    examples: tuple[int, ...] = ()
    first: tuple[str, str] = ("", "")
    problems: tuple[DatasetError, ...] = ()

    @property
    def size(self) -> int:
        """How many rows there are, usable or not."""
        return self.groups[-1].first + self.groups[-1].rows if self.groups else 0

    @property
    def origin(self) -> Origin:
        """Where the labels come from, in words."""
        files = len({group.path for group in self.groups})
        within = f"{files} files" if files > 1 else printable(self.groups[0].path.name)
        return Origin(f"column {quoted(self.columns[1])} of {within}")

    def ignoring_case(self) -> ParquetDataset:
        """Return the same with all labels in lower case; their characters are counted anew."""
        return _counted(replace(self, ignore_case=True))

    def label(self, text: str) -> str:
        """Return a label as it is learnt; it may be none yet that can be."""
        if not _is_plain(text):
            text = plain_spelling(text).strip()
            text = "".join(text.split()) if self.strip_spaces else text
        return folded(text) if self.ignore_case else text

    def where(self, number: int) -> str:
        """Return ``FILE:ROW`` of a row."""
        group = self.groups[bisect_right(self.groups, number, key=lambda g: g.first) - 1]
        return f"{printable(group.path)}:{group.place + number - group.first}"

    def rows_of(self, group: RowGroup) -> Iterator[Row]:
        """Yield the usable rows of a row group, in order; a few are in memory at a time.

        Raises:
            DatasetError: If the file cannot be read, or not to its end.
        """
        from captchascope.data.parquet import encoded_images, texts_of

        image, label = self.columns
        number = group.first
        for batch in _batches(group, [image, label], _ROWS):
            images = encoded_images(batch.column(image)).data
            for data, text in zip(images, texts_of(batch.column(label)).to_pylist(), strict=True):
                learnt = self.label(text or "")
                if not _fault_of(learnt):
                    yield Row(number, data.as_py() or b"", learnt)
                number += 1

    def sample(self, count: int, seed: int, folder: Path) -> Dataset:
        """Write some usable rows whose images decode to files, and return them as a data set.

        They are chosen by a hash of their numbers and the seed, about ``count`` of them, or all
        where there are no more; with them come those that show a character or a length that no
        other does.

        Args:
            count: How many.
            seed: Of the choice.
            folder: An empty folder to write to.

        Returns:
            Samples whose ``row`` is the number. Where it has all rows, the problems say which of
            them do not decode.

        Raises:
            DatasetError: If none decodes.
        """
        whole = self.rows <= count
        wanted = range(self.size) if whole else self._chosen(count, seed)
        samples, faults = [], Faults()
        for group in self.groups:
            begin = bisect_left(wanted, group.first)
            own = {*wanted[begin : bisect_left(wanted, group.first + group.rows)]}
            if not own:
                continue
            name, place = group.path.name[-_NAME:], folder / f"{group.first}"
            place.mkdir()
            try:
                for row in self.rows_of(group):
                    if row.number not in own:
                        continue
                    if (error := self._fault(row)) is not None:
                        faults.add(error)
                        continue
                    path = place / f"{name}-{group.place + row.number - group.first}"
                    path.write_bytes(row.image)
                    samples.append(Sample(self.where(row.number), row.label, path, row.number))
            except DatasetError as error:
                faults.add(error)
        if not samples:
            raise faults.errors()[0]
        at = tuple(replace(sample, position=n) for n, sample in enumerate(samples, 1))
        problems = faults.errors() if whole else ()
        return Dataset(self.source, at, problems, origin=self.origin)

    def _fault(self, row: Row) -> CaptchascopeError | None:
        """Return why the image of a row does not decode."""
        where = self.where(row.number)
        if not row.image:
            return no_image(where)
        try:
            load_image(row.image, 3, name=where)
        except ImageError as error:
            return error
        return None

    def _chosen(self, count: int, seed: int) -> Sequence[int]:
        """Return the numbers of rows of which about ``count`` are usable, in order."""
        most = -(-count * self.size // self.rows)
        numbers = np.empty(0, np.uint64)
        for begin in range(0, self.size, _RANKED):
            more = np.arange(begin, min(begin + _RANKED, self.size), dtype=np.uint64)
            numbers = np.concatenate([numbers, more])
            if len(numbers) > most:
                numbers = numbers[np.argpartition(_hashes(numbers, seed), most - 1)[:most]]
        return sorted({*numbers.tolist(), *self.examples})


def _is_plain(text: str) -> bool:
    """Tell a label that needs no look at its characters."""
    return text.isascii() and text.isalnum()


def _fault_of(label: str) -> str:
    """Return what no label may be, or nothing; what is not UTF-8 has been replaced."""
    return "a label that is not UTF-8" if "\ufffd" in label else label_fault(label)


def no_image(where: str) -> DatasetError:
    """Return the error about a row that holds no image, or only the path of one."""
    return DatasetError(where, "holds no image", "write its bytes: a path is not followed")


def _hashes(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return a hash of each number and the seed (SplitMix64: Steele et al. 2014)."""
    mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(seed * 0xD1B54A32D192ED03 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def parquet_files(source: StrPath) -> list[Path]:
    """Return the Parquet files that a name means, in natural order; none where it means no such.

    Args:
        source: A file that ends in ``.parquet``, a pattern of such (``train-*.parquet``), or a
            folder that holds some, and no image.
    """
    path = Path(source)
    if path.is_dir():
        found = [p for p in path.glob(f"*{_SUFFIX}") if not p.name.startswith((".", "_"))]
        if not found or _has_images(path):
            return []
    elif path.suffix.lower() != _SUFFIX:
        return []
    elif has_magic(str(path)) and not path.exists():
        found = [*Path(path.anchor).glob(str(path.relative_to(path.anchor)))]
    else:
        found = [path]
    return sorted(found, key=lambda p: [natural_key(part) for part in p.parts])


def _has_images(folder: Path) -> bool:
    try:
        return bool(find_images(folder))
    except DatasetError:
        return False


def read_parquet(
    source: StrPath,
    *,
    column: str | None = None,
    label_column: str | None = None,
    strip_spaces: bool = False,
) -> ParquetDataset:
    """Go through the labels in Parquet files once, and return what ``train_model`` takes.

    The images stay where they are: they are bytes, or a struct of ``bytes`` and ``path`` as a data
    set of Hugging Face has it.

    Args:
        source: As ``parquet_files`` has it.
        column: The column that has the images; it is found where it is not named.
        label_column: The one of text that says what they read, likewise.
        strip_spaces: Whether white space within labels is taken out: ``3 + 5`` is ``3+5``.

    Raises:
        DatasetError: If there are no such files, one of them cannot be opened or lacks a column,
            or no row has a label.
        MissingExtraError: If the packages of the extra ``bulk`` are not installed.
    """
    try:
        from captchascope.data.parquet import image_column
        from captchascope.data.parquet import label_column as column_of_labels
    except ModuleNotFoundError as error:
        raise MissingExtraError("read_parquet", "bulk") from error
    paths, where = parquet_files(source), printable(source)
    if not paths:
        raise DatasetError(where, "names no Parquet file", "name files that end in .parquet")
    groups: list[RowGroup] = []
    for path in paths:
        with _open(path) as file:
            schema = file.schema_arrow
            column = image_column(schema, column, printable(path))
            label_column = column_of_labels(schema, label_column, printable(path))
            groups += _groups_of(path, file, groups[-1].first + groups[-1].rows if groups else 0)
    assert column is not None
    assert label_column is not None
    columns = column, label_column
    return _counted(ParquetDataset(Path(source), tuple(groups), columns, strip_spaces))


def _open(path: Path) -> pq.ParquetFile:
    """Open a file so that its columns are read bit by bit, and not a row group at once.

    Raises:
        DatasetError: If it is not there, or no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DatasetError:
    reason = getattr(error, "strerror", None) or (str(error).splitlines() or [""])[0]
    remedy = "check the file: it must be there, and whole"
    return DatasetError(printable(path), f"cannot be read: {printable(reason[:200])}", remedy)


def _groups_of(path: Path, file: pq.ParquetFile, first: int) -> Iterator[RowGroup]:
    place, state = 0, _state(path)
    for index in range(file.num_row_groups):
        rows = file.metadata.row_group(index).num_rows
        if rows:  # an empty file has one without
            yield RowGroup(path, index, first + place, place, rows, state)
        place += rows


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _batches(group: RowGroup, columns: list[str], size: int) -> Iterator[Any]:
    """Yield record batches of some columns of a row group.

    Raises:
        DatasetError: If it cannot be read to its end, or is of a file that has changed.
    """
    import pyarrow as pa

    with _open(group.path) as file:
        try:
            if _state(group.path) != group.state:
                what = "has changed since its labels were read"
                raise DatasetError(printable(group.path), what, "train again, on what is there now")
            yield from file.iter_batches(
                size, row_groups=[group.number], columns=columns, use_threads=False
            )
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(group.path, error) from error


def _counted(dataset: ParquetDataset) -> ParquetDataset:
    """Go through all labels, and return the data set with what there is to say of them.

    Raises:
        DatasetError: If none can be learnt.
    """
    from captchascope.data.parquet import texts_of

    tally = _Tally(dataset.label, dataset.where)
    for group in dataset.groups:
        number = group.first
        for batch in _batches(group, [dataset.columns[1]], _LABELS):
            tally.add(texts_of(batch.column(0)).to_pylist(), number)
            number += len(batch)
    problems = tally.faults.errors()
    if not tally.rows:
        what = f"has no label in column {quoted(dataset.columns[1])} of {dataset.size:,} rows"
        if problems:
            raise problems[0]
        raise DatasetError(printable(dataset.source), what, "label some captchas")
    return replace(
        dataset,
        rows=tally.rows,
        unlabelled=tally.unlabelled,
        chars="".join(sorted(tally.chars)),
        lengths=(min(tally.lengths), max(tally.lengths)),
        examples=tally.examples(),
        first=tally.first,
        problems=problems,
    )


@dataclass(slots=True)
class _Tally:
    """What some labels tell.

    Attributes:
        learnt: Makes a text a label.
        where: Tells where a row stands.
        rows: How many are usable.
        unlabelled: How many have no label.
        chars: The first row of each character.
        lengths: The first row of each length.
        first: The first label, and where it stands.
        faults: Why others are not usable.
    """

    learnt: Callable[[str], str]
    where: Callable[[int], str]
    rows: int = 0
    unlabelled: int = 0
    chars: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    first: tuple[str, str] = ("", "")
    faults: Faults = field(default_factory=Faults)

    def add(self, texts: list[str | None], number: int) -> None:
        """Count the labels of rows, the first of which has this number."""
        good = [(n, t) for n, text in enumerate(texts, number) if (t := self._label(text, n))]
        self.rows += len(good)
        if good and not self.rows - len(good):
            self.first = good[0][1], self.where(good[0][0])
        if {len(text) for _, text in good} - self.lengths.keys():
            for n, text in good:
                self.lengths.setdefault(len(text), n)
        if set().union(*(text for _, text in good)) - self.chars.keys():
            for n, text in good:
                for char in text:
                    self.chars.setdefault(char, n)

    def _label(self, text: str | None, number: int) -> str:
        """Return the label of a row; nothing where it is not usable, which is counted."""
        label = self.learnt(text or "")
        if _is_plain(label):
            return label
        if not label:
            self.unlabelled += 1
        elif fault := _fault_of(label):
            remedy = "correct the label"
            if not label_fault("".join(label.split())):
                remedy = "write it without, or say --strip-spaces"
            self.faults.add(DatasetError(self.where(number), f"has {fault}", remedy))
            return ""
        return label

    def examples(self) -> tuple[int, ...]:
        """Return rows that have all the characters, and the extreme lengths."""
        extremes = self.lengths[min(self.lengths)], self.lengths[max(self.lengths)]
        return tuple(sorted({*self.chars.values(), *extremes}))

"""Tables of names and labels, however their columns are parted and called."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from captchascope.data.cells import cell_text
from captchascope.data.finder import Finder
from captchascope.data.formats.headings import (
    FILE,
    LABEL,
    Column,
    UnclearError,
    asked_column,
    file_column,
    folded,
    label_column,
)
from captchascope.data.formats.spreadsheets import doubts_of_zeros, require_unchanged
from captchascope.data.labels import LabelOptions, LabelRow, quoted, read_lines_of, shown
from captchascope.data.match import Folder, Matching
from captchascope.data.named import match_named
from captchascope.errors import DatasetError, counted
from captchascope.files import IMAGE_SUFFIXES, printable

_SEPARATORS = ",;\t|"
_BLANK, _COLON = "blank", "colon"  # part a name that may hold them from the rest of its line
_PAIRS = {_BLANK: re.compile(r"[ \t]+"), _COLON: re.compile(r"(?<![ \t])[ \t]*:[ \t]*")}
_SAMPLED, _SAMPLED_CELLS = 1000, 20_000  # records by which columns are told, at most
_MOST_PARTS = 10  # blanks in a line that may end a name

MAX_COLUMNS = 1000
"""The most columns of a table."""

MAX_CELLS = 4_000_000
"""The most cells."""

_QUOTING = "put fields that hold a comma or a quote in double quotes, and double those inside"
_HEADER = "the first line must be 'file,label', further columns may follow"


class Record(NamedTuple):
    """A record of a table: its first line, its cells, what is wrong with it, and what to do."""

    line: int
    cells: list[str]
    fault: str = ""
    remedy: str = _QUOTING


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        header: The first record where that names the columns, else their numbers.
        titled: Whether there is such a record.
        records: All others that hold anything.
    """

    header: tuple[str, ...]
    titled: bool
    records: tuple[Record, ...]

    def columns(self) -> list[Column]:
        """Return the columns, as far as they are needed to tell what is in them."""
        known = [record.cells for record in _sampled(self.records) if not record.fault]
        return [
            Column(name, [cell_text(cells[place])[0] for cells in known])
            for place, name in enumerate(self.header)
        ]


def read_table(folder: Folder, source: Path) -> Matching:
    """Match a table whose rows name their images; errors as ``sheet_of``."""
    return match_sheet(folder, source, sheet_of(folder, source))


def read_csv(folder: Folder, source: Path) -> list[LabelRow]:
    """Return the rows of a table, the malformed ones with their fault; errors as ``sheet_of``."""
    sheet = sheet_of(folder, source)
    return _rows(folder, source, sheet, choose_columns(folder, source, sheet))


class Chosen(NamedTuple):
    """The places of the two columns of a table, and what is doubtful about the second."""

    file: int
    label: int
    doubt: str = ""


def match_sheet(
    folder: Folder, source: Path, sheet: Sheet, chosen: Chosen | None = None
) -> Matching:
    """Match the records of a table with the images that they name.

    Its columns are found, unless they were ``chosen`` of what is no table of cells.

    Raises:
        DatasetError: If it is not clear which columns are meant, or a spreadsheet has changed most
            labels, or no record names an image of the folder.
    """
    are_cells = chosen is None
    chosen = chosen or choose_columns(folder, source, sheet)
    found = match_named(folder, source, _rows(folder, source, sheet, chosen))
    if are_cells:
        _say_cells(found, sheet, chosen.label, as_written=folder.asked.as_written)
    names = [sheet.header[place] for place in chosen[:2]]
    if [folded(name) for name in names] != [FILE[0], LABEL[0]]:
        found.what = f"{printable(source)}, columns {quoted(names[0])} and {quoted(names[1])}"
    found.doubts += [chosen.doubt] if chosen.doubt else []
    return found


def _say_cells(found: Matching, sheet: Sheet, label: int, *, as_written: bool) -> None:
    """Add that labels are marked as text, with an example, and what may be lost of the others."""
    used = {sample.row for sample in found.samples}
    cells = [record.cells[label].strip() for record in sheet.records if record.line in used]
    marked = [cell for cell in cells if cell_text(cell)[1]]
    if marked:
        example = f"{shown(marked[0])} is {shown(cell_text(marked[0])[0])}"
        what = "1 label is" if len(marked) == 1 else f"{len(marked)} labels are"
        found.notes.append(f"{what} marked as text, so {example}")
    if not as_written:
        plain = [text for text, is_text in map(cell_text, cells) if not is_text]
        found.doubts += doubts_of_zeros(plain)


def choose_columns(folder: Folder, source: Path, sheet: Sheet) -> Chosen:
    """Return which columns name the images and say what they read.

    Raises:
        DatasetError: If that is not clear.
    """
    columns, asked = sheet.columns(), folder.asked
    finder = Finder(folder, source.parent)
    try:
        if asked.file_column is not None:
            file = asked_column(columns, asked.file_column, FILE[0])
        else:
            file = file_column(columns, finder.find)
        if asked.label_column is None:
            return Chosen(file, *label_column(columns, file))
        label = asked_column(columns, asked.label_column, LABEL[0])
        if file == label:
            what = f"has one column {quoted(columns[file].name)} for both"
            raise UnclearError(what, "name two: --file-column and --label-column")
    except UnclearError as error:
        row = 1 if sheet.titled else None
        raise DatasetError(printable(source), str(error), error.remedy, row=row) from None
    return Chosen(file, label)


def _rows(folder: Folder, source: Path, sheet: Sheet, chosen: Chosen) -> list[LabelRow]:
    """Return the records as rows, with labels that a spreadsheet has changed made faults."""
    rows = [_row(record, sheet.header, chosen.file, chosen.label) for record in sheet.records]
    if folder.asked.as_written:
        return [row for row, _ in rows]
    return require_unchanged(source, rows)


def _row(record: Record, header: Sequence[str], file: int, label: int) -> tuple[LabelRow, bool]:
    """Return a record as a row, and whether its label is marked as text."""
    cells = dict(enumerate(record.cells))
    name = cell_text(cells.pop(file, ""))[0]
    if record.fault:
        return LabelRow(record.line, name, "", fault=record.fault, remedy=record.remedy), False
    text, marked = cell_text(cells.pop(label, ""))
    columns = {header[place]: cell for place, cell in cells.items()}
    return LabelRow(record.line, name, text, columns), marked


def sheet_of(folder: Folder, source: Path) -> Sheet:
    """Return a table in a file.

    Its columns may be separated by commas, semicolons, tabs, bars, blanks or colons: by what gives
    the usual names of columns in its first line, else names of images of the folder.

    Raises:
        DatasetError: If the file cannot be read, or has no usable header.
    """
    text, told = _told_separator(read_lines_of(source))
    finder = Finder(folder, source.parent)
    separator = told or _separator(text, finder, folder.asked)
    records, cells = [], 0
    for record in _records(text, separator, finder):
        records.append(record)
        cells += len(record.cells)
        if cells > MAX_CELLS:
            what = f"has more than {MAX_CELLS:,} cells"
            remedy = "split the data set, or leave out columns that nobody needs"
            raise DatasetError(printable(source), what, remedy, row=record.line)
    return _sheet(source, records, finder, folder.asked)


def _sampled(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the first records, the fewer the more cells they have."""
    cells = 0
    for record in islice(records, _SAMPLED):
        yield record
        cells += len(record.cells)
        if cells > _SAMPLED_CELLS:
            return


def _told_separator(text: str) -> tuple[str, str]:
    """Return a text without the line ``sep=;`` by which Excel is told the separator, and that."""
    told = re.match(r'"?sep=(.)"?[ \t,;|]*(?=[\r\n])', text)
    return (text[told.end() :], told[1]) if told else (text, "")


def _separator(text: str, finder: Finder, asked: LabelOptions) -> str:
    """Return what separates the columns."""
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    ways: tuple[str, ...] = (*_SEPARATORS, *_PAIRS)

    def heads(separator: str) -> bool:
        (head,) = [*_records(first, separator, finder)] or [Record(1, [])]
        return is_header([cell_text(cell)[0] for cell in head.cells], asked)

    if header := [separator for separator in ways if heads(separator)]:
        return header[0]

    def hits(separator: str) -> tuple[int, int]:
        """Count the records that name an image and say more, and those that say two things."""
        sampled = [r.cells for r in _sampled(_records(text, separator, finder))]
        parted = [cells for cells in sampled if len(cells) > 1]
        places = range(max(map(len, parted), default=0))
        named = [
            sum(bool(len(c) > place and finder.find(cell_text(c[place])[0]).images) for c in parted)
            for place in places
        ]
        return max(named, default=0), len(parted)

    return max(ways, key=hits)


def is_header(names: Sequence[str], asked: LabelOptions) -> bool:
    """Say whether a record has the usual names of columns, or those that were asked for."""
    found = {folded(name) for name in names}
    told = {folded(name) for name in (asked.file_column, asked.label_column) if name}
    if told and told <= found:
        return True
    if {"sha256", LABEL[0]} <= found:
        return True
    return all(not found.isdisjoint(wanted) for wanted in (FILE, LABEL))


def _records(text: str, separator: str, finder: Finder) -> Iterator[Record]:
    """Yield the records that are not blank."""
    split = _split_pairs if separator in _PAIRS else _split_fields
    for record in split(text, separator, finder):
        if record.fault or any(cell.strip() for cell in record.cells):
            yield record


def _split_fields(text: str, separator: str, _: Finder) -> Iterator[Record]:
    """Yield the fields of each line, or why it has none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(number, [], f"cannot be read as CSV: {error}")
            continue
        few = len(cells) <= MAX_COLUMNS
        fault = "" if few else f"has {len(cells):,} fields, more than {MAX_COLUMNS:,}"
        yield Record(number, cells[:MAX_COLUMNS], fault)


def _split_pairs(text: str, separator: str, finder: Finder) -> Iterator[Record]:
    """Yield the name and the rest of each line; a name that is an image's may hold separators."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if not (stripped := line.strip()):
            continue
        parts = [
            (stripped[: at.start()].strip('"'), stripped[at.end() :].strip('"'))
            for at in islice(_PAIRS[separator].finditer(stripped), _MOST_PARTS)
        ]
        known = [(finder.find(name), name, rest) for name, rest in parts]
        named = [[name, rest] for found, name, rest in known if found.images and not found.bare]
        named += [[name, rest] for found, name, rest in known if found.images]
        yield Record(number, (named or [list(part) for part in parts] or [[stripped]])[0])


def _sheet(source: Path, records: list[Record], finder: Finder, asked: LabelOptions) -> Sheet:
    """Return a table of records, of which the first may name the columns."""
    if not records:
        raise DatasetError(printable(source), "holds nothing", _HEADER)
    first, *rest = records
    titled = _is_titled(first, rest, finder, asked)
    if titled and first.fault:
        what = f"has no readable header: it {first.fault}"
        raise DatasetError(printable(source), what, _HEADER, row=first.line)
    body = rest if titled else records
    if titled:
        width = len(first.cells)
    else:
        width = Counter(len(record.cells) for record in body).most_common(1)[0][0]
    names = first.cells if titled else [f"{place}" for place in range(1, width + 1)]
    filled = {place for record in body for place, cell in enumerate(record.cells) if cell.strip()}
    kept = [p for p, name in enumerate(names) if (titled and name.strip()) or p in filled]
    header = tuple(names[place] for place in kept)
    if repeated := [name for name, count in Counter(header).items() if count > 1]:
        what = f"has two columns called {quoted(repeated[0])}"
        raise DatasetError(printable(source), what, _HEADER, row=first.line)
    of = f"where {'the header has' if titled else 'most have'} {width}"
    return Sheet(header, titled, tuple(_fitted(record, width, kept, of) for record in body))


def _fitted(record: Record, width: int, kept: Sequence[int], of: str) -> Record:
    """Return a record with the cells of the columns that are kept, or as it is with its fault."""
    cells = record.cells
    extra = any(cell.strip() for cell in cells[width:])
    if record.fault or extra or len(cells) <= max(kept, default=0):
        fault = record.fault or f"has {counted(len(cells), 'field')} {of}"
        return Record(record.line, cells[:width], fault)
    return Record(record.line, [cells[p] if p < len(cells) else "" for p in kept])


def _is_titled(first: Record, rest: list[Record], finder: Finder, asked: LabelOptions) -> bool:
    """Say whether the first record names the columns."""
    cells = [cell_text(cell)[0] for cell in first.cells]
    if first.fault or is_header(cells, asked):
        return True
    if any(Path(cell).suffix.lower() in IMAGE_SUFFIXES for cell in cells):
        return False
    below = [[cell_text(cell)[0] for cell in record.cells] for record in _sampled(rest)]
    columns = [[row[place] for row in below if len(row) > place] for place in range(len(cells))]
    hits = [[bool(finder.find(cell).images) for cell in column] for column in columns]
    counts = [sum(column) for column in hits]
    if not any(counts):
        return not all(cell.isdecimal() for cell in cells)
    place = counts.index(max(counts))
    numbers = all(cell.isdecimal() for cell in columns[place])
    return not finder.find(cells[place]).images and not (numbers and cells[place].isdecimal())

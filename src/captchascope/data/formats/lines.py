"""Labels by lines: each names its image, or line n labels the image ``n.*``."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

from captchascope.data.finder import Finder
from captchascope.data.formats.names import CopyPlan
from captchascope.data.formats.plausible import SPREAD
from captchascope.data.formats.tables import Sheet, is_header, match_sheet, sheet_of
from captchascope.data.labels import LabelRow, quoted, read_lines_of, write_labels_txt
from captchascope.data.match import Folder, ImageFile, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.records import Sample


def read_lines(folder: Folder, source: Path) -> Matching:
    """Match a text file: lines of names and labels, else line n with the image ``n.*``.

    Raises:
        DatasetError: If the file cannot be read, or it is not clear which image a line is of.
    """
    if read_lines_of(source).strip() and (sheet := _named_lines(folder, source)):
        return match_sheet(folder, source, sheet)
    return _match_numbers(folder, source)


def read_named(folder: Folder, source: Path) -> Matching:
    """Match a text file whose lines name images.

    Raises:
        DatasetError: If the file cannot be read, or they do not.
    """
    if read_lines_of(source).strip() and (sheet := _named_lines(folder, source)):
        return match_sheet(folder, source, sheet)
    raise DatasetError(printable(source), "names no images", "begin each line with an image's name")


def _named_lines(folder: Folder, source: Path) -> Sheet | None:
    """Return the lines as a table, where they name images; None where they only may."""
    asked = folder.asked.file_column or folder.asked.label_column
    try:
        sheet = sheet_of(folder, source)
    except DatasetError:  # such as two labels in the first line
        if asked:
            raise
        return None
    if asked or is_header(sheet.header, folder.asked):
        return sheet
    finder, columns = Finder(folder, source.parent), sheet.columns()  # of the first lines alone
    for column in columns if len(columns) > 1 else []:
        found = [finder.find(cell) for cell in column.cells]
        if 2 * sum(bool(hit.images) and not hit.bare for hit in found) >= len(found) > 0:
            return sheet
    # A number before a label may be an image's, or that of a sum: "3 + 5 = ?".
    if len(columns) != 2 or any(record.fault for record in sheet.records):
        return None
    names, rest = (column.cells for column in columns)
    named = [hit.images for name in names if (hit := finder.find(name)).images]
    images = {(found[0].file, len(found)) for found in named}
    whole = all(rest) and not any(len(cell.split()) > 1 for cell in rest)
    return sheet if whole and len(images) == len(names) else None


def _match_numbers(folder: Folder, source: Path) -> Matching:
    """Match line n with the image ``n.*``."""
    labels = [line.strip() for line in io.StringIO(read_lines_of(source), newline=None)]
    by_number = _numbered(folder)
    rows = [LabelRow(n, str(n), s) for n, s in enumerate(labels, 1) if s or n in by_number]
    _require_numbers(source, folder, labels, by_number)
    found = Matching(source)
    used: set[str] = set()
    for row in rows:
        images = by_number.get(row.number, [])
        used.update(image.file for image in images)
        if len(images) == 1:
            found.add(row, images[0])
        elif row.label and not images:
            what = f"has a label, but there is no image {row.file}.*"
            found.fail(what, "add the image, or empty the line", row)
        for image in images if len(images) > 1 else ():
            what = f"labels {quoted(image.file)} and another image of that number"
            found.fail(what, "keep one of them", row, image)
    return found.done(image for image in folder.images if image.file not in used)


def _numbered(folder: Folder) -> dict[int, list[ImageFile]]:
    """Return the images that are numbers, by these: in the folder itself, or the only one in it.

    Where ``1.png`` and ``01.png`` are there, the first is image 1.
    """
    places = {image.path.parent for image in folder.images}
    place = folder.path if len(places) > 1 else next(iter(places))
    plain: dict[int, list[ImageFile]] = {}
    padded: dict[int, list[ImageFile]] = {}
    for image in folder.images:
        stem = image.path.stem
        if image.path.parent == place and stem.isascii() and stem.isdecimal() and len(stem) < 10:
            of = plain if stem == str(int(stem)) else padded
            of.setdefault(int(stem), []).append(image)
    return padded | plain


def _require_numbers(
    source: Path, folder: Folder, labels: Sequence[str], by_number: dict[int, list[ImageFile]]
) -> None:
    """Raise an error where line n may be that of another image than n."""
    filled = {number for number, label in enumerate(labels, 1) if label}
    by_name = "name the image in each line, as in '1.png,LABEL'"
    if not filled:
        return
    named = {image.path.name for image in folder.images}
    beginning = (re.match(r"[\"']?(.+?\.\w+)", label) for label in labels if label)
    if names := [begun[1] for begun in beginning if begun and begun[1] in named]:
        what = f"has a line that begins with {quoted(names[0])}, which is no part of its label"
        remedy = "write a comma or a tab between name and label"
    elif 0 in by_number and filled.intersection(by_number):
        first = quoted(by_number[0][0].file)
        what = f"begins with line 1, and the images with {first}: a label may be of the one before"
        remedy = f"if line 1 is of {first}, number the images from 1, or {by_name}; if it is of "
        remedy += f"image 1, move {first} out of the folder"
    elif not filled.intersection(by_number):
        what = f"has no line of an image: line n is of the image n.*, not {_example(folder)}"
        remedy = by_name
    elif filled == {*range(1, len(by_number) + 1)} != by_number.keys():
        odd = min(by_number.keys() - filled)
        what = (
            f"has as many lines as there are images, and none for {quoted(by_number[odd][0].file)}"
        )
        what += ": line n may not be of the image n.*"
        remedy = f"number the images from 1, or {by_name}"
    elif fault := _uneven(labels, by_number):
        what, remedy = f"{fault}: line n may not be of the image n.*", by_name
    else:
        return
    raise DatasetError(printable(source), what, remedy)


def _uneven(lines: Sequence[str], by_number: Collection[int]) -> str:
    """Return by what a line may be that of another image, though each image has one."""
    filled = [n for n, line in enumerate(lines, 1) if line]
    counts = [re.match(r"(\d{1,9})[ \t]*[,;:|\t]", line) for line in lines if line]
    numbers = [int(count[1]) for count in counts if count]
    if len(numbers) == len(counts) > 1 and all(b - a == 1 for a, b in pairwise(numbers)):
        return f"has lines that count from {numbers[0]}"
    if len(filled) > 2 and filled == [*range(1, 2 * len(filled), 2)]:
        return "has an empty line after each"
    if filled == [*range(1, len(by_number) + 2)] and {*by_number} == {*filled[:-1]}:
        return f"has a line more than there are images, and begins with {quoted(lines[0])}"
    return ""


def _example(folder: Folder) -> str:
    return quoted(folder.images[0].file)


def plan_numbers(samples: Sequence[Sample], _: Path) -> CopyPlan:
    """Name images by number: their own where each has one, otherwise from 1 in their order."""
    stems = [sample.path.stem for sample in samples]
    own = [int(s) for s in stems if s.isascii() and s.isdecimal() and len(s) < 9 and s[0] != "0"]
    keep = len(set(own)) == len(samples) and max(own, default=0) <= SPREAD * len(samples)
    numbers = own if keep else range(1, len(samples) + 1)
    return CopyPlan([(s, f"{n}{s.path.suffix}") for s, n in zip(samples, numbers, strict=True)])


def write_lines(folder: Path, samples: Sequence[Sample], _: str) -> None:
    """Write ``labels.txt`` for images that ``plan_numbers`` has named.

    Raises:
        OutputError: If it cannot be written.
    """
    labels = {int(Path(sample.file).stem): sample.label for sample in samples}
    write_labels_txt(folder, [labels.get(n, "") for n in range(1, max(labels, default=0) + 1)])

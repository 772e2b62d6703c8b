"""Matching the rows of a label source with the images of a folder."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeAlias

from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.labels import (
    LABELS_CSV,
    LABELS_TXT,
    Row,
    RowError,
    label_fault,
    label_of_name,
    look_like_numbers,
    quoted,
    read_csv,
    read_txt,
)
from captchascope.records import Sample

__all__ = ["SOURCES", "Folder", "Image", "Matched", "Source", "choose_source"]

Matched: TypeAlias = tuple[list[Sample], list[RowError]]

_QUOTING = "put fields that hold a comma or a quote in double quotes, and double those inside"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a folder.

    Attributes:
        file: Its path relative to the folder, with ``/`` between the parts.
        path: Where it lies.
        position: Its 1-based place among all images in natural order.
        outside: Whether it is a link that leads out of the folder.
    """

    file: str
    path: Path
    position: int
    outside: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """The images of a folder, in natural order and by name."""

    path: Path
    images: tuple[Image, ...]
    by_name: Mapping[str, Image]

    @classmethod
    def of(cls, folder: Path, paths: Iterable[Path]) -> Folder:
        """Return the images that were found, numbered."""
        images = tuple(
            Image(p.relative_to(folder).as_posix(), p, position, _leads_outside(folder, p))
            for position, p in enumerate(paths, 1)
        )
        folded = {_name_key(image.file): image for image in images}
        return cls(folder, images, folded | {image.file: image for image in images})

    def find(self, file: str) -> Image | None:
        """Return the image that a row names, if it is one of this folder."""
        spellings = (file, _name_key(file), _name_key(file.replace("\\", "/")))
        return next((self.by_name[name] for name in spellings if name in self.by_name), None)


def _name_key(file: str) -> str:
    """Return what two spellings of a relative path share: macOS decomposes accents."""
    return os.path.normcase(unicodedata.normalize("NFC", str(PurePosixPath(file))))


def _leads_outside(folder: Path, path: Path) -> bool:
    """Say whether a path found in a folder is a link to a place outside it."""
    return path.is_symlink() and not _is_inside(folder, path)


def _is_inside(folder: Path, path: Path) -> bool:
    """Say whether a path lies in a folder once every link is followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _match_csv(folder: Folder) -> Matched:
    """Match ``labels.csv``: a row names its image."""
    source = folder.path / LABELS_CSV
    samples: list[Sample] = []
    problems: list[RowError] = []
    seen: dict[str, int] = {}
    malformed: set[str] = set()
    for row in read_csv(source):
        image = folder.find(row.file)
        if row.fault:
            problems.append(_problem(source, row.fault, _QUOTING, row, image))
            malformed.add(image.file if image else "")
        elif image is None:
            problems.append(_lost(source, folder.path, row))
        elif image.file in seen:
            what = f"labels {quoted(row.file)} again, after line {seen[image.file]}"
            problems.append(_problem(source, what, "keep the right one of the two", row, image))
        else:
            seen[image.file] = row.number
            _add(samples, problems, source, row, image)
    rest = [i for i in folder.images if i.file not in seen and i.file not in malformed]
    return samples, problems + list(_unlabelled(source, rest))


def _match_txt(folder: Folder) -> Matched:
    """Match ``labels.txt``: line n labels the image ``n.*`` of the folder itself."""
    source = folder.path / LABELS_TXT
    numbered: dict[str, list[Image]] = {}
    for image in folder.images:
        stem = image.path.stem if "/" not in image.file else image.file
        numbered.setdefault(stem, []).append(image)
    samples: list[Sample] = []
    problems: list[RowError] = []
    for row in read_txt(source):
        images = numbered.pop(row.file, [])
        if len(images) == 1:
            _add(samples, problems, source, replace(row, file=images[0].file), images[0])
        elif row.label and not images:
            what = f"has a label, but there is no image {row.file}.*"
            problems.append(_problem(source, what, "add the image, or empty the line", row))
        for image in images if len(images) > 1 else ():
            what = f"labels {quoted(image.file)} and another image of that number"
            problems.append(_problem(source, what, "keep one of them", row, image))
    rest = sorted((i for images in numbered.values() for i in images), key=lambda i: i.position)
    return samples, problems + list(_unlabelled(source, rest))


def _match_names(folder: Folder) -> Matched:
    """Match each file name with itself."""
    samples: list[Sample] = []
    problems: list[RowError] = []
    for image in folder.images:
        row = Row(0, image.file, label_of_name(image.path))
        _add(samples, problems, None, row, image)
    return samples, problems


def _add(
    samples: list[Sample], problems: list[RowError], source: Path | None, row: Row, image: Image
) -> None:
    """Add a row whose image is there to the samples, or its fault to the problems."""
    fault = label_fault(row.label)
    if image.outside:
        what = f"names {quoted(row.file)}, a link that leads outside the folder"
        problems.append(_problem(source, what, "copy the image into the folder", row, image))
    elif fault:
        what = f"gives {quoted(row.file)} {fault}"
        problems.append(_problem(source, what, "write the text in the image", row, image))
    else:
        number = row.number if source is not None else None
        samples.append(Sample(row.file, row.label, image.path, number, row.columns, image.position))


def _problem(
    source: Path | None, what: str, remedy: str, row: Row, image: Image | None = None
) -> RowError:
    """Return a problem at a line of the label file, or at the image where there is no file."""
    where = source or (image.path if image else Path(row.file))
    number = row.number if source is not None else None
    position = image.position if image else None
    return RowError(printable(where), what, remedy, row=number, position=position)


def _lost(source: Path, folder: Path, row: Row) -> RowError:
    """Return the problem of a row that names none of the folder's images."""
    windows = PureWindowsPath(row.file)
    try:
        path = folder / row.file
        outside = windows.anchor or ".." in windows.parts or not _is_inside(folder, path)
        exists = bool(row.file) and path.exists()
    except (OSError, ValueError):
        outside, exists = False, False
    what, remedy = f"names {quoted(row.file)}, which is not there", "add the image, or cut the row"
    if outside:
        what = f"names {quoted(row.file)}, which is not a path inside the folder"
        remedy = "move the image into the folder, and name it relative to that"
    elif exists:
        what = f"names {quoted(row.file)}, which is hidden, behind a link, or not an image"
        remedy = "rename or move the file, or cut the row"
    return _problem(source, what, remedy, row)


def _unlabelled(source: Path, images: Iterable[Image]) -> Iterator[RowError]:
    """Yield a problem for each image that no row names."""
    for image in images:
        what, remedy = f"has no row for {quoted(image.file)}", "add one, or remove the image"
        yield RowError(printable(source), what, remedy, position=image.position)


@dataclass(frozen=True, slots=True)
class Source:
    """A way in which a data set is labelled, and the label file it needs, if any."""

    file: str
    read: Callable[[Folder], Matched]


SOURCES = {
    "csv": Source(LABELS_CSV, _match_csv),
    "txt": Source(LABELS_TXT, _match_txt),
    "names": Source("", _match_names),
}


def choose_source(folder: Folder, labels_from: str) -> Source:
    """Return the source asked for, or for ``auto`` the first that is there.

    Raises:
        DatasetError: If it is not there, or the file names may be mere numbers.
    """
    asked = SOURCES.get(labels_from)
    for source in [asked] if asked else SOURCES.values():
        if source.file and (folder.path / source.file).exists():
            return source
    where = printable(folder.path)
    if asked and asked.file:
        raise DatasetError(
            where, f"has no {asked.file}", "write one, or leave the choice to 'auto'"
        )
    if not asked and look_like_numbers([image.path.stem for image in folder.images]):
        what = f"has neither {LABELS_CSV} nor {LABELS_TXT}, and its file names look like numbers"
        remedy = "write labels.csv, or say '--labels-from names' if the names are the labels"
        raise DatasetError(where, what, remedy)
    return SOURCES["names"]

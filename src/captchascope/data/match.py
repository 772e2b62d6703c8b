"""Matching the rows of a label source with the images of a folder."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from captchascope.data.labels import LabelRow, Origin, RowError, label_fault, quoted
from captchascope.files import printable
from captchascope.records import Sample


@dataclass(frozen=True, slots=True)
class ImageFile:
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
    images: tuple[ImageFile, ...]
    by_name: Mapping[str, ImageFile]

    @classmethod
    def of(cls, folder: Path, paths: Iterable[Path]) -> Folder:
        """Return the images that were found, numbered."""
        images = tuple(
            ImageFile(path.relative_to(folder).as_posix(), path, position, outside)
            for position, path in enumerate(paths, 1)
            for outside in [path.is_symlink() and not _is_inside(folder, path)]
        )
        folded = {_name_key(image.file): image for image in images}
        return cls(folder, images, folded | {image.file: image for image in images})

    def find(self, file: str) -> ImageFile | None:
        """Return the image that a row names, if it is one of this folder."""
        spellings = (file, _name_key(file), _name_key(file.replace("\\", "/")))
        return next((self.by_name[name] for name in spellings if name in self.by_name), None)


def _name_key(file: str) -> str:
    """Return what two spellings of a relative path share: macOS decomposes accents."""
    return os.path.normcase(unicodedata.normalize("NFC", str(PurePosixPath(file))))


def _is_inside(folder: Path, path: Path) -> bool:
    """Say whether a path lies in a folder once every link is followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


@dataclass(slots=True)
class Matching:
    """The rows of one label source, as far as they have been matched.

    Attributes:
        source: The label file; None where the images themselves carry the labels.
        samples: The usable rows.
        problems: The rows and images that cannot be used.
        what: The source in words; empty where the path of the label file says it.
        notes: What was made of the labels with certainty, as ``Origin`` has it.
        doubts: What was guessed.
    """

    source: Path | None
    samples: list[Sample] = field(default_factory=list)
    problems: list[RowError] = field(default_factory=list)
    what: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        """Where the labels come from."""
        what = self.what or printable(self.source or "file names")
        return Origin(what, tuple(self.notes), tuple(self.doubts))

    def add(self, row: LabelRow, image: ImageFile) -> None:
        """Add a row whose image is there to the samples, or its fault to the problems."""
        fault = label_fault(row.label)
        if image.outside:
            what = f"names {quoted(row.file)}, a link that leads outside the folder"
            self.fail(what, "copy the image into the folder", row, image)
        elif fault:
            what = f"gives {quoted(row.file)} {fault}"
            self.fail(what, "write the text in the image", row, image)
        else:
            place = row.number or None, row.columns, image.position
            self.samples.append(Sample(row.file, row.label, image.path, *place))

    def fail(self, what: str, remedy: str, row: LabelRow, image: ImageFile | None = None) -> None:
        """Add a problem of a row, or of the image where there is no label file."""
        where = printable(self.source or (image.path if image else Path(row.file)))
        at = image.position if image else None
        bare = image is not None and not (row.label or row.fault)
        place = row.number or None
        problem = RowError(where, what, remedy, row=place, position=at, unlabelled=bare)
        self.problems.append(problem)

    def done(self, rest: Iterable[ImageFile] = ()) -> Matching:
        """Add a problem for each image that no row names, and return the whole."""
        for image in rest:
            what, remedy = f"has no row for {quoted(image.file)}", "add one, or remove the image"
            self.fail(what, remedy, LabelRow(0, image.file, ""), image)
        return self


def match_named(folder: Folder, source: Path, rows: Iterable[LabelRow]) -> Matching:
    """Match rows that name their images by their paths relative to the folder."""
    found = Matching(source)
    seen: dict[str, int] = {}
    malformed: set[str] = set()
    for row in rows:
        image = folder.find(row.file)
        if row.fault:
            found.fail(row.fault, row.remedy, row, image)
            malformed.add(image.file if image else "")
        elif image is None:
            found.fail(*_lost(folder.path, row), row)
        elif image.file in seen:
            what = f"labels {quoted(row.file)} again, after line {seen[image.file]}"
            found.fail(what, "keep the right one of the two", row, image)
        else:
            seen[image.file] = row.number
            found.add(row, image)
    return found.done(i for i in folder.images if i.file not in seen and i.file not in malformed)


def _lost(folder: Path, row: LabelRow) -> tuple[str, str]:
    """Return the problem of a row that names none of the folder's images, and the remedy."""
    windows = PureWindowsPath(row.file)
    try:
        path = folder / row.file
        outside = windows.anchor or ".." in windows.parts or not _is_inside(folder, path)
        exists = bool(row.file) and path.exists()
    except (OSError, ValueError):
        outside, exists = False, False
    if outside:
        what = f"names {quoted(row.file)}, which is not a path inside the folder"
        return what, "move the image into the folder, and name it relative to that"
    if exists:
        what = f"names {quoted(row.file)}, which is hidden, behind a link, or not an image"
        return what, "rename or move the file, or cut the row"
    return f"names {quoted(row.file)}, which is not there", "add the image, or cut the row"

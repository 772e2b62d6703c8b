"""Matching the rows of a label source with the images of a folder."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from captchascope.data.labels import (
    AS_FOUND,
    LabelOptions,
    LabelRow,
    Origin,
    RowError,
    label_fault,
    quoted,
    shown,
)
from captchascope.data.spelling import plain_spelling, respelt
from captchascope.errors import DatasetError
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


class _Ending:
    """What paths end with: the images whose paths do, and the endings that are longer by a part."""

    __slots__ = ("images", "known", "longer", "rest")

    def __init__(self) -> None:
        self.images: list[ImageFile] = []
        self.rest = False  # whether any of the paths has more parts
        self.longer: dict[str, _Ending] = {}
        self.known: tuple[ImageFile, ...] | None = None

    def add(self, image: ImageFile, parents: Sequence[str]) -> None:
        """Add an image, given the folders that it lies in, the innermost first."""
        ending = self
        for parent in parents:
            ending.images.append(image)
            ending.rest = True
            ending = ending.longer.setdefault(parent, _Ending())
        ending.images.append(image)


class Endings:
    """The images of a folder by the ends of their paths; built once, each found in a few steps."""

    def __init__(self, images: Iterable[ImageFile]) -> None:
        self.depth = 0
        self._names: defaultdict[str, _Ending] = defaultdict(_Ending)
        self._stems: defaultdict[str, _Ending] = defaultdict(_Ending)
        for image in images:
            *parents, name = (name_key(part) for part in PurePosixPath(image.file).parts)
            parents.reverse()
            self.depth = max(self.depth, len(parents))
            self._names[name].add(image, parents)
            self._stems[name_key(image.path.stem)].add(image, parents)

    def find(
        self, name: str, parents: Iterable[str], *, stem: bool = False
    ) -> tuple[tuple[ImageFile, ...], bool]:
        """Return the images of a name that lie in the most of some folders, and if in all of them.

        Args:
            name: Of the image, or what it is without its suffix.
            parents: The folders, the innermost first.
            stem: Which of the two the name is.
        """
        ending = (self._stems if stem else self._names).get(name_key(name))
        if ending is None:
            return (), False
        for parent in parents:
            longer = ending.longer.get(name_key(parent))
            if longer is None:
                return _known(ending), False
            ending = longer
        return _known(ending), not ending.rest


def _known(ending: _Ending) -> tuple[ImageFile, ...]:
    if ending.known is None:
        ending.known = tuple(ending.images)
    return ending.known


@dataclass(frozen=True)
class Folder:
    """The images of a folder, in natural order and by name, and how their labels are to be read."""

    path: Path
    images: tuple[ImageFile, ...]
    by_name: Mapping[str, ImageFile]
    asked: LabelOptions = AS_FOUND

    @classmethod
    def of(cls, folder: Path, paths: Iterable[Path], asked: LabelOptions = AS_FOUND) -> Folder:
        """Return the images that were found, numbered."""
        images = tuple(
            ImageFile(path.relative_to(folder).as_posix(), path, position, outside)
            for position, path in enumerate(paths, 1)
            for outside in [path.is_symlink() and not is_inside(folder, path)]
        )
        folded = {_name_key(image.file): image for image in images}
        return cls(folder, images, folded | {image.file: image for image in images}, asked)

    @cached_property
    def endings(self) -> Endings:
        """The images by what others may call them: one index serves every table and column."""
        return Endings(self.images)

    def find(self, file: str) -> ImageFile | None:
        """Return the image that a row names, if it is one of this folder."""
        spellings = (file, _name_key(file), _name_key(file.replace("\\", "/")))
        return next((self.by_name[name] for name in spellings if name in self.by_name), None)


def name_key(name: str) -> str:
    """Return what names share that differ in capitals or in how accents are composed alone."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _name_key(file: str) -> str:
    """Return what two spellings of a relative path share: macOS decomposes accents."""
    return os.path.normcase(unicodedata.normalize("NFC", str(PurePosixPath(file))))


def is_inside(folder: Path, path: Path) -> bool:
    """Say whether a path lies in a folder once every link is followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


@dataclass(slots=True)
class Respelt:
    """What labels are spelt with otherwise: how many, what is changed in them, and the first."""

    count: int = 0
    changes: dict[str, None] = field(default_factory=dict)
    first: str = ""

    def add(self, label: str, plain: str) -> None:
        """Count a label."""
        self.count += 1
        self.changes.update(dict.fromkeys(respelt(label)))
        self.first = self.first or f"{shown(label)} is {shown(plain)}"

    def notes(self) -> tuple[str, ...]:
        """Return all of it as half a sentence; nothing where no label is changed."""
        changes = ", ".join(self.changes)
        one = f"{self.count} labels are spelt as usual: {changes}, so {self.first}"
        return (one,) if self.count else ()


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
        respelt: What was changed in the spelling of how many labels, and the first of them.
        spaced: The rows whose labels are parted by white space, and the place of each among the
            problems, as which ``settle`` may leave them.
    """

    source: Path | None
    samples: list[Sample] = field(default_factory=list)
    problems: list[RowError] = field(default_factory=list)
    what: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    respelt: Respelt = field(default_factory=Respelt)
    spaced: list[tuple[int, LabelRow, ImageFile]] = field(default_factory=list)
    _where: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._where = printable(self.source) if self.source else ""

    @property
    def origin(self) -> Origin:
        """Where the labels come from."""
        what = self.what or printable(self.source or "file names")
        return Origin(what, (*self.notes, *self.respelt.notes()), tuple(self.doubts))

    def add(self, row: LabelRow, image: ImageFile) -> None:
        """Add a row whose image is there to the samples, or its fault to the problems."""
        label = plain_spelling(row.label).strip()
        fault = label_fault(label)
        if image.outside:
            what = f"names {quoted(row.file)}, a link that leads outside the folder"
            self.fail(what, "copy the image into the folder", row, image)
        elif label.startswith(image.path.name):
            what = f"gives {quoted(image.file)} a label that begins with the name of the image"
            self.fail(what, "part names and labels by a comma or a tab", row, image)
        elif fault and not label_fault("".join(label.split())):
            self.spaced.append((len(self.problems), row, image))
        elif fault:
            what, remedy = f"gives {quoted(image.file)} {fault}", "write the text in the image"
            self.fail(what, remedy, row, image, unlabelled=not label)
        else:
            if label != row.label.strip():
                self.respelt.add(row.label.strip(), label)
            place = row.number or None, row.columns, image.position
            self.samples.append(Sample(image.file, label, image.path, *place))

    def settle(self, *, strip_spaces: bool) -> Matching:
        """Take the white space out of labels, or make the rows that have any problems.

        Raises:
            DatasetError: If most labels have white space, and it is to stay.
        """
        spaced, self.spaced = self.spaced, []
        if not strip_spaces and len(spaced) > max(1, len(self.samples)):
            row, image = spaced[0][1:]
            what = f"has {len(spaced)} labels with white space, such as {quoted(row.label)}"
            where, number = printable(self.source or image.path), row.number or None
            remedy = "say --strip-spaces to take it out, or write them without"
            raise DatasetError(where, what, remedy, row=number)
        for place, row, image in reversed(spaced):
            if strip_spaces:
                self.add(replace(row, label="".join(row.label.split())), image)
            else:
                what = f"gives {quoted(image.file)} a label with white space"
                self.fail(what, "write it without, or say --strip-spaces", row, image)
                self.problems.insert(place, self.problems.pop())
        if strip_spaces and spaced:
            row, image = spaced[0][1:]
            note = f"white space is taken out of {len(spaced)} labels, such as {shown(row.label)}"
            self.notes.append(f"{note} of {shown(image.file)}")
        return self

    def fail(
        self,
        what: str,
        remedy: str,
        row: LabelRow,
        image: ImageFile | None = None,
        *,
        unlabelled: bool = False,
        malformed: bool = False,
    ) -> None:
        """Add a problem of a row, or of the image where there is no label file."""
        where = self._where or printable(image.path if image else Path(row.file))
        at = image.position if image else None
        place = row.number or None
        marks = {"unlabelled": unlabelled, "malformed": malformed}
        self.problems.append(RowError(where, what, remedy, row=place, position=at, **marks))

    def done(self, rest: Iterable[ImageFile] = ()) -> Matching:
        """Add a problem for each image that no row names, and return the whole."""
        for image in rest:
            what, remedy = f"has no row for {quoted(image.file)}", "add one, or remove the image"
            self.fail(what, remedy, LabelRow(0, image.file, ""), image, unlabelled=True)
        return self

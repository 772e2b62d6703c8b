"""Labels by names: of the files, or of the folders they are in.

A label that some file system refuses, folds or takes for something else is spelt in code points:
``a/b`` is ``U+0061-U+002F-U+0062``, as ``segment`` calls the folder of ``A`` ``U+0041``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captchascope.data.formats.filenames import part_of, read_file_names
from captchascope.data.formats.parts import SPELT
from captchascope.data.formats.plausible import NoLabelsError
from captchascope.data.formats.reading import UndecidedError
from captchascope.data.labels import LabelRow, UnlabelledError, quoted, shown
from captchascope.data.match import Folder, ImageFile, Matching, name_key
from captchascope.errors import CaptchascopeError, DatasetError, OutputError
from captchascope.files import printable
from captchascope.records import Sample

_LONGEST = 200
"""Bytes of a name; most file systems take 255, and a number and a suffix follow."""

_PART = re.compile(r"names:(-?[1-9]|whole)")

_REFUSED = frozenset('<>:"/\\|?*')  # by Windows, the slash by all

_PORTS = frozenset(port + number for port in ("com", "lpt") for number in "0123456789¹²³")
_DEVICES = _PORTS | {"con", "prn", "aux", "nul", "conin$", "conout$"}
"""What Windows takes for a device, whatever follows after a dot."""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """Which images go into a new folder, and how they are called there.

    Attributes:
        images: Each sample and its new path, relative to the folder, with ``/`` between the parts.
        problems: The samples that the format cannot hold.
    """

    images: list[tuple[Sample, str]]
    problems: list[CaptchascopeError] = field(default_factory=list)


def may_be_a_name(label: str) -> bool:
    """Say whether every file system takes a label as the beginning of a file name, and keeps it.

    Capitals are no obstacle, as long as no other name of the folder differs in them alone.
    """
    return (
        label == unicodedata.normalize("NFC", label)
        and not _REFUSED.intersection(label)
        and not label.startswith(".")
        and label.partition(".")[0].casefold() not in _DEVICES
        and not SPELT.fullmatch(label)
    )


def spelt(label: str) -> str:
    """Return a label in code points."""
    return "-".join(f"U+{ord(char):04X}" for char in label)


def unspelt(name: str) -> str:
    """Return the label that a name spells in code points, or the name where it is a plain one."""
    if not SPELT.fullmatch(name):
        return name
    try:
        return "".join(chr(int(code.removeprefix("U+"), 16)) for code in name.split("-"))
    except ValueError:  # there is no such character
        return name


def is_part(labels_from: str) -> bool:
    """Say whether a source of labels is a part of file names: ``names:2``, ``names:whole``."""
    return _PART.fullmatch(labels_from) is not None


def read_names(folder: Folder, _: Path) -> Matching:
    """Match each file name with itself: ``226md`` labels ``226md.png`` and ``226md_2.png``.

    The label ends with the first ``_``, whatever the other names are; it is doubted where these
    say otherwise for certain.
    """
    return _read_as(folder, lambda image: unspelt(image.path.stem.partition("_")[0]))


def read_part(folder: Folder, labels_from: str) -> Matching:
    """Match each file name with a part of it, ``names:2``; doubted as in ``read_names``."""
    part = labels_from.partition(":")[2]
    return _read_as(folder, lambda image: unspelt(part_of(image.file, part)))


def find_names(folder: Folder) -> Matching:
    """Match each image with the label that a comparison of all file names finds in its own.

    Raises:
        UnlabelledError: If the names hold no labels.
        DatasetError: If more than one reading fits.
    """
    try:
        read = read_file_names([image.file for image in folder.images])
    except NoLabelsError as error:
        what = f"has no label file that is known, and file names that are no labels: {error}"
        nested = any("/" in image.file for image in folder.images)
        others = ", '--labels-from imagefolder' if names of folders are" if nested else ""
        remedy = (
            "write labels.csv, labels.txt or any other form that 'captchascope convert' knows, "
            f"label with 'captchascope label {printable(folder.path)}', or say "
            f"'--labels-from names' if the names are the labels{others}"
        )
        raise UnlabelledError(printable(folder.path), what, remedy) from None
    except UndecidedError as error:
        readings = " or ".join(shown(label) for label in error.readings.values())
        what = f"has file names with more than one reading: {readings} of {shown(error.example)}"
        flags = (f"'--labels-from {k}' for {shown(v)}" for k, v in error.readings.items())
        raise DatasetError(printable(folder.path), what, f"say {', '.join(flags)}") from None
    found = Matching(None, notes=read.notes, doubts=read.doubts)
    for image in folder.images:
        row = LabelRow(0, image.file, unspelt(read.labels.get(image.file, "")))
        if fault := read.left_out.get(image.file):
            remedy = "rename it, write labels.csv, or move it away"
            found.fail(fault, remedy, row, image, unlabelled=True)
        else:
            found.add(row, image)
    return found.done()


def _read_as(folder: Folder, label_of: Callable[[ImageFile], str]) -> Matching:
    """Match each file name as the user said, and doubt that where it is surely wrong."""
    found, odd = Matching(None), []
    try:
        seen = read_file_names([image.file for image in folder.images])
        sure = {} if seen.doubts else seen.labels | dict.fromkeys(seen.left_out, "")
        fault = ""
    except NoLabelsError as error:
        sure, fault = {}, str(error)
    except UndecidedError:
        sure, fault = {}, ""
    for image in folder.images:
        row = LabelRow(0, image.file, label_of(image))
        if not row.label:
            what, remedy = "has no such part in its name", "name another part, or rename it"
            found.fail(what, remedy, row, image, unlabelled=True)
            continue
        found.add(row, image)
        if unspelt(sure.get(image.file, row.label)) != row.label:
            odd.append(row)
    if odd:
        fault = f"{len(odd)} of {len(folder.images)} look otherwise, such as {shown(odd[0].file)}"
    if fault:
        found.doubts.append(f"names are taken as it was said, but {fault}")
    return found.done()


def read_folders(folder: Folder, _: Path) -> Matching:
    """Match each image with the name of the folder that it lies in."""
    found = Matching(None, what="names of folders")
    for image in folder.images:
        if "/" in image.file:
            found.add(LabelRow(0, image.file, unspelt(image.path.parent.name)), image)
        else:
            what, remedy = "lies in no folder that could be its label", "move it into one"
            found.fail(what, remedy, LabelRow(0, image.file, ""), image, unlabelled=True)
    return found.done()


class _FreeNames:
    """The names that are free in a folder, where capitals and accents tell none apart."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, stem: str, suffix: str) -> str:
        """Take ``stem``, ``stem_2`` and so on, whichever is free, and return it with the suffix.

        Names that differ in the suffix alone count as one, as they would to ``labels.txt``.
        """
        name, number = stem, self._numbers.get(name_key(stem), 1)
        while name_key(name) in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._numbers[name_key(stem)] = number
        self._taken.add(name_key(name))
        return name + suffix


def plan_own_names(samples: Sequence[Sample], folder: Path) -> CopyPlan:
    """Name images as they are called in their folder."""
    plan = CopyPlan([])
    for sample in samples:
        file = sample.path.relative_to(folder).as_posix()
        if any("\ud800" <= char <= "\udfff" for char in file):
            what, remedy = "has a name that is not UTF-8, which no label file can hold", "rename it"
            plan.problems.append(OutputError(printable(sample.path), what, remedy))
        else:
            plan.images.append((sample, file))
    return plan


def plan_label_names(samples: Sequence[Sample], _: Path) -> CopyPlan:
    """Name images by their labels, all in one folder, and numbered where names would meet.

    An underscore would end the label, so a label with one is spelt in code points, as are those
    that some file system refuses.
    """
    free = _FreeNames()

    def name(label: str) -> str:
        return label if may_be_a_name(label) and "_" not in label else spelt(label)

    return _plan(samples, name, lambda sample, name: free.take(name, sample.path.suffix))


def plan_label_folders(samples: Sequence[Sample], _: Path) -> CopyPlan:
    """Put images into a folder for each label, under their own names, numbered where these meet.

    Digits and lower case are their own folder, every other label is spelt in code points. So the
    folder depends on the label alone: the parts of a data set get the same ones, on any system.
    """
    free: defaultdict[str, _FreeNames] = defaultdict(_FreeNames)

    def name(label: str) -> str:
        plain = re.fullmatch("[0-9a-z]+", label) and may_be_a_name(label)
        return label if plain else spelt(label)

    def place(sample: Sample, name: str) -> str:
        return f"{name}/{free[name].take(sample.path.stem, sample.path.suffix)}"

    return _plan(samples, name, place)


def _plan(
    samples: Sequence[Sample], name: Callable[[str], str], place: Callable[[Sample, str], str]
) -> CopyPlan:
    """Name the labels and place their images, but where a name is too long."""
    plan = CopyPlan([])
    for sample in samples:
        called = name(sample.label)
        if len(called.encode(errors="surrogatepass")) <= _LONGEST:
            plan.images.append((sample, place(sample, called)))
        else:
            what = f"has a label that is too long for a name: {quoted(sample.label)}"
            remedy = "convert to csv, or another label file"
            plan.problems.append(OutputError(printable(sample.path), what, remedy))
    return plan

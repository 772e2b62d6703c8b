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

from captchascope.data.labels import LabelRow, quoted
from captchascope.data.match import Folder, Matching
from captchascope.errors import CaptchascopeError, OutputError
from captchascope.files import printable
from captchascope.records import Sample

_LONGEST = 200
"""Bytes of a name; most file systems take 255, and a number and a suffix follow."""

_SPELT = re.compile(r"U\+[0-9A-F]{4,6}(-U\+[0-9A-F]{4,6})*")

_REFUSED = frozenset('<>:"/\\|?*')  # by Windows, the slash by all

_PORTS = frozenset(port + number for port in ("com", "lpt") for number in "0123456789¹²³")
_DEVICES = _PORTS | {"con", "prn", "aux", "nul", "conin$", "conout$"}
"""What Windows takes for a device, whatever follows after a dot."""

SPREAD = 10
"""Numbers that leave at most nine gaps for each one present still count as counting."""


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
        and not _SPELT.fullmatch(label)
    )


def spelt(label: str) -> str:
    """Return a label in code points."""
    return "-".join(f"U+{ord(char):04X}" for char in label)


def unspelt(name: str) -> str:
    """Return the label that a name spells in code points, or the name where it is a plain one."""
    if not _SPELT.fullmatch(name):
        return name
    try:
        return "".join(chr(int(code.removeprefix("U+"), 16)) for code in name.split("-"))
    except ValueError:  # there is no such character
        return name


def look_like_numbers(stems: Sequence[str]) -> bool:
    """Say whether file names may only number the images, so that reading them must be asked for.

    They may where all are a common prefix and a number (``img_1``, ``img_2``), or where some are
    bare numbers of a length that no other label has, and these differ in length (``9``, ``10``),
    all begin with 0 (``0009``, ``0010``), or lie as close as counting would put them: within ten
    times as many as there are. ``163356`` and ``742336`` are labels. In doubt it says yes, as an
    error that names the option costs less than wrong labels.
    """
    if len(stems) > 1 and _share_a_prefix(stems):
        return True
    bare = {stem for stem in stems if re.fullmatch("[0-9]+", stem)}
    lengths = {len(stem.partition("_")[0]) for stem in stems if stem not in bare}
    bare = {stem for stem in bare if len(stem) not in lengths}
    if not bare:
        return False
    if len({len(stem) for stem in bare}) > 1:
        return True
    low, high, room = int(min(bare)), int(max(bare)), SPREAD * len(bare)
    if len(bare) == 1:
        return high <= room
    return all(stem[0] == "0" for stem in bare) or high - low < room


def _share_a_prefix(stems: Sequence[str]) -> bool:
    """Say whether all are one word and a number (``img1``), or that word, ``_`` and anything."""
    words = {stem.partition("_")[:2] for stem in stems}
    prefixes = {stem.rstrip("0123456789") for stem in stems}
    counted = all(stem[-1:].isdecimal() for stem in stems) and prefixes != {""}
    return (len(words) == 1 and "_" in next(iter(words))) or (len(prefixes) == 1 and counted)


def read_names(folder: Folder, _: Path) -> Matching:
    """Match each file name with itself: ``226md`` labels ``226md.png`` and ``226md_2.png``."""
    found = Matching(None)
    for image in folder.images:
        label = unspelt(image.path.stem.partition("_")[0])
        found.add(LabelRow(0, image.file, label), image)
    return found.done()


def read_folders(folder: Folder, _: Path) -> Matching:
    """Match each image with the name of the folder that it lies in."""
    found = Matching(None, what="names of folders")
    for image in folder.images:
        if "/" in image.file:
            found.add(LabelRow(0, image.file, unspelt(image.path.parent.name)), image)
        else:
            what, remedy = "lies in no folder that could be its label", "move it into one"
            found.fail(what, remedy, LabelRow(0, image.file, ""), image)
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

        def key(name: str) -> str:
            return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

        name, number = stem, self._numbers.get(key(stem), 1)
        while key(name) in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._numbers[key(stem)] = number
        self._taken.add(key(name))
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

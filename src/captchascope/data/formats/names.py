"""Names of files: kept, made unique, and those of labels that no file may be called.

A label that some file system refuses, folds or takes for something else is spelt in code points:
``a/b`` is ``U+0061-U+002F-U+0062``, as ``segment`` calls the folder of ``A`` ``U+0041``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from captchascope.data.formats.form import Plan
from captchascope.data.labels import Row, quoted
from captchascope.data.match import Folder, Matched, Matching
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


class Taken:
    """The names that are taken in a folder, where capitals and accents tell none apart."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}

    def free(self, stem: str, suffix: str) -> str:
        """Take ``stem``, ``stem_2`` and so on, whichever is free, and return it with the suffix.

        Names that differ in the suffix alone count as one, as they would to ``labels.txt``.
        """
        name, number = stem, self._numbers.get(_key(stem), 1)
        while _key(name) in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._numbers[_key(stem)] = number
        self._names.add(_key(name))
        return name + suffix


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def kept(samples: Sequence[Sample], folder: Path) -> Plan:
    """Name images as they are called in their folder."""
    plan = Plan([])
    for sample in samples:
        file = sample.path.relative_to(folder).as_posix()
        if is_utf8(file):
            plan.images.append((sample, file))
        else:
            what, remedy = "has a name that is not UTF-8, which no label file can hold", "rename it"
            plan.problems.append(OutputError(printable(sample.path), what, remedy))
    return plan


def is_utf8(text: str) -> bool:
    """Say whether UTF-8 can hold a text."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def nameless(sample: Sample, name: str) -> CaptchascopeError | None:
    """Return the problem of a sample whose label is too long for a name, if it is."""
    if len(name.encode(errors="surrogatepass")) <= _LONGEST:
        return None
    what = f"has a label that is too long for a name: {quoted(sample.label)}"
    return OutputError(printable(sample.path), what, "convert to csv, or another label file")


def label_of_name(path: Path) -> str:
    """Return what a file name begins with: ``226md`` of ``226md.png`` and ``226md_2.png``."""
    return unspelt(path.stem.partition("_")[0])


def read(folder: Folder, _: Path) -> Matched:
    """Match each file name with itself."""
    found = Matching(None)
    for image in folder.images:
        found.add(Row(0, image.file, label_of_name(image.path)), image)
    return found.done([])


def labelled(samples: Sequence[Sample], _: Path) -> Plan:
    """Name images by their labels, all in one folder, and numbered where names would meet.

    An underscore would end the label, so a label with one is spelt in code points, as are those
    that some file system refuses.
    """
    plan, taken = Plan([]), Taken()
    for sample in samples:
        label = sample.label
        stem = label if may_be_a_name(label) and "_" not in label else spelt(label)
        problem = nameless(sample, stem)
        if problem is None:
            plan.images.append((sample, taken.free(stem, sample.path.suffix)))
        else:
            plan.problems.append(problem)
    return plan

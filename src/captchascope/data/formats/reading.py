"""What was read of the file names of a folder, while and when they are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import PurePosixPath

from captchascope.data.formats.plausible import is_number
from captchascope.data.labels import shown


class UndecidedError(Exception):
    """Two readings fit, or more.

    Attributes:
        readings: The first of them for each flag: ``names:2`` and a label.
        example: The file name that they are about.
    """

    def __init__(self, example: str, readings: dict[str, str]) -> None:
        super().__init__(example, readings)
        self.example, self.readings = example, readings


@dataclass(slots=True)
class NamesRead:
    """What of each name is the label.

    Attributes:
        labels: By name of the file; those that are left out are not there.
        left_out: Why a name is left out, by name of the file.
        notes: What was taken with certainty, in words.
        doubts: What was guessed, in words.
    """

    labels: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileName:
    """An image whose name is looked at: as the folder has it, and cut as ``Name`` is."""

    file: str
    copied: bool
    parts: tuple[str, ...]
    kinds: tuple[str, ...]
    joints: tuple[str, ...]

    @property
    def base(self) -> str:
        """The name without what was cut off."""
        return "".join(chain(*zip(self.parts, (*self.joints, ""), strict=True)))

    @property
    def parent(self) -> str:
        """The folder that it lies in."""
        return self.file.rpartition("/")[0]

    def without_last(self) -> FileName:
        """Return the name without its last part."""
        cut = self.parts[:-1], self.kinds[:-1], self.joints[:-1]
        return replace(self, parts=cut[0], kinds=cut[1], joints=cut[2])

    def whole(self) -> FileName:
        """Return the name as a single part."""
        return replace(self, parts=(self.base,), kinds=("word",), joints=())

    def at_underscores(self) -> FileName:
        """Return the name cut at underscores alone."""
        ends = [i + 1 for i, joint in enumerate(self.joints) if joint == "_"]
        spans = list(pairwise((0, *ends, len(self.parts))))
        joints = [(*self.joints, "")[a : b - 1] for a, b in spans]
        parts = [
            "".join(chain(*zip(self.parts[a:b], (*inner, ""), strict=True)))
            for (a, b), inner in zip(spans, joints, strict=True)
        ]
        kinds = [self.kinds[a] if b - a == 1 else "word" for a, b in spans]
        return replace(
            self, parts=tuple(parts), kinds=tuple(kinds), joints=("_",) * (len(parts) - 1)
        )


def stem_of(file: str) -> str:
    """Return the name of a file without folder and suffix."""
    return PurePosixPath(file).stem


def quoted_name(file: str) -> str:
    """Return the name of a file for a message."""
    return shown(PurePosixPath(file).name)


def key_of(parts: tuple[str, ...]) -> str:
    """Return what two spellings of a name share: a file system may tell no capitals apart."""
    return unicodedata.normalize("NFC", "\0".join(parts)).casefold()


def is_short_number(part: str) -> bool:
    """Say whether a part may tell images of one label apart: up to three digits, unpadded."""
    return is_number(part) and len(part) <= 3 and (part[0] != "0" or part == "0")


def undecided(rest: Sequence[FileName], columns: Iterable[int] | None = None) -> UndecidedError:
    """Return the error that shows the readings of one name: its parts in some columns, and all."""
    each = max(rest, key=lambda each: len(each.parts))
    places = range(len(each.parts)) if columns is None else columns
    readings = {f"names:{place + 1}": each.parts[place] for place in places}
    return UndecidedError(PurePosixPath(each.file).name, readings | {"names:whole": each.base})

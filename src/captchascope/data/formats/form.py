"""What a form of labels is: how it is read, how it names images, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from captchascope.data.match import Folder, Matched
from captchascope.errors import CaptchascopeError
from captchascope.records import Sample


@dataclass(frozen=True, slots=True)
class Plan:
    """Which images go into a new folder, and how they are called there.

    Attributes:
        images: Each sample and its new path, relative to the folder, with ``/`` between the parts.
        problems: The samples that the form cannot hold.
    """

    images: list[tuple[Sample, str]]
    problems: list[CaptchascopeError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Form:
    """One form of labels.

    Attributes:
        files: What its label file may be called, the first is what is written; none where the
            names of files or folders are the labels.
        read: Matches a label file (the folder itself where there is none) with the images.
        plan: Names the images of a new folder, given the samples and the folder they lie in.
        write: Writes the label file into a new folder, given the samples as they are called there
            and the name of the folder.
        columns: Whether it holds further columns.
    """

    files: tuple[str, ...]
    read: Callable[[Folder, Path], Matched]
    plan: Callable[[Sequence[Sample], Path], Plan]
    write: Callable[[Path, Sequence[Sample], str], None]
    columns: bool

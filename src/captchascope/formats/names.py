"""Labels in file names: ``226md.png``, and ``226md_2.png`` for another image that reads so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from captchascope.formats.form import Plan
from captchascope.formats.naming import Taken, may_be_a_name, nameless, spelt, unspelt
from captchascope.labels import Row
from captchascope.matching import Folder, Matched, Matching
from captchascope.records import Sample

__all__ = ["label_of_name", "labelled", "read"]


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

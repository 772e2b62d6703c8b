"""Labels in folder names: a folder for each label, as ``segment`` writes them for glyphs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from captchascope.data.formats.form import Plan
from captchascope.data.formats.names import Taken, may_be_a_name, nameless, spelt, unspelt
from captchascope.data.labels import Row
from captchascope.data.match import Folder, Matched, Matching
from captchascope.records import Sample


def read(folder: Folder, _: Path) -> Matched:
    """Match each image with the name of the folder that it lies in."""
    found = Matching(None)
    for image in folder.images:
        if "/" in image.file:
            found.add(Row(0, image.file, unspelt(image.path.parent.name)), image)
        else:
            what, remedy = "lies in no folder that could be its label", "move it into one"
            found.fail(what, remedy, Row(0, image.file, ""), image)
    return found.done([])


def classed(samples: Sequence[Sample], _: Path) -> Plan:
    """Put images into a folder for each label, under their own names, numbered where these meet.

    Digits and lower case are their own folder, every other label is spelt in code points. So the
    folder depends on the label alone: the parts of a data set get the same ones, on any system.
    """
    plan = Plan([])
    taken: defaultdict[str, Taken] = defaultdict(Taken)
    for sample in samples:
        label = sample.label
        plain = re.fullmatch("[0-9a-z]+", label) and may_be_a_name(label)
        name = label if plain else spelt(label)
        problem = nameless(sample, name)
        if problem is None:
            file = taken[name].free(sample.path.stem, sample.path.suffix)
            plan.images.append((sample, f"{name}/{file}"))
        else:
            plan.problems.append(problem)
    return plan

"""Labels by lines: ``labels.txt``, whose line n labels the image ``n.*``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from captchascope.data.formats.names import CopyPlan
from captchascope.data.formats.plausible import SPREAD
from captchascope.data.labels import LabelRow, quoted, read_text, write_labels_txt
from captchascope.data.match import Folder, ImageFile, Matching
from captchascope.records import Sample


def read_lines(folder: Folder, source: Path) -> Matching:
    """Match line n of ``labels.txt`` with the image ``n.*`` in the folder itself."""
    by_number: dict[str, list[ImageFile]] = {}
    for image in folder.images:
        stem = image.path.stem if "/" not in image.file else image.file
        by_number.setdefault(stem, []).append(image)
    found = Matching(source)
    lines = io.StringIO(read_text(source), newline=None).read().split("\n")
    for row in (LabelRow(n, str(n), label) for n, label in enumerate(lines, 1)):
        images = by_number.pop(row.file, [])
        if len(images) == 1:
            found.add(replace(row, file=images[0].file), images[0])
        elif row.label and not images:
            what = f"has a label, but there is no image {row.file}.*"
            found.fail(what, "add the image, or empty the line", row)
        for image in images if len(images) > 1 else ():
            what = f"labels {quoted(image.file)} and another image of that number"
            found.fail(what, "keep one of them", row, image)
    rest = (image for images in by_number.values() for image in images)
    return found.done(sorted(rest, key=lambda image: image.position))


def plan_numbers(samples: Sequence[Sample], _: Path) -> CopyPlan:
    """Name images by number: their own where each has one, otherwise from 1 in their order."""
    stems = [sample.path.stem for sample in samples]
    own = [int(s) for s in stems if s.isascii() and s.isdecimal() and len(s) < 9 and s[0] != "0"]
    keep = len(set(own)) == len(samples) and max(own, default=0) <= SPREAD * len(samples)
    numbers = own if keep else range(1, len(samples) + 1)
    return CopyPlan([(s, f"{n}{s.path.suffix}") for s, n in zip(samples, numbers, strict=True)])


def write_lines(folder: Path, samples: Sequence[Sample], _: str) -> None:
    """Write ``labels.txt`` for images that ``plan_numbers`` has named.

    Raises:
        OutputError: If it cannot be written.
    """
    labels = {int(Path(sample.file).stem): sample.label for sample in samples}
    write_labels_txt(folder, [labels.get(n, "") for n in range(1, max(labels, default=0) + 1)])

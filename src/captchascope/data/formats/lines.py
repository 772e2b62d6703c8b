"""Labels by line: ``labels.txt``, whose line n labels the image ``n.*``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from captchascope.data.formats.form import Plan
from captchascope.data.labels import Row, quoted, read_text, write_labels_txt
from captchascope.data.match import Folder, Image, Matched, Matching
from captchascope.records import Sample

_SPREAD = 10
"""Numbers are kept where they leave at most nine blank lines for each label."""


def read(folder: Folder, source: Path) -> Matched:
    """Match each line with the image of its number in the folder itself."""
    by_number: dict[str, list[Image]] = {}
    for image in folder.images:
        stem = image.path.stem if "/" not in image.file else image.file
        by_number.setdefault(stem, []).append(image)
    found = Matching(source)
    for row in _rows(source):
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


def _rows(path: Path) -> list[Row]:
    """Return a row for each line; its file is the line's number."""
    lines = io.StringIO(read_text(path), newline=None).read().split("\n")
    return [Row(n, str(n), label) for n, label in enumerate(lines, 1)]


def numbered(samples: Sequence[Sample], _: Path) -> Plan:
    """Name images by number: their own where each has one, otherwise from 1 in their order."""
    stems = [sample.path.stem for sample in samples]
    own = [int(s) for s in stems if s.isascii() and s.isdecimal() and len(s) < 9 and s[0] != "0"]
    keep = len(set(own)) == len(samples) and max(own, default=0) <= _SPREAD * len(samples)
    numbers = own if keep else range(1, len(samples) + 1)
    return Plan([(s, f"{n}{s.path.suffix}") for s, n in zip(samples, numbers, strict=True)])


def write(folder: Path, samples: Sequence[Sample], _: str) -> None:
    """Write ``labels.txt`` for images that ``numbered`` has named; OutputError if it cannot be."""
    labels = {int(Path(sample.file).stem): sample.label for sample in samples}
    write_labels_txt(folder, [labels.get(n, "") for n in range(1, max(labels, default=0) + 1)])

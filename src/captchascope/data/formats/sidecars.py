"""Labels in a text file of its own for each image: ``1.txt`` or ``1.gt.txt`` beside ``1.png``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from captchascope.data.labels import LabelRow, quoted, read_text
from captchascope.data.match import Folder, ImageFile, Matching
from captchascope.errors import DatasetError
from captchascope.files import printable
from captchascope.records import Sample

_ENDINGS = (".gt.txt", ".txt")
"""After the image's name, without its suffix or with it. The first is what Kraken, tesstrain and
Calamari take for the truth, beside what they read themselves; it goes before, and is written."""


_MOST_BYTES = 2**16  # of the text of one image


def any_beside(folder: Folder) -> bool:
    """Say whether any image has a text file."""
    texts = _texts(folder)
    return bool(texts) and any(_beside(image, texts) for image in folder.images)


def _texts(folder: Folder) -> set[Path]:
    """Return the text files in the folders of the images."""
    places = {image.path.parent for image in folder.images}
    return {path for place in places for path in place.glob("*.txt") if path.is_file()}


def _beside(image: ImageFile, texts: set[Path]) -> list[Path]:
    """Return the text files of an image, the one that counts first."""
    names = [name + end for end in _ENDINGS for name in (image.path.stem, image.path.name)]
    return [path for name in names if (path := image.path.with_name(name)) in texts]


def read_sidecars(folder: Folder, _: Path) -> Matching:
    """Match the text of each file with its image.

    Raises:
        DatasetError: If no image has one.
    """
    texts = _texts(folder)
    if not any(_beside(image, texts) for image in folder.images):
        what, remedy = "has no text file beside an image", "write '1.txt' beside '1.png'"
        raise DatasetError(printable(folder.path), what, remedy)
    found = Matching(folder.path, what="a text file beside each image")
    stems = Counter(image.path.with_suffix("") for image in folder.images)
    unlabelled = []
    for image in folder.images:
        sources = _beside(image, texts)
        if not sources:
            unlabelled.append(image)
        elif stems[image.path.with_suffix("")] > 1 and not _is_own(sources[0], image):
            what = f"has one text file for {quoted(image.file)} and another image"
            row = LabelRow(0, image.file, "")
            found.fail(what, f"call it {image.path.name}{_ENDINGS[0]}", row, image)
        else:
            _take(found, sources[0], image)
    return found.done(unlabelled)


def _is_own(source: Path, image: ImageFile) -> bool:
    """Say whether a text file can be of no other image, as its name has the suffix too."""
    return source.name.startswith(f"{image.path.name}.")


def _take(found: Matching, source: Path, image: ImageFile) -> None:
    """Add what a text file says to what was found."""
    row = LabelRow(0, image.file, "")
    try:
        lines = [s for line in read_text(source, _MOST_BYTES).splitlines() if (s := line.strip())]
    except DatasetError as error:
        found.fail(f"{quoted(source.name)} {error.what}", error.remedy, row, image)
        return
    if len(lines) > 1:
        what = f"has {quoted(source.name)} of {len(lines)} lines"
        found.fail(what, "write the text in the image, on one line", row, image)
    else:
        found.add(LabelRow(0, image.file, "".join(lines)), image)


def write_sidecars(folder: Path, samples: Sequence[Sample], _: str) -> None:
    """Write the text file of each image; the folder is one that is written as a whole.

    It is called as the image, with its suffix only where another one is called so without.
    """
    stems = Counter((folder / sample.file).with_suffix("") for sample in samples)
    for sample in samples:
        path = folder / sample.file
        name = path.name if stems[path.with_suffix("")] > 1 else path.stem
        path.with_name(name + _ENDINGS[0]).write_text(f"{sample.label}\n", encoding="utf-8")

"""Images that are there more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from captchascope.check.images import Seen
from captchascope.check.report import Finding, Mention, counted

__all__ = ["duplicate_findings"]


def duplicate_findings(images: Sequence[Seen]) -> Iterator[Finding]:
    """Yield the images whose every pixel is that of an earlier one, whatever the file's format.

    With different labels one of them is wrong; with equal ones they do no harm but where one is
    trained on and the other tested on.
    """
    first: dict[bytes, Seen] = {}
    again = [(image, first.setdefault(image.digest, image)) for image in images if not image.blank]
    pairs = [(image, other) for image, other in again if image is not other]
    torn = tuple(_mention(*pair) for pair in pairs if _differ(*pair))
    if torn:
        what = f"{counted(len(torn), 'image')} the same as another with a different label"
        remedy = "keep the right one"
        yield Finding("conflicting-duplicates", "error", "images", what, remedy, torn)
    same = tuple(_mention(*pair) for pair in pairs if not _differ(*pair))
    if same:
        what = f"{counted(len(same), 'image')} the same as another, with the same label"
        remedy = "remove them, or what is tested on may have been trained on"
        yield Finding("duplicates", "note", "images", what, remedy, same)


def _differ(image: Seen, other: Seen) -> bool:
    return image.sample.label != other.sample.label


def _mention(image: Seen, other: Seen) -> Mention:
    facts = {"label": image.sample.label, "same_as": other.sample.file}
    return Mention(image.sample.file, facts | {"labelled": other.sample.label})

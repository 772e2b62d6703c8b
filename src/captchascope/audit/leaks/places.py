"""The places of an image file where an answer may stand beside its picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from captchascope.image.drawing import tag_of
from captchascope.image.metadata import metadata_of, printed_in
from captchascope.image.svg import parsed_drawing

NAME = "file name"
METADATA = "metadata"
DRAWING = "SVG text"

_DRAWN = frozenset(
    {"d", "points", "transform", "viewBox", "style", "fill", "stroke", "width", "height"}
)
"""Attributes that say how a drawing looks, and nothing else."""

_MOST_ELEMENTS = 5000


class Place(NamedTuple):
    """A place and what stands there.

    Attributes:
        where: As ``Leak`` has it.
        what: Likewise.
        text: What stands there.
        rest: Whether it is all of something whose parts are places of their own.
    """

    where: str
    what: str
    text: str
    rest: bool = False


def places_of_file(data: bytes) -> Iterator[Place]:
    """Give the places of an encoded image; of what cannot be parsed, what it has as text."""
    root = parsed_drawing(data) if b"<svg" in data[:4096] else None
    if root is None:
        for what, text in metadata_of(data):
            yield Place(METADATA, what, text)
        yield Place(METADATA, "what the file holds beside its pixels", printed_in(data), rest=True)
        return
    for number, element in enumerate(root.iter()):
        if number == _MOST_ELEMENTS:
            break
        tag = tag_of(element)
        if text := (element.text or "").strip():
            yield Place(DRAWING, f"the text of <{tag}>", text)
        for name, value in element.items():
            if (bare := name.rpartition("}")[2]) not in _DRAWN:
                yield Place(DRAWING, f"the attribute {bare} of <{tag}>", value)
    said = "".join("".join(root.itertext()).split())
    yield Place(DRAWING, "the text of all elements", said, rest=True)
    yield Place(DRAWING, "the source of the drawing", printed_in(data), rest=True)

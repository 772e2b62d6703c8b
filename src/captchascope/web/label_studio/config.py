"""The labelling interface of a project: the field that a text belongs into."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from captchascope.data.formats.headings import LABEL, AmbiguousError, find_column
from captchascope.errors import UsageError

_LONGEST = 2**18  # characters
_WHERE = "label_config"


@dataclass(frozen=True, slots=True)
class TextField:
    """A TextArea that belongs to an image.

    Attributes:
        name: The TextArea's name.
        image: The name of its image.
        key: What the address of that image is called in the data of a task.
    """

    name: str
    image: str
    key: str


def text_field(config: str) -> TextField:
    """Return the field that a text belongs into: the only one, or the only one of a usual name.

    The label of an export is chosen by the same rule, so what is filled in here is what is read
    there.

    Args:
        config: The XML of the labelling interface.
    Raises:
        UsageError: If it is malformed, or has no such field, or several.
    """
    elements = _elements(config)
    keys = {
        values["name"]: values["value"].removeprefix("$")
        for tag, values in elements
        if tag == "image" and "name" in values and values.get("value", "")[:1] == "$"
    }
    fields = {
        values["name"]: values["toname"]
        for tag, values in elements
        if tag == "textarea" and "name" in values and values.get("toname") in keys
        if values.get("perregion", "").lower() != "true"
    }
    if not fields:
        remedy = 'add <TextArea name="label" toName="image"/> for <Image name="image" .../>'
        raise UsageError(_WHERE, "has no TextArea for an Image", remedy)
    try:
        name = find_column(fields, LABEL) or (next(iter(fields)) if len(fields) == 1 else None)
    except AmbiguousError:
        name = None
    if name is None:
        what = f"has {len(fields)} TextAreas that could hold the text"
        raise UsageError(_WHERE, what, f"call the one that is meant {LABEL[0]}")
    return TextField(name, fields[name], keys[fields[name]])


def _elements(config: str) -> list[tuple[str, dict[str, str]]]:
    """Return the name of every element in lower case, and its attributes, theirs too.

    No tree is built, and a document type is refused: without one there are no entities.

    Raises:
        UsageError: If it is no XML, is too long, or has a document type.
    """
    if len(config) > _LONGEST:
        raise UsageError(_WHERE, f"is longer than {_LONGEST:,} characters", "shorten it")
    found: list[tuple[str, dict[str, str]]] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        found.append((tag.lower(), {name.lower(): text for name, text in attributes.items()}))

    def refuse(*_: object) -> None:
        raise UsageError(_WHERE, "has a document type", "leave <!DOCTYPE ...> out")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(config.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise UsageError(_WHERE, f"is no XML: {error}", "correct it in Label Studio") from None
    return found

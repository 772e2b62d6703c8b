"""SVG drawings: rendered where paths draw the text, and named where it stands there as text.

The renderer is resvg, of the extra ``svg``; it runs no script. Of what a drawing refers to, only
its own parts and images within it are let through to it, so that no file is opened.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from captchascope.errors import ImageError
from captchascope.files import printable
from captchascope.image.drawing import LARGEST, check_length, check_work, tag_of
from captchascope.image.header import check_size, corrupted

_LONGEST = 64
"""Characters of a text that are shown."""

_ENTITY = re.compile(rb"<\0?!\0?E\0?N\0?T\0?I\0?T\0?Y", re.IGNORECASE)
"""A declaration of an entity, in UTF-8 or UTF-16."""

_OWN = re.compile(r"\s*(?:#|data:image/(?:png|jpeg|gif|webp)\b)", re.IGNORECASE)
"""What a drawing may refer to: a part of itself, or pixels that it holds."""

_LENGTH = re.compile(r"\s*([0-9]*+\.[0-9]++|[0-9]++)(px|pt|pc|mm|cm|in)?\s*")
_PIXELS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54}
"""Pixels of a unit (CSS Values and Units, 96 to an inch)."""

_PNG = "convert it to PNG first"


def text_in(data: bytes) -> str:
    """Return what the ``<text>`` elements of a drawing say, at most 64 characters of it.

    Nothing where it is no XML, or declares entities of its own, which may be bombs.
    """
    root = parsed_drawing(data)
    return "" if root is None else _text_of(root)


def rendered(data: bytes, where: str, max_pixels: int) -> bytes:
    """Return a drawing as an image in PNG, on nothing, of the size that it has itself.

    Args:
        data: The drawing.
        where: What an error names.
        max_pixels: The limit of width times height; what is above it is not drawn.

    Raises:
        ImageError: If it is damaged, has no size or too large a one, refers to anything outside,
            holds its text as text, would take long to draw, or the extra ``svg`` is not installed.
    """
    check_length(data, where)
    root = parsed_drawing(data)
    if root is None:
        raise corrupted(where, "SVG")
    if held := _text_of(root):
        what = f"is an SVG drawing that holds its text as text: {printable(held)}"
        raise ImageError(where, what, f"no picture need be read there; or {_PNG}")
    for element in root.iter():
        for name, value in element.items():
            if name.rpartition("}")[2] == "href" and not _OWN.match(value):
                what = "is an SVG drawing that refers to something outside"
                raise ImageError(where, what, _PNG)
    width, height = _size(root, where)
    check_size(where, width, height, max_pixels)
    check_work(root, (width, height), where, max_pixels)
    try:
        import resvg_py
    except ModuleNotFoundError:
        remedy = f"pip install 'captchascope[svg]' draws it; or {_PNG}"
        raise ImageError(where, "is an SVG drawing, not an image", remedy) from None
    if "viewBox" not in root.attrib:
        root.set("viewBox", f"0 0 {width} {height}")
    root.set("width", f"{width}")  # what the binding takes is pixels alone
    root.set("height", f"{height}")
    try:
        return resvg_py.svg_to_bytes(ElementTree.tostring(root, "unicode"), skip_system_fonts=True)
    except Exception as error:  # the binding raises ValueError, and may raise more
        raise corrupted(where, "SVG") from error


def parsed_drawing(data: bytes) -> ElementTree.Element | None:
    """Return the root; None where it is no XML, too long, or declares entities of its own."""
    if len(data) > LARGEST or _ENTITY.search(data):
        return None
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError):
        return None


def _text_of(root: ElementTree.Element) -> str:
    texts: list[str] = []
    elements = [root]
    while elements:
        element = elements.pop()
        if tag_of(element) == "text":  # with all that is in it, be that text again
            texts += element.itertext()
        else:
            elements += reversed(element)
    return "".join("".join(texts).split())[:_LONGEST]


def _size(root: ElementTree.Element, where: str) -> tuple[int, int]:
    """Return width and height in pixels: its own, or else those of its view box."""
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    sides = []
    for name, shown in zip(
        ("width", "height"), box[2:] if len(box) == 4 else ("", ""), strict=True
    ):
        length = _LENGTH.fullmatch(root.get(name, "")) or _LENGTH.fullmatch(shown)
        pixels = float(length[1]) * _PIXELS.get(length[2] or "", 96.0) if length else 0.0
        if not 0.5 <= pixels < 1e6:
            raise ImageError(where, f"is an SVG drawing without a usable {name}", _PNG)
        sides.append(round(pixels))
    return sides[0], sides[1]

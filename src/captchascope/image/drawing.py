"""What it takes to draw an SVG, told before it is drawn: the renderer cannot be stopped.

The work is counted in nanoseconds of one core, as measured, and each part at its dearest: a shape
is taken to cover the whole picture.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from captchascope.errors import ImageError
from captchascope.image.datauri import from_data_uri
from captchascope.image.header import check_size, read_header

LARGEST = 512 * 2**10
"""Bytes of a drawing. Captchas take 5 to 50 kB."""

_MOST_WORK, _MOST_PER_PIXEL = 150_000_000, 400
_MOST_ATTRIBUTES = 200
"""Of an element; the renderer compares each with all others."""

_DEEPEST = 100
"""Elements within each other, references counted as what they refer to."""

_PLAIN, _VEILED, _LAYER = 1, 25, 100  # a pixel of a shape: opaque, half transparent, or apart
_FILLED, _STROKED, _ROUND = 1500, 4000, 8000  # a byte of a path
_DASH, _MOST_DASHES = 120, 1_000_000  # of resvg
_STYLED = 5  # a byte of CSS, for each element
_EMBEDDED = 20  # a pixel of an image within
_PARSED = 2000  # an element

_REFUSED = frozenset({"filter", "mask", "pattern", "marker"})
_SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image"})
_OUTLINE = (
    *("d", "points", "x", "y", "width", "height", "r", "rx", "ry", "cx", "cy"),
    *("x1", "x2", "y1", "y2"),
)
_APART = re.compile(r"(?<![a-z-])opacity|clip-path|mix-blend-mode|isolation|url\(")
_VEIL = re.compile(r"opacity|rgba|hsla|#[0-9a-f]{8}\b|#[0-9a-f]{4}\b|transparent", re.IGNORECASE)
_REFERENCE = re.compile(r"url\(\s*[\"']?\s*#([^\"')\s]+)")
_NUMBER = re.compile(r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+", re.IGNORECASE)
_DASHES = re.compile(r"dasharray\s*:\s*([^;}]*)")

_PNG = "convert it to PNG first"


def check_length(data: bytes, where: str) -> None:
    """Refuse a drawing that takes long to parse.

    Raises:
        ImageError: If it has more than 512 KiB.
    """
    if len(data) > LARGEST:
        what = f"is an SVG drawing of {len(data):,} bytes, the limit is {LARGEST:,}"
        raise ImageError(where, what, _PNG)


def check_work(root: Element, size: tuple[int, int], where: str, max_pixels: int) -> None:
    """Refuse a drawing that takes long to draw.

    Args:
        root: Of the drawing.
        size: Width and height in pixels.
        where: What an error names.
        max_pixels: The limit of the pixels of all images within it.

    Raises:
        ImageError: If it has a filter, a mask, a pattern or a marker, is nested too deep, or has
            too much that covers too many pixels.
    """
    drawing = _Drawing(root, size[0] * size[1], where, max_pixels)
    if drawing.work(root, 0) + drawing.styling > _MOST_WORK + _MOST_PER_PIXEL * drawing.pixels:
        what = "is an SVG drawing of so many parts that it would take long to draw"
        raise ImageError(where, what, _PNG)


@dataclass
class _Drawing:
    root: Element
    pixels: int
    where: str
    max_pixels: int
    known: dict[Element, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.elements = list(self.root.iter())
        if max(len(element.attrib) for element in self.elements) > _MOST_ATTRIBUTES:
            what = f"is an SVG drawing with more than {_MOST_ATTRIBUTES} attributes of an element"
            raise ImageError(self.where, what, _PNG)
        self.named = {element.get("id", ""): element for element in self.elements}
        self.css = "".join(e.text or "" for e in self.elements if tag_of(e) == "style")
        given = " ".join(_values(self.elements)) + self.css
        for name in _REFUSED & {tag_of(element) for element in self.elements}:
            raise ImageError(self.where, f"is an SVG drawing with a {name}", _PNG)
        if "filter" in given:
            raise ImageError(self.where, "is an SVG drawing with a filter", _PNG)
        # What CSS says may be said of any element.
        self.least = _LAYER if _APART.search(self.css) else _VEILED if _VEIL.search(self.css) else 1
        self.stroke = 0
        if "stroke" in given:
            self.stroke = _ROUND if "round" in given else _STROKED
        dashes = [e.get("stroke-dasharray", "") for e in self.elements] + _DASHES.findall(given)
        lengths = [float(number) for dash in dashes for number in _NUMBER.findall(dash)]
        # One without end, as too many digits give, makes no dashes.
        self.dash = min((length for length in lengths if 0 < length < math.inf), default=0.0)
        self.styling = len(self.elements) * (_PARSED + _STYLED * len(self.css))

    def work(self, element: Element, depth: int) -> int:
        """Return what it takes to draw an element with all that is in it or referred to."""
        if depth > _DEEPEST:
            raise ImageError(
                self.where, f"is an SVG drawing nested more than {_DEEPEST} deep", _PNG
            )
        if element in self.known:
            return self.known[element]
        tag = tag_of(element)
        text = " ".join(f"{name}:{value}" for name, value in element.items() if len(value) < 1000)
        weight = self.least
        if _APART.search(text) or tag == "image" or (tag == "svg" and element is not self.root):
            weight = _LAYER
        elif _VEIL.search(text):
            weight = max(weight, _VEILED)
        work = self._shape(element, tag) if tag in _SHAPES else 0
        if tag in _SHAPES or weight > self.least:
            work += weight * self.pixels
        self.known[element] = work  # a circle of references draws nothing
        work += sum(self.work(child, depth + 1) for child in element)
        for name in _references(element):
            if (other := self.named.get(name)) is not None:
                work += self.work(other, depth + 1)
        self.known[element] = work
        return work

    def _shape(self, element: Element, tag: str) -> int:
        """Return what the outline of a shape takes, or the pixels of an image."""
        if tag == "image":
            return sum(_EMBEDDED * self._embedded(value) for _, value in _links(element))
        outline = element.get("d") or element.get("points") or "99"
        work = len(outline) * (_FILLED + self.stroke)
        if self.dash:
            outline = " ".join(element.get(name, "") for name in _OUTLINE)
            numbers = [float(number) for number in _NUMBER.findall(outline)]
            length = len(numbers) * max(numbers, default=0.0)
            work += int(_DASH * min(length / self.dash, _MOST_DASHES))
        return work

    def _embedded(self, link: str) -> int:
        """Return the pixels of an image within the drawing; the checks are those of any image."""
        data = from_data_uri(link.strip().encode("utf-8", "replace"))
        if data is None:
            return 0
        header = read_header(data, self.where, self.max_pixels)
        width, height = header.size or (0, 0)
        if header.codec == "GIF" and len(data) >= 10:
            width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
        check_size(self.where, width, height, self.max_pixels)
        return width * height


def tag_of(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _values(elements: list[Element]) -> Iterator[str]:
    return (f"{name}:{value};" for e in elements for name, value in e.items() if name != "href")


def _links(element: Element) -> Iterator[tuple[str, str]]:
    return ((n, v) for n, v in element.items() if n.rpartition("}")[2] == "href")


def _references(element: Element) -> Iterator[str]:
    """Yield the names of the parts of the drawing that an element refers to."""
    for name, value in element.items():
        if name.rpartition("}")[2] == "href":
            if value.strip().startswith("#"):
                yield value.strip()[1:]
        else:
            yield from _REFERENCE.findall(value)

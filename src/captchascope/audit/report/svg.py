"""A figure of matplotlib as SVG that stands within a page: in its colours, in its typeface.

Text stays text, which a page's typeface and a search find, and which is a tenth of the bytes.
Colours are the page's custom properties, so that the same drawing does in light, dark and print.
"""

from __future__ import annotations

import re
import warnings
from io import StringIO
from typing import Any
from xml.etree import ElementTree as Tree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

INK, QUIET, LINE, CARD = "#010000", "#020000", "#030000", "#040000"
SERIES = ("#0a0000", "#0b0000", "#0c0000", "#0d0000")
"""Stand-ins for colours, each replaced by a custom property of the page that it is drawn for."""

_PROPERTIES = {
    **dict(zip((INK, QUIET, LINE, CARD), ("ink", "quiet", "line", "card"), strict=True)),
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)},
}

WIDTH = 400.0
"""The width of a plot in its own units, of which text of the size ``TEXT`` is readable on a phone:
there a unit is four fifths of a pixel."""

TEXT = 12.5

_NAMESPACE = re.compile(r"^\{[^}]*\}")
_REFERENCE = re.compile(r"#([\w.-]+)")
_COLOUR = re.compile("|".join(_PROPERTIES))
_NO_ROTATION = re.compile(r"^rotate\(-?0(\.0*)? ")
_NOTHING_ELSE = {"Date": None, "Creator": None, "Format": None, "Type": None}
_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "captchascope",
    "text.parse_math": False,
    "font.size": TEXT,
}


def blank_figure(height: float, width: float = WIDTH) -> Figure:
    """Return a figure without a ground, of so many units."""
    with matplotlib.rc_context(_LOOK):
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    figure.patch.set_visible(False)
    return figure


def add_axes(figure: Figure, grid: str = "both") -> Axes:
    """Add axes of quiet lines without a frame.

    Args:
        figure: Where to.
        grid: Of which axis lines cross the plot: ``x``, ``y`` or ``both``.
    """
    with matplotlib.rc_context(_LOOK):
        axes = figure.add_subplot()
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=QUIET, labelsize=TEXT, pad=5)
    axes.grid(axis=grid, color=LINE, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.xaxis.label.set(color=QUIET, size=TEXT)
    axes.yaxis.label.set(color=QUIET, size=TEXT)
    return axes


def inline_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """Return a figure as an ``svg`` element.

    Args:
        figure: Its colours are the stand-ins above.
        name: Of the figure, which no other of the page has.
        title: What it shows, in a few words.
        description: What is seen on it, for whoever does not see it.
    """
    file = StringIO()
    with matplotlib.rc_context(_LOOK), warnings.catch_warnings():
        # A page shows letters that matplotlib's own typeface lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        for written in figure.findobj(Text):
            written.set_parse_math(False)
        figure.savefig(file, format="svg", metadata=_NOTHING_ELSE)
    drawn = Tree.fromstring(file.getvalue())
    _tidy(drawn, name)
    root = Tree.Element("svg", {"class": "plot", "viewBox": drawn.attrib["viewBox"], "role": "img"})
    root.set("aria-labelledby", f"{name}-title {name}-description")
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    for tag, text in (("title", title), ("desc", description)):
        kind = "title" if tag == "title" else "description"
        Tree.SubElement(root, tag, {"id": f"{name}-{kind}"}).text = text
    root.extend(drawn)
    return Tree.tostring(root, encoding="unicode", short_empty_elements=False)


def _tidy(drawn: Tree.Element, name: str) -> None:
    """Take away what a page does not need, and make what is left the page's own."""
    used = {
        found
        for element in drawn.iter()
        for key, value in element.attrib.items()
        if not key.endswith("id")
        for found in _REFERENCE.findall(value)
    }
    for parent in list(drawn.iter()):
        for child in list(parent):
            kind = _NAMESPACE.sub("", str(child.tag))
            if kind in ("metadata", "style") or (kind == "defs" and _empty(child)):
                parent.remove(child)
    for element in drawn.iter():
        element.tag = _NAMESPACE.sub("", str(element.tag))
        element.attrib = _attributes(element, name, used)
        element.tail = None
        if element.tag != "text":
            element.text = None


def _empty(definitions: Tree.Element) -> bool:
    return all(_NAMESPACE.sub("", str(child.tag)) == "style" for child in definitions)


def _attributes(element: Tree.Element, name: str, used: set[str]) -> dict[str, str]:
    found = {}
    for key, value in element.attrib.items():
        key = _NAMESPACE.sub("", key)
        if key == "id":
            if value in used:
                found[key] = f"{name}-{value}"
        elif key == "style":
            found[key] = _styled(value, name)
        elif key == "d":
            found[key] = " ".join(value.split())
        elif key != "transform" or not _NO_ROTATION.match(value):
            reference = key == "href" or value.startswith("url(")
            found[key] = value.replace("#", f"#{name}-") if reference else value
    return found


def _styled(style: str, name: str) -> str:
    rules = [rule.strip() for rule in style.split(";")]
    kept = "; ".join(rule for rule in rules if rule and not rule.startswith("font-family"))
    kept = kept.replace("url(#", f"url(#{name}-")
    return _COLOUR.sub(lambda found: f"var(--{_PROPERTIES[found[0]]})", kept)

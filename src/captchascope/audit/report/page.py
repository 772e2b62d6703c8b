"""An audit as one HTML file that needs nothing else, neither network nor script; extra ``report``.

What the page shows is what ``as_json`` writes, and the pictures.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from captchascope.audit.figures import Abstention, Confused, Figures, Picture, Reads, Training
from captchascope.audit.judge.design import GUESSED
from captchascope.audit.judge.grading import RULES
from captchascope.audit.judge.literature import LITERATURE
from captchascope.audit.report import plots, tabular
from captchascope.audit.results import GRADES, Attack, Audit, Grade, Severity

LARGEST = 3_000_000
"""Bytes of a page, at most."""

_ROOM = 2_600_000  # of these, for pictures
_CONFUSED = 12  # that are shown

TONES: dict[Grade | Severity, str] = {
    **dict.fromkeys(("A", "B", "good"), "sure"),
    **dict.fromkeys(("C", "D", "moderate"), "fair"),
    **dict.fromkeys(("E", "F", "critical", "serious"), "weak"),
    "minor": "none",
}
"""The classes of the style sheet."""

_SEVERITIES: dict[Severity, str] = {
    "critical": "Critical",
    "serious": "Serious",
    "moderate": "Moderate",
    "minor": "Minor",
    "good": "Speaks for it",
}

_CITED = (
    "bursztein2011",
    "wilson",
    "chellapilla",
    "bursztein2014",
    "ye",
    "elyaniv",
    "wcag",
    "turingtest",
)
"""The literature of the page, in the order of its numbers."""


def audit_html(audit: Audit) -> str:
    """Return the page; at most ``LARGEST`` bytes in UTF-8.

    Pictures that do not fit any more are left out, and their captions say so.
    """
    untrained = _untrained(audit.figures)
    abstaining = [(name, reads.abstention) for name, reads in _readers(audit.figures)]
    abstaining = [(name, steps) for name, steps in abstaining if steps]
    confused_by, confused = _confused(audit.figures)
    what_if = audit.figures.what_if
    return (
        environment()
        .get_template("report.html")
        .render(
            audit=audit,
            untold=untrained[-1][1] if untrained else None,
            untrained=untrained,
            abstaining=abstaining,
            confused=confused,
            confused_by=confused_by,
            strongest=strongest(audit),
            lockouts=[tried.allowed for tried in audit.cost.attacks[0].lockouts]
            if audit.cost and audit.cost.attacks
            else [],
            expected_only=what_if is not None
            and all(one.exact is None for knob in what_if.knobs for one in knob.settings),
            plots=_plots(audit, abstaining, confused),
            shelf=Shelf(_ROOM),
            contents=_contents(audit, bool(abstaining), bool(confused)),
            grades=GRADES,
            tone=TONES[audit.verdict.grade] if audit.verdict.grade else "none",
            tones=TONES,
            severities=_SEVERITIES,
            literature=[LITERATURE[name] for name in _CITED],
            rules=RULES,
            guessable=GUESSED,
        )
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture where the page shows it: its address, "" where it is not shown, and its size.

    Attributes:
        uri: The address that holds it.
        id: Of the element.
        before: Whether it is shown further up.
        width: In pixels.
        height: In pixels.
    """

    uri: str
    id: str
    before: bool = False
    width: int = 0
    height: int = 0


@dataclass(slots=True)
class Shelf:
    """The pictures of a page: each is there once, and no more than there is room for.

    Attributes:
        room: Bytes that are left.
    """

    room: int
    _ids: dict[str, str] = field(default_factory=dict)

    def place(self, picture: Picture) -> Placed:
        """Return a picture as it is shown at this place."""
        if picture.png in self._ids:
            return Placed("", self._ids[picture.png], before=True)
        if not picture.png or len(picture.png) > self.room:
            return Placed("", "")
        self.room -= len(picture.png)
        self._ids[picture.png] = number = f"picture-{len(self._ids) + 1}"
        size = base64.b64decode(picture.png[:32])[16:24]
        width, height = struct.unpack(">II", size)
        return Placed(f"data:image/png;base64,{picture.png}", number, False, width, height)


@cache
def environment() -> jinja2.Environment:
    """Return the templates: all is escaped, and a name that is missing is an error."""
    made = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        loader=jinja2.PackageLoader("captchascope.audit.report", "html"),
    )
    made.filters |= {
        "percent": _shown(tabular.percent),
        "plain": _shown(str),
        "unbroken": lambda text: text.replace(" %", "\N{NO-BREAK SPACE}%"),
        "whole": _shown(lambda share: f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")),
        "count": _shown(lambda number: f"{number:,}"),
        "number": _shown(tabular.number),
        "number_or": lambda figure, other: (
            other if figure is None else _shown(tabular.number)(figure)
        ),
        "seconds": _shown(tabular.seconds),
        "chance": _shown(tabular.chance),
        "moment": lambda time: time.replace("T", " ").replace("Z", " UTC"),
    }
    return made


def _shown(word: Callable[[Any], str]) -> Callable[[Any], Markup]:
    """Return a filter that shows a figure in words, and keeps it as the JSON has it."""
    return lambda figure: Markup('<data value="{}">{}</data>').format(repr(figure), word(figure))


def strongest(audit: Audit) -> Attack | None:
    """Return the attack that solves most; None where none was measured."""
    attacks = audit.cost.attacks if audit.cost else ()
    return max(attacks, key=lambda attack: attack.exact, default=None)


def _untrained(figures: Figures) -> list[tuple[str, Reads]]:
    """Return what the general reader read, by what it was told; the most telling last."""
    if (untrained := figures.untrained) is None:
        return []
    told = [] if untrained.told is None else [("what anybody sees", untrained.told)]
    return [("nothing", untrained.untold), *told]


def _readers(figures: Figures) -> list[tuple[str, Reads]]:
    """Return the general reader, told most, and the first training of three numbers of labels."""
    general = [("without labels", reads) for _, reads in _untrained(figures)[-1:]]
    firsts: dict[int, Training] = {}
    for training in figures.trainings:
        firsts.setdefault(training.labels, training)
    counts = sorted(firsts)
    chosen = sorted({*counts[:1], *counts[-2:]})
    return general + [(f"{count:,} labels", firsts[count].reads) for count in chosen]


def _confused(figures: Figures) -> tuple[str, Sequence[Confused]]:
    """Return who confuses, and what: the general reader, or else what was trained on least."""
    for name, reads in _readers(figures):
        if reads.confused:
            whose = (
                "the general reader, told what is known"
                if "without" in name
                else "a reader trained on " + name
            )
            return whose, reads.confused[:_CONFUSED]
    return "", ()


def _plots(
    audit: Audit,
    abstaining: Sequence[tuple[str, Sequence[Abstention]]],
    confused: Sequence[Confused],
) -> dict[str, Any]:
    """Return the plots by their sections; "" where there is nothing to draw."""
    f = audit.figures
    rates = [
        (f"{what}, told {name}", rate)
        for name, reads in _untrained(f)
        for what, rate in (("whole texts", reads.exact), ("characters", reads.characters))
        if rate is not None
    ]
    cuts: list[tuple[str, Any]] = []
    if f.cutting:
        cuts = [
            ("as many pieces as characters", f.cutting.counted),
            ("pieces that are read", f.cutting.glyphs),
            ("images read whole this way", f.cutting.exact),
        ]
    cleaned = [
        (f"{what}, {way.way}", rate)
        for what, pick in (("read", "exact"), ("cut", "counted"))
        for way in (f.noise.ways if f.noise else ())
        if (rate := getattr(way, pick)) is not None
    ]
    cuts = [(name, rate) for name, rate in cuts if rate is not None]
    drawn = {
        "untrained": rates and plots.rates_plot("untrained", "What is read without labels", rates),
        "curve": audit.curve and len(audit.curve.points) > 1 and plots.curve_plot(audit.curve),
        "abstention": abstaining and plots.abstention_plot(abstaining),
        "cost": audit.cost
        and any(attack.labels for attack in audit.cost.attacks)
        and plots.cost_plot(audit.cost),
        "cutting": cuts and plots.rates_plot("cutting", "How well characters are cut apart", cuts),
        "noise": cleaned
        and plots.rates_plot("noise", "Before and after taking noise away", cleaned),
        "confusions": confused and plots.confusion_plot(confused),
        "alphabet": f.alphabet and plots.alphabet_plot(f.alphabet),
    }
    parts: dict[str, Any] = {name: Markup(svg or "") for name, svg in drawn.items()}
    knobs = f.what_if.knobs if f.what_if else ()
    return parts | {"knobs": [Markup(plots.knob_plot(k, i)) for i, k in enumerate(knobs, 1)]}


def _contents(audit: Audit, abstaining: bool, confused: bool) -> list[tuple[str, str]]:
    """Return the sections that the page has: their ids and titles."""
    f = audit.figures
    rows: list[tuple[object, str, str]] = [
        (True, "findings", "Findings"),
        (audit.recommendations, "recommendations", "What to do"),
        (f.untrained, "untrained", "What is read without any label"),
        (audit.curve and audit.curve.points, "curve", "How many labels it takes"),
        (abstaining, "abstention", "When the reader holds back"),
        (audit.cost, "cost", "What it costs an attacker"),
        (f.cutting or f.noise, "cutting", "Noise and touching characters"),
        (confused, "confusions", "Characters taken for others"),
        (f.alphabet, "alphabet", "Characters and length"),
        (f.variety, "variety", "What differs from image to image"),
        (f.repeats, "repeats", "Images that come again"),
        (f.leaks, "leaks", "Does the answer stand somewhere else?"),
        (f.what_if, "what-if", "What changes would do"),
        (f.legibility, "legibility", "Can people read it?"),
        (audit.left_out, "left-out", "What could not be measured"),
        (True, "subject", "What was audited"),
        (True, "rule", "How the grade is given"),
        (True, "method", "How it was measured"),
        (True, "literature", "Literature"),
    ]
    return [(name, title) for there, name, title in rows if there]

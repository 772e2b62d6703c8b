"""The findings of an audit, the one that weighs most first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from captchascope.audit.figures import Figures
from captchascope.audit.judge import attacks, design, people
from captchascope.audit.judge.evidence import Evidence
from captchascope.audit.results import SEVERITIES, Audit, Cost, Curve, Finding, Subjected


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        title: What it says, as a sentence.
        of: What it is found in: a field of ``Figures``, or ``curve``, or ``cost``.
        good: Whether it speaks for the scheme.
    """

    title: str
    of: str
    good: bool = False

    def looked_for(self, audit: Audit) -> bool:
        """Tell whether what it is found in was measured."""
        if self.of == "curve":
            return audit.curve is not None and any(point.labels for point in audit.curve.points)
        return getattr(audit if self.of == "cost" else audit.figures, self.of) is not None


KINDS: Mapping[str, Kind] = {
    "labels-doubtful": Kind("The labels contradict what is read.", "untrained"),
    "answer-leaks": Kind("The answer stands in plain text beside the image.", "leaks"),
    "small-pool": Kind("The same images come again.", "repeats"),
    "read-without-labels": Kind("A general reader solves it without any label.", "untrained"),
    "small-keyspace": Kind("A blind guess is right too often.", "alphabet"),
    "few-labels": Kind("A few labelled images are enough to train a reader.", "curve"),
    "cheap-attack": Kind("An attack costs next to nothing.", "cost"),
    "cut-apart": Kind("The characters can be cut apart.", "cutting"),
    "abstaining-attacker": Kind(
        "An attacker who skips hard images hardly ever answers wrong.", "cost"
    ),
    "noise-is-weak": Kind("The noise is washed away before reading.", "noise"),
    "what-if-helps-little": Kind("No change of the drawing alone stops the reader.", "what_if"),
    "what-if-helps": Kind("One change would stop the general reader, for now.", "what_if"),
    "one-typeface": Kind("Each character has only one shape.", "variety"),
    "noise-hinders-classical-only": Kind("The noise hinders only the oldest programs.", "noise"),
    "told-by-colour": Kind("The text can be told by its colour alone.", "variety"),
    "fixed-position": Kind("The text always stands in the same place.", "variety"),
    "skewed-characters": Kind("Some characters come more often than others.", "alphabet"),
    "no-audio": Kind("There is no alternative to hear, or nobody said so.", "legibility"),
    "low-contrast": Kind("The text stands out too little for people.", "legibility"),
    "thin-strokes": Kind("The strokes are very thin.", "legibility"),
    "small-characters": Kind("The characters are small.", "legibility"),
    "look-alikes": Kind("Some characters look like others.", "alphabet"),
    "withstands-training": Kind(
        "Training on labelled images does not break it.", "curve", good=True
    ),
    "withstands-reading": Kind("A general reader does not solve it.", "untrained", good=True),
    "resists-cutting": Kind("The characters resist being cut apart.", "cutting", good=True),
    "no-leak": Kind("The answer was found nowhere beside the image.", "leaks", good=True),
    "no-repeats": Kind("No image came twice.", "repeats", good=True),
    "varied-typefaces": Kind("Characters come in several shapes.", "variety", good=True),
    "good-contrast": Kind("The text stands out well.", "legibility", good=True),
}
"""Every kind of finding by its name, which scripts know, the one that weighs most first."""

_WEIGHT = {kind: place for place, kind in enumerate(KINDS)}
_FINDERS = (*attacks.FINDERS, *design.FINDERS, *people.FINDERS)


def findings_of(
    figures: Figures, curve: Curve | None, cost: Cost | None, subject: Subjected
) -> tuple[Finding, ...]:
    """Return what the figures mean, the one that weighs most first; each kind once at most.

    Args:
        figures: What was measured.
        curve: The learning curve; None without a training.
        cost: What attacks cost; None where nothing was read.
        subject: What was audited.
    """
    evidence = Evidence(figures, curve, cost, subject)
    found = [finding for find in _FINDERS if (finding := find(evidence)) is not None]
    return tuple(
        sorted(found, key=lambda each: (SEVERITIES.index(each.severity), _WEIGHT[each.kind]))
    )

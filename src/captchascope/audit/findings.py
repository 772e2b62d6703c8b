"""The findings of an audit, the one that weighs most first."""

from __future__ import annotations

from collections.abc import Mapping

from captchascope.audit import attacks, design, people
from captchascope.audit.evidence import Evidence
from captchascope.audit.figures import Figures
from captchascope.audit.results import SEVERITIES, Cost, Curve, Finding, Subjected

KINDS: Mapping[str, str] = {
    "labels-doubtful": "The labels contradict what is read.",
    "answer-leaks": "The answer stands in plain text beside the image.",
    "small-pool": "The same images come again.",
    "read-without-labels": "A program that never saw the scheme reads it.",
    "small-keyspace": "A blind guess is right too often.",
    "few-labels": "A few labelled images are enough to train a reader.",
    "cheap-attack": "An attack costs next to nothing.",
    "cut-apart": "The characters can be cut apart.",
    "abstaining-attacker": "An attacker who skips hard images hardly ever answers wrong.",
    "noise-is-weak": "The noise is washed away before reading.",
    "what-if-helps-little": "No change of the drawing alone stops the reader.",
    "what-if-helps": "One change would stop the reader that never saw the scheme.",
    "one-typeface": "Each character has only one shape.",
    "noise-hinders-classical-only": "The noise hinders only the oldest programs.",
    "told-by-colour": "The text can be told by its colour alone.",
    "fixed-position": "The text always stands in the same place.",
    "skewed-characters": "Some characters come more often than others.",
    "no-audio": "There is no alternative to hear, or nobody said so.",
    "low-contrast": "The text stands out too little for people.",
    "hard-to-read": "Something else makes it hard for people.",
    "thin-strokes": "The strokes are very thin.",
    "look-alikes": "Some characters look like others.",
    "withstands-training": "Training on labelled images does not break it.",
    "withstands-reading": "A program that never saw the scheme does not read it.",
    "resists-cutting": "The characters resist being cut apart.",
    "no-leak": "The answer was found nowhere beside the image.",
    "no-repeats": "No image came twice.",
    "varied-typefaces": "Characters come in several shapes.",
    "good-contrast": "The text stands out well.",
}
"""Every kind of finding, as scripts know it, the one that weighs most first."""

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

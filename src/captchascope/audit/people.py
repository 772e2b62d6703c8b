"""Findings about people: whether they can read it at all."""

from __future__ import annotations

from captchascope.audit.evidence import Evidence, Finder, shown
from captchascope.audit.grading import CONTRAST
from captchascope.audit.results import Finding, Severity

_BODY_TEXT = 4.5
"""The contrast that WCAG 2.2 asks of text, 1.4.3."""

_THIN = 1.5
"""Pixels: a stroke that is thinner is no full pixel wide anywhere."""


def _low_contrast(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or min(seen.contrast, seen.contrast_low) >= CONTRAST:
        return None
    severity: Severity = "serious" if seen.contrast < CONTRAST else "moderate"
    return Finding(
        "low-contrast",
        severity,
        "The text stands out too little for people.",
        f"Its contrast is {seen.contrast:.1f} to 1 in the middle, and {seen.contrast_low:.1f} or "
        f"less in one image of twenty. WCAG 2.2 asks for {_BODY_TEXT:g}, and {CONTRAST:g} where "
        "letters are large.",
        "People with weak eyes, on a poor screen or in the sun are kept out. A program is not: it "
        "stretches the contrast before it reads.",
        f"Draw the text darker, or the ground lighter, to {_BODY_TEXT:g} to 1 or more.",
        shown(seen.picture),
    )


def _thin_strokes(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or not 0 < seen.stroke < _THIN:
        return None
    return Finding(
        "thin-strokes",
        "minor",
        "The strokes are very thin.",
        f"They are {seen.stroke:.1f} pixels wide, on characters {seen.height:.0f} pixels high.",
        "Thin strokes vanish where people enlarge the page, or see it blurred.",
        "Draw the text larger, or in a bolder typeface.",
        shown(seen.picture),
    )


def _hard_to_read(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or not seen.warnings:
        return None
    return Finding(
        "hard-to-read",
        "minor",
        "Something else makes it hard for people.",
        " ".join(seen.warnings),
        "What is hard for people is not hard for programs for that reason.",
        "Mend what is named, or retire the scheme.",
        shown(seen.picture),
    )


def _no_audio(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or seen.audio is True:
        return None
    if seen.audio is None:
        severity: Severity = "minor"
        title = "Nobody said whether there is an alternative to hear."
        what = "The images alone do not tell."
    else:
        severity = "serious"
        title = "There is no alternative to hear."
        what = "That is what was said of the scheme; the images alone do not tell."
    return Finding(
        "no-audio",
        severity,
        title,
        what,
        "Who cannot see the image is kept out altogether. WCAG 2.2, 1.1.1, wants an alternative "
        "for another sense, and 3.3.8 a way in without any puzzle.",
        "Offer another way in, best one that is no puzzle at all; and say --audio yes once there "
        "is one.",
    )


def _legible(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or seen.contrast_low < _BODY_TEXT or seen.warnings:
        return None
    return Finding(
        "good-contrast",
        "good",
        "The text stands out well.",
        f"Its contrast is {seen.contrast:.1f} to 1 in the middle, and {seen.contrast_low:.1f} or "
        "more in nineteen images of twenty.",
        f"WCAG 2.2 asks for {_BODY_TEXT:g}. People who see can read it.",
        "",
    )


FINDERS: tuple[Finder, ...] = (_no_audio, _low_contrast, _hard_to_read, _thin_strokes, _legible)
"""Look for findings about people."""

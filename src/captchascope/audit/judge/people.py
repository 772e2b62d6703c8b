"""Findings about people: whether they can read it at all."""

from __future__ import annotations

from captchascope.audit.judge.evidence import Evidence, Finder, shown
from captchascope.audit.measure.legibility import (
    LEAST_HEIGHT,
    LEAST_STROKE,
    least_contrast,
)
from captchascope.audit.results import Finding, Severity

_WELL = least_contrast(0)
"""The contrast that even small text may have."""


def _low_contrast(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    least = 0.0 if seen is None else least_contrast(seen.height)
    if seen is None or min(seen.contrast, seen.contrast_low) >= least:
        return None
    severity: Severity = "serious" if seen.contrast < least else "moderate"
    return Finding(
        "low-contrast",
        severity,
        "The text stands out too little for people.",
        f"Its contrast is {seen.contrast:.1f} to 1 in the middle, and {seen.contrast_low:.1f} or "
        f"less in one image of twenty. WCAG 2.2 asks for {least:g} where letters are "
        f"{seen.height:.0f} pixels high.",
        "People with weak eyes, on a poor screen or in the sun are kept out. A program is not: it "
        "stretches the contrast before it reads.",
        f"Draw the text darker, or the ground lighter, to {least:g} to 1 or more.",
        shown(seen.picture),
    )


def _thin_strokes(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or seen.stroke >= LEAST_STROKE:
        return None
    return Finding(
        "thin-strokes",
        "minor",
        "The strokes are very thin.",
        f"They are {seen.stroke:.1f} pixels wide, on characters {seen.height:.0f} pixels high.",
        "Thin strokes look fainter than their colour is, and vanish where people see them blurred.",
        "Draw the text larger, or in a bolder typeface.",
        shown(seen.picture),
    )


def _small(evidence: Evidence) -> Finding | None:
    seen = evidence.figures.legibility
    if seen is None or seen.height >= LEAST_HEIGHT:
        return None
    return Finding(
        "small-characters",
        "minor",
        "The characters are small.",
        f"They are {seen.height:.0f} pixels high, on images {seen.width:.0f} pixels wide.",
        "People with weak eyes are slow to read them. A program enlarges them before it reads.",
        f"Draw them {LEAST_HEIGHT} pixels high or more.",
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
    if seen is None or seen.contrast_low < _WELL:
        return None
    return Finding(
        "good-contrast",
        "good",
        "The text stands out well.",
        f"Its contrast is {seen.contrast:.1f} to 1 in the middle, and {seen.contrast_low:.1f} or "
        "more in nineteen images of twenty.",
        f"WCAG 2.2 asks for {_WELL:g} of small text, so its contrast keeps out nobody who sees.",
        "",
    )


FINDERS: tuple[Finder, ...] = (_no_audio, _low_contrast, _small, _thin_strokes, _legible)
"""Look for findings about people."""

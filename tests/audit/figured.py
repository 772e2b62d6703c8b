"""Figures as audits have them, made by hand."""

from __future__ import annotations

from typing import Any

from captchascope.audit.figures import (
    Alphabet,
    Cutting,
    Denoised,
    Figures,
    Knob,
    Leak,
    Leaks,
    Legibility,
    LookAlike,
    Noise,
    Picture,
    Reads,
    Repeats,
    Turned,
    Untrained,
    Variety,
    WhatIf,
)
from captchascope.audit.results import (
    Attack,
    Attempts,
    Audit,
    Conditions,
    Cost,
    Curve,
    CurvePoint,
    Finding,
    LabelsNeeded,
    Severity,
    Subjected,
    Verdict,
)
from captchascope.evaluate import Rate

SUBJECT = Subjected("captchas", False, 1500, 1500, 500, "labels.csv", "0123456789", 6, 6, ())
PICTURE = Picture("iVBORw0KGgo=", "An image.")


def reads(hits: int | None, expected: float = 0.5, total: int = 500) -> Reads:
    """Return what a reader makes of images; None hits are those of no labels."""
    exact = None if hits is None else Rate(hits, total)
    return Reads(exact, exact, expected, 0, 0, 8.0)


def untrained(hits: int | None, expected: float = 0.5, total: int = 500) -> Untrained:
    """Return what the general reader makes of images, told and not."""
    made = reads(hits, expected, total)
    return Untrained(reads(None if hits is None else 0, 0.0, total), made, "10 characters", PICTURE)


def cutting(hits: int, total: int = 500, counted: int | None = None) -> Cutting:
    """Return how often characters are cut apart and told."""
    rate = Rate(hits, total)
    return Cutting(total, Rate(counted or hits, total), rate, rate, "It is cut at gaps.", PICTURE)


def curve(**exact: float) -> Curve:
    """Return a curve of solve rates by labels, ``l25=0.1``, each to a tenth of it."""
    points = []
    for name, share in exact.items():
        labels = int(name[1:])
        points.append(CurvePoint(labels, 3, share, 0.9 * share, min(1.0, 1.1 * share)))
    needed = []
    for share in (0.01, 0.5, 0.9, 0.99):
        first = next((p.labels for p in points if p.exact >= share), None)
        number = None if first is None else float(first)
        words = "more than was tried" if first is None else f"about {first}"
        needed.append(LabelsNeeded(share, number, number, number, words))
    return Curve(tuple(points), tuple(needed))


def alphabet(**changed: Any) -> Alphabet:
    """Return six digits, evenly drawn."""
    known: dict[str, Any] = {
        "characters": "0123456789",
        "shortest": 6,
        "longest": 6,
        "bits": 19.9,
        "measured_bits": 19.9,
        "guess": 1e-6,
        "look_alikes": (),
        "skew": 0.5,
    }
    return Alphabet(**{**known, **changed})


def legibility(**changed: Any) -> Legibility:
    """Return what people can read, and hear."""
    known: dict[str, Any] = {
        "images": 200,
        "contrast": 9.0,
        "contrast_low": 6.0,
        "stroke": 3.0,
        "height": 24.0,
        "width": 150.0,
        "warnings": (),
        "audio": True,
        "picture": PICTURE,
    }
    return Legibility(**{**known, **changed})


def strong(**changed: Any) -> Figures:
    """Return figures of a scheme that nothing reads."""
    known: dict[str, Any] = {
        "untrained": untrained(0, 0.01),
        "cutting": cutting(0),
        "noise": Noise((Denoised("as they are", Rate(0, 500), 0.01, Rate(0, 500)),), None),
        "alphabet": alphabet(),
        "variety": variety(typefaces=6, fixed_position=False, few_colours=False),
        "repeats": Repeats(1500, 0, 0, 0, None, 300_000.0, None),
        "leaks": Leaks(("file names", "metadata"), ("pages: none were kept",), ()),
        "legibility": legibility(),
    }
    return Figures(**{**known, **changed})


def variety(**changed: Any) -> Variety:
    """Return what differs from image to image."""
    known: dict[str, Any] = {
        "images": 200,
        "sizes": 1,
        "position_spread": 0.02,
        "baseline_spread": 0.01,
        "fixed_position": True,
        "typefaces": 1,
        "glyph_likeness": 0.95,
        "inks": 1,
        "grounds": 1,
        "few_colours": True,
        "picture": PICTURE,
        "glyph_picture": PICTURE,
    }
    return Variety(**{**known, **changed})


def weak() -> Figures:
    """Return figures of a scheme with every fault that there is."""
    noise = (
        Denoised("as they are", Rate(300, 500), 0.6, Rate(100, 500)),
        Denoised("median 3", Rate(450, 500), 0.9, Rate(400, 500)),
    )
    turned = (
        Turned("0 lines", Rate(300, 500), 0.6, 9.0, PICTURE),
        Turned("12 lines", Rate(200, 500), 0.4, 5.0, PICTURE),
    )
    leak = Leak("file name", "the file's name", "226md.png", Rate(500, 500), 0.0)
    return Figures(
        untrained=untrained(450, 0.9),
        cutting=cutting(300),
        noise=Noise(noise, PICTURE),
        alphabet=alphabet(
            guess=0.02,
            look_alikes=(LookAlike("0O", Rate(100, 500)),),
            measured_bits=15.0,
            skew=5e-4,
        ),
        variety=variety(),
        repeats=Repeats(1500, 200, 300, 800, 3000.0, 2500.0, PICTURE, 3600.0),
        leaks=Leaks(("file names",), (), (leak,)),
        what_if=WhatIf(500, True, (Knob("lines", turned),)),
        legibility=legibility(
            contrast=2.0,
            contrast_low=1.5,
            stroke=1.0,
            height=12.0,
            warnings=("It is small.",),
            audio=False,
        ),
    )


def attack(labels: int, exact: float, **changed: Any) -> Attack:
    """Return what an attack costs."""
    known: dict[str, Any] = {
        "name": f"trained on {labels} labels" if labels else "the general reader, told nothing",
        "labels": labels,
        "labelling_minutes": labels * 5 / 60,
        "training_minutes": 3.0,
        "exact": exact,
        "milliseconds": 8.0,
        "price_per_1000": 0.0001,
        "attempts_per_success": 1 / exact if exact else None,
        "abstaining": 1.01 if exact else None,
        "images_per_success": 2.0 if exact else None,
        "lockouts": (Attempts(3, 1 - (1 - exact) ** 3, 1.1),),
    }
    return Attack(**{**known, **changed})


def cost(*attacks: Attack) -> Cost:
    """Return what attacks cost."""
    return Cost(5.0, False, 0.05, "USD", attacks)


def finding(kind: str, severity: Severity, **changed: Any) -> Finding:
    """Return a finding."""
    known = {"title": "A title.", "what": "It is so.", "means": "It means.", "remedy": "Mend it."}
    return Finding(kind, severity, **{**known, **changed})


def audit(verdict: Verdict, *findings: Finding, name: str = "captchas") -> Audit:
    """Return an audit with this outcome."""
    subject = Subjected(name, False, 10, 10, 5, "labels.csv", "01", 4, 4, ())
    conditions = Conditions(
        "0.1.0", 0, "captchascope audit captchas -o report.html", "a machine", (), "", 60.0, None
    )
    return Audit(subject, conditions, Figures(), None, None, verdict, findings, (), ())

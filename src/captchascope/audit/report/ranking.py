"""Many audits side by side, as one HTML file; extra ``report``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from captchascope.audit.figures import Picture
from captchascope.audit.report.page import TONES, Shelf, environment, strongest
from captchascope.audit.report.plots import among_plot
from captchascope.audit.results import GRADES, Audit, LabelsNeeded

_ROOM = 2_000_000  # bytes, for pictures
_HALF = 0.5


def ranking_html(audits: Sequence[Audit], examples: Mapping[str, Picture] | None = None) -> str:
    """Return the page, the weakest scheme first.

    Args:
        audits: Of schemes with names that differ; ``from_json`` gives them from files.
        examples: An image of each scheme, by its name.
    """
    ranked = sorted(audits, key=_strength)
    with_curves = [(audit.subject.name, audit.curve) for audit in ranked if audit.curve]
    curves = [curve for _, curve in with_curves if curve.points]
    plots = [
        (name, Markup(among_plot(curve, [one for one in curves if one is not curve], n, name)))
        for n, (name, curve) in enumerate(with_curves, 1)
        if curve.points
    ]
    shares = {one.share for _, curve in with_curves for one in curve.needed}
    return (
        environment()
        .get_template("ranking.html")
        .render(
            ranked=ranked,
            examples=examples or {},
            shelf=Shelf(_ROOM),
            shares=sorted(shares),
            needed=lambda audit, share: _words(_needed(audit, share)),
            strongest=strongest,
            tones=TONES,
            plots=plots,
            versions=sorted({audit.conditions.version for audit in audits}),
        )
    )


def _strength(audit: Audit) -> tuple[int, float, float, str]:
    """Return what audits are sorted by: the weakest has the least."""
    grade, half = audit.verdict.grade, _needed(audit, _HALF)
    labels = float("inf") if half is None or half.labels is None else half.labels
    attack = strongest(audit)
    solved = 0.0 if attack is None else attack.exact
    place = len(GRADES) if grade is None else len(GRADES) - 1 - GRADES.index(grade)
    return place, labels, -solved, audit.subject.name


def _needed(audit: Audit, share: float) -> LabelsNeeded | None:
    needed = audit.curve.needed if audit.curve else ()
    return next((one for one in needed if one.share == share), None)


def _words(needed: LabelsNeeded | None) -> str:
    return "–" if needed is None else needed.words

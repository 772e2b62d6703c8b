"""Labels that a model reads otherwise."""

from __future__ import annotations

from captchascope.check.disagreement import disagreement_findings
from captchascope.errors import ImageError
from captchascope.records import Reading

from .made import files, labelled

LABELS = ["11", "22", "33", "44", "55", "66"]


def found(*read: tuple[str | None, float]) -> list[object]:
    """Return the finding's kind and facts, if the first labels were read so."""
    readings = [Reading(text, sure) for text, sure in read]
    readings += [Reading(label, 0.9) for label in LABELS[len(read) :]]
    findings = list(disagreement_findings(labelled(LABELS), readings))
    return [(f.kind, f.severity, files(f)) for f in findings]


def test_the_surest_comes_first() -> None:
    """What the model is not sure of is not in it."""
    read = ("12", 0.96), ("25", 0.94), ("38", 0.999)
    assert found(*read) == [("likely-wrong", "warning", ["3.png", "1.png"])]


def test_what_was_read_is_shown() -> None:
    """Beside the label and the confidence."""
    readings = [Reading("17", 0.98765), *(Reading(label, 1.0) for label in LABELS[1:])]
    [finding] = disagreement_findings(labelled(LABELS), readings)
    assert finding.files[0].facts == {"label": "11", "read": "17", "confidence": 0.9877}


def test_agreement_is_no_finding() -> None:
    """However unsure."""
    assert found(("11", 0.1)) == []


def test_what_was_not_read_says_nothing() -> None:
    """Neither an abstention nor a failure is another text."""
    failed = Reading(None, 0.0, error=ImageError("1.png", "is empty"))
    readings = [failed, Reading(None, 0.0, abstained=True)]
    assert not list(disagreement_findings(labelled(LABELS[:2]), readings))


def test_a_model_of_another_scheme_is_not_believed() -> None:
    """Where it reads less than half as labelled, that is what is said."""
    wrong = [("99", 0.99)] * 4
    assert found(*wrong) == [("unfit-model", "warning", [])]

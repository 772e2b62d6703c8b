"""Labels that a model reads otherwise."""

from __future__ import annotations

from captchascope.check.disagreement import disagreement_findings
from captchascope.errors import ImageError
from captchascope.records import Reading

from .made import files, labelled

LABELS = [str(number) for number in range(10, 50)]


def found(*read: tuple[str | None, float], others: float = 0.99) -> list[object]:
    """Return what is found if the first labels were read so, and the others as they are."""
    readings = [Reading(text, sure) for text, sure in read]
    readings += [Reading(label, others) for label in LABELS[len(read) :]]
    findings = list(disagreement_findings(labelled(LABELS), readings))
    return [(f.kind, f.severity, files(f)) for f in findings]


def test_the_surest_comes_first() -> None:
    """What the model is not sure of is not in it."""
    read = ("12", 0.96), ("25", 0.94), ("38", 0.999)
    assert found(*read) == [("likely-wrong", "warning", ["3.png", "1.png"])]


def test_a_modest_model_is_believed_where_it_is_as_sure_as_ever() -> None:
    """One that was calibrated on wrong labels is never quite sure."""
    read = ("12", 0.91), ("25", 0.89)
    assert found(*read, others=0.9) == [("likely-wrong", "warning", ["1.png"])]


def test_a_model_that_guesses_is_not_believed() -> None:
    """However sure it is of the rest."""
    assert found(("12", 0.45), others=0.4) == []


def test_what_was_read_is_shown() -> None:
    """Beside the label and the confidence."""
    readings = [Reading("17", 0.98765), *(Reading(label, 1.0) for label in LABELS[1:])]
    [finding] = disagreement_findings(labelled(LABELS), readings)
    assert finding.files[0].facts == {"label": "10", "read": "17", "confidence": 0.9877}


def test_agreement_is_no_finding() -> None:
    """However unsure."""
    assert found(("10", 0.1)) == []


def test_what_was_not_read_says_nothing() -> None:
    """Neither an abstention nor a failure is another text."""
    failed = Reading(None, 1.0, error=ImageError("1.png", "is empty"))
    readings = [failed, Reading(None, 1.0, abstained=True)]
    readings += [Reading(label, 0.99) for label in LABELS[2:]]
    assert not list(disagreement_findings(labelled(LABELS), readings))


def test_a_model_of_another_scheme_is_not_believed() -> None:
    """Where it reads less than half as labelled, that is what is said."""
    assert found(*[("99", 0.99)] * 21) == [("unfit-model", "warning", [])]
    assert found(*[(None, 0.0)] * 21) == [("unfit-model", "warning", [])]


def test_nothing_to_read_is_no_finding() -> None:
    """As where no image can be decoded."""
    assert not list(disagreement_findings([], []))

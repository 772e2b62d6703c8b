"""Whether there is enough of everything."""

from __future__ import annotations

import pytest

from captchascope.check.balance import amount_findings, imbalance_findings, sameness_findings
from captchascope.check.report import Severity

from .made import kinds, labelled, ordinary


@pytest.mark.parametrize(("count", "found"), [(0, 0), (1, 1), (24, 1), (25, 0)])
def test_fewer_than_25_samples_are_few(count: int, found: int) -> None:
    """It is a note: training goes on all the same."""
    findings = list(amount_findings(labelled(ordinary(count))))
    assert kinds(findings) == ["few-samples"] * found
    assert all(finding.severity == "note" for finding in findings)


def test_a_single_label() -> None:
    """Nothing can be learnt from it; one image alone is merely few."""
    [finding] = sameness_findings(labelled(["1234"] * 5))
    assert (finding.kind, finding.severity) == ("single-label", "error")
    assert not list(sameness_findings(labelled(["1234"])))


def test_a_single_character() -> None:
    """Labels may differ in length alone."""
    [finding] = sameness_findings(labelled(["1", "11", "111"]))
    assert (finding.kind, finding.severity) == ("single-class", "error")


def test_a_label_like_a_placeholder() -> None:
    """The images that have it are named."""
    [finding] = sameness_findings(labelled([*ordinary(90), *["abcd"] * 10]))
    assert (finding.kind, finding.severity) == ("repeated-label", "warning")
    assert "'abcd' labels 10 of 100 images" in finding.what
    assert len(finding.files) == 10


def test_labels_that_recur_by_chance() -> None:
    """Of a hundred possible texts, each comes often."""
    assert not list(sameness_findings(labelled(ordinary(500, length=2))))


@pytest.mark.parametrize(("rare", "severity"), [(5, "warning"), (19, "warning"), (20, "note")])
def test_imbalance_harms_where_a_character_is_rare(rare: int, severity: Severity) -> None:
    """Not by the ratio: twenty examples are enough, however many others have."""
    labels = [*["abab", "baba"] * 200, *["abaq"] * rare]
    [finding] = imbalance_findings(labelled(labels), "")
    assert (finding.kind, finding.severity) == ("imbalance", severity)
    assert finding.what.endswith(f"q:{rare}")


def test_what_is_odd_for_another_reason_is_no_imbalance() -> None:
    """Nothing is said twice of one character."""
    labels = [*["abab", "baba"] * 200, "abaq"]
    assert not list(imbalance_findings(labelled(labels), "q"))


def test_chance_is_no_imbalance() -> None:
    """Few labels have each character a few times."""
    assert not list(imbalance_findings(labelled(ordinary(25, "0123456789abcdefghij")), ""))


@pytest.mark.parametrize(
    ("place", "what"),
    [(0, "character 1 is always 'A' (40 of 40)"), (2, "character 3 is always 'A' (40 of 40)")],
)
def test_a_constant_character(place: int, what: str) -> None:
    """It is noted with its place, from the left."""
    labels = [label[:place] + "A" + label[place:] for label in ordinary(40)]
    [finding] = imbalance_findings(labelled(labels), "")
    assert (finding.kind, finding.severity, finding.what) == ("constant-character", "note", what)

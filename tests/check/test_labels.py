"""What labels alone tell."""

from __future__ import annotations

from captchascope.check import label_findings

from .made import kinds, labelled, ordinary


def test_ordinary_labels_have_no_findings() -> None:
    """Nothing is said where nothing is wrong."""
    assert label_findings(labelled(ordinary(200))) == []


def test_no_labels_have_no_findings() -> None:
    """That there is nothing is said of the folder."""
    assert label_findings([]) == []


def test_every_fault_is_one_finding() -> None:
    """The letter is no imbalance and not unseen, though it is both of them too."""
    labels = [*ordinary(200), "123O", "12"]
    assert kinds(label_findings(labelled(labels))) == ["odd-kind", "odd-length"]


def test_a_finding_reads_like_an_error() -> None:
    """Where, what, and what to do about it: training prints it so."""
    [finding] = label_findings(labelled(ordinary(12)))
    assert str(finding) == (
        "labels: 12 samples: expect a model that often misreads "
        "(label at least 25, better 100 or more)"
    )

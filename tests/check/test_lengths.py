"""Labels of an odd length."""

from __future__ import annotations

import pytest

from captchascope.check.lengths import length_findings

from .made import files, labelled, ordinary


@pytest.mark.parametrize("odd", ["123", "12345", "1"])
def test_one_label_of_another_length(odd: str) -> None:
    """It is named, with how long it is and what nearly all are."""
    [finding] = length_findings(labelled([*ordinary(60), odd]))
    assert (finding.kind, finding.severity) == ("odd-length", "warning")
    assert finding.what == "1 label has an odd length: nearly all have 4 characters"
    assert files(finding) == ["61.png"]
    assert finding.files[0].facts == {"label": odd, "length": len(odd)}


@pytest.mark.parametrize("tail", [1, 30])
def test_lengths_that_vary_are_no_fault(tail: int) -> None:
    """Rare ones next to the common ones belong to them."""
    labels = [*ordinary(50, length=4), *ordinary(60, length=5), *ordinary(tail, length=6)]
    assert not list(length_findings(labelled(labels)))


def test_a_length_apart_from_those_that_vary() -> None:
    """Nothing has seven characters, so the one of eight is no rare end."""
    labels = [*ordinary(50, length=4), *ordinary(60, length=6), "12345678"]
    [finding] = length_findings(labelled(labels))
    assert finding.what.endswith("nearly all have 4 to 6 characters")
    assert files(finding) == ["111.png"]


def test_of_a_few_labels_none_is_odd() -> None:
    """There is no saying what is usual."""
    assert not list(length_findings(labelled(["1", "1234", "4321", "2222"])))

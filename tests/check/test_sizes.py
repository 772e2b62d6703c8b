"""Sizes that differ, and images too narrow for their label."""

from __future__ import annotations

import pytest

from captchascope.check import narrow_findings, size_findings

from .made import files, kinds, labelled


def test_images_of_one_size() -> None:
    """Nothing is said of them."""
    assert size_findings([(60, 20)] * 30) == []


def test_an_odd_size_among_equal_ones() -> None:
    """The image is named with its size."""
    sizes = [(60, 20)] * 20
    sizes[7] = (61, 20)
    [finding] = size_findings(sizes, [f"{n}.png" for n in range(20)])
    assert (finding.kind, finding.severity) == ("odd-size", "warning")
    assert finding.what == "1 image of an odd size: most have 60 x 20"
    assert files(finding) == ["7.png"]
    assert finding.files[0].facts == {"size": "61 x 20"}


def test_mixed_sizes_are_a_note() -> None:
    """Images may be as wide as their text."""
    sizes = [(50 + 3 * n, 20 + n % 2) for n in range(30)]
    [finding] = size_findings(sizes)
    assert (finding.kind, finding.severity) == ("mixed-sizes", "note")
    assert finding.what == "30 sizes, 50 x 20 to 137 x 21"


def test_a_size_far_off_mixed_ones() -> None:
    """It is odd, and the others are still mixed, without it."""
    sizes = [*[(50 + n, 20) for n in range(30)], (640, 480)]
    odd, mixed = size_findings(sizes, [f"{n}.png" for n in range(31)])
    assert (odd.kind, files(odd)) == ("odd-size", ["30.png"])
    assert mixed.what == "30 sizes, 50 x 20 to 79 x 20"


def test_of_a_few_images_none_is_odd() -> None:
    """They are mixed."""
    assert kinds(size_findings([(60, 20), (60, 20), (640, 480)])) == ["mixed-sizes"]


@pytest.mark.parametrize(("label", "needed"), [("1234", 16), ("1123", 20), ("1111", 28), ("1", 4)])
def test_a_label_needs_four_columns_for_each_timestep(label: str, needed: int) -> None:
    """One for a character, and one for the blank between two equal ones."""
    assert not list(narrow_findings(labelled([label]), [(needed, 20)]))
    [finding] = narrow_findings(labelled([label]), [(needed - 1, 20)])
    assert (finding.kind, finding.severity) == ("too-narrow", "error")
    assert finding.files[0].facts == {"label": label, "width": needed - 1, "needed": needed}

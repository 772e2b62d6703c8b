"""An evaluation as lines: what is said of any alphabet, and of labels of any length."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

from captchascope.cli.tables import evaluation_lines
from captchascope.evaluate import evaluate
from captchascope.records import Reading, Sample

ALNUM = string.digits + string.ascii_letters


def lines(*pairs: tuple[str, str | None], chars: str = ALNUM, strange: int = 0) -> list[str]:
    """Return the lines about (label, text) pairs, the first few of them unfamiliar."""
    samples = [Sample(f"{i}.png", label, Path()) for i, (label, _) in enumerate(pairs)]
    readings = [
        replace(Reading(text, 0.5), unfamiliar=number < strange)
        for number, (_, text) in enumerate(pairs)
    ]
    return list(evaluation_lines(evaluate(samples, readings), chars, 10))


def test_a_large_alphabet_has_a_list_instead_of_a_table() -> None:
    """The most frequent first, and no line that is wider than a terminal."""
    found = lines(("0x", "Ox"), ("0", "O"), ("l1", "11"), ("ab", "a"), ("ab", "abc"))
    start = found.index("the most frequent wrong characters")
    assert found[start + 1].split() == ["0", "read", "as", "O", "2"]
    rest = {" ".join(line.split()) for line in found[start + 2 : start + 5]}
    assert rest == {"b missed 1", "l read as 1 1", "c read where there is nothing 1"}
    assert max(map(len, found)) <= 80


def test_a_small_alphabet_has_the_table() -> None:
    """As before."""
    assert any(line.startswith("label \\ read") for line in lines(("01", "00"), chars="01"))


def test_nothing_wrong_has_no_list() -> None:
    """Nor an empty heading."""
    assert not any("wrong" in line for line in lines(("abc", "abc"), ("Z9", "Z9")))


def test_positions_are_of_labels_of_one_length() -> None:
    """Elsewhere they mean nothing."""
    assert sum("position" in line for line in lines(("abc", "abc"), ("xyz", "xyZ"))) == 3
    assert not any("position" in line for line in lines(("abc", "abc"), ("x", "x")))


def test_what_is_unfamiliar_is_counted() -> None:
    """And not mentioned where there is none."""
    assert "unlike what the model was trained on: 2" in lines(("a", "a"), ("b", "c"), strange=2)
    assert not any("unlike" in line for line in lines(("a", "a")))

"""The model that reads anything as a measure: what it reads, and whether that is more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.generate import write_folder
from captchascope.train.ctc.infer import alphabet_of, inferred
from captchascope.train.untrained import is_better, read_untrained

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_better_is_more_and_one_sided(pairs: list[tuple[bool, bool]]) -> None:
    """Whoever is better reads more, and the other is not better; texts alike for both are mute."""
    one, other = zip(*pairs, strict=True)
    if is_better(one, other):
        assert sum(one) >= sum(other) + 5
        assert not is_better(other, one)
    apart = [pair for pair in pairs if pair[0] != pair[1]]
    assert is_better(one, other) == is_better([a for a, _ in apart], [b for _, b in apart])


@pytest.mark.parametrize(
    ("wins", "losses", "better"), [(4, 0, False), (5, 0, True), (7, 1, True), (6, 1, False)]
)
def test_the_sign_test(wins: int, losses: int, better: bool) -> None:
    """Five of five are by chance one time in 32, six of seven one in 16."""
    assert is_better([True] * wins + [False] * losses, [False] * wins + [True] * losses) == better


def untrained(dataset: Dataset) -> tuple[int, int] | None:
    """Return how many of how many the model that reads anything reads."""
    alphabet = alphabet_of(dataset)
    assert alphabet is not None
    read = read_untrained(dataset.samples, inferred(dataset, alphabet))
    return None if read is None else (sum(read.right), len(read.right))


def test_it_reads_what_is_plain(tmp_path: Path) -> None:
    """Told alphabet and length, most of it."""
    write_folder("plain", tmp_path / "plain", 12, 3)
    found = untrained(read_dataset(tmp_path / "plain"))
    assert found is not None
    assert found[0] > 6
    assert found[1] == 12


def test_it_is_no_measure_of_other_scripts(tmp_path: Path) -> None:
    """It knows none of the characters."""
    write_folder("plain", tmp_path / "plain", 3, 3)
    labels = "file,label\n" + "".join(f"{n}.jpeg,жя\n" for n in (1, 2, 3))
    (tmp_path / "plain" / "labels.csv").write_text(labels, "utf-8")
    assert untrained(read_dataset(tmp_path / "plain")) is None

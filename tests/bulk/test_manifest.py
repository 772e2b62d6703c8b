"""What is covered, and how it is written down."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from bulk.rows import batch, span
from captchascope.bulk.manifest import VERSION, Counts, Covered, Entry
from captchascope.errors import DatasetError, OutputError

RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=30)


@given(RANGES)
def test_ranges_merge(ranges: list[tuple[int, int]]) -> None:
    """Whatever comes in whatever order: each row is new once, and ranges never touch."""
    covered, there = Covered(), set[int]()
    for start, length in ranges:
        rows = set(range(start, start + length))
        new = [
            row for low, high in covered.add("a", start, start + length) for row in range(low, high)
        ]
        assert len(new) == len(set(new))
        assert set(new) == rows - there
        there |= rows
    held = covered.ranges("a")
    assert {row for low, high in held for row in range(low, high)} == there
    assert all(before[1] < after[0] for before, after in pairwise(held))


@given(
    st.dictionaries(st.sampled_from("abcd"), RANGES),
    st.dictionaries(st.sampled_from("abcd"), st.integers(49, 60)),
)
def test_what_is_written_down_is_found(
    rows: dict[str, list[tuple[int, int]]], ends: dict[str, int]
) -> None:
    """By way of JSON."""
    covered = Covered()
    for file, ranges in rows.items():
        for start, length in ranges:
            covered.add(file, start, start + length)
    for file, end in ends.items():
        covered.end(file, end)
    entry = Entry.of(Entry("part-00000.parquet", 1, 2.5, Counts(), covered).json().encode(), "")
    for file in "abcd":
        assert entry.covered.ranges(file) == covered.ranges(file)
        assert entry.covered.complete(file, None) == covered.complete(file, None)


def test_a_file_is_complete_by_its_end_or_by_what_is_known() -> None:
    """Without either nobody can tell; an empty file is complete once its end was seen."""
    covered = Covered()
    assert not covered.complete("a", None)
    assert not covered.complete("a", 3)
    assert covered.complete("a", 0)
    covered.add("a", 0, 3)
    assert covered.complete("a", 3)
    assert not covered.complete("a", 4)
    assert not covered.complete("a", None)
    assert covered.end("a", 3)
    assert not covered.end("a", 3)
    assert covered.complete("a", None)
    assert not covered.complete("b", None)
    covered.end("b", 0)
    assert covered.complete("b", None)


@pytest.mark.parametrize("rows", [2, 4])
def test_a_file_that_has_changed(rows: int) -> None:
    """Fewer rows than were read, or others than there were: no one knows what its rows are."""
    covered = Covered()
    covered.add("shard", 0, 3)
    if rows > 3:
        covered.end("shard", 3)
    with pytest.raises(DatasetError, match=f"^shard: has changed: it has {rows} rows, and had 3"):
        covered.complete("shard", rows)
    with pytest.raises(DatasetError, match="has changed"):
        covered.end("shard", rows)
    if rows > 3:
        with pytest.raises(DatasetError, match="has changed"):
            covered.add("shard", 3, 4)


def test_images_take_little_room() -> None:
    """Each image is a file of one row: the entry has their names, and nothing else for each."""
    covered = Covered()
    for number in range(1000):
        covered.add(f"{number:06}.png", 0, 1)
        covered.end(f"{number:06}.png", 1)
    written = Entry("part-00000.parquet", 1, 1.0, Counts(), covered).json()
    assert len(written) < 1000 * len('"000000.png", ') + 400


def test_reasons_that_differ_in_numbers_are_one() -> None:
    """Rows 6, 13 and 20 failed, each at another byte."""
    counts = Counts.of(batch(span("a", 0, 21)))
    assert counts.failed == {"is cut off at byte …": 3}
    assert counts.row() == {
        "rows": 21,
        "read": 16,
        "abstained": 2,
        "unfamiliar": 4,
        "failed": {"is cut off at byte …": 3},
    }


def test_of_very_many_reasons_only_some_are_told() -> None:
    """The sum stays right, and the entry small."""
    counts = Counts()
    for number in range(1000):
        word = "".join("abcdefghij"[int(digit)] for digit in str(number))
        counts.take(Counts(1, failed=Counter({word: 1})))
    assert len(counts.failed) == 101
    assert counts.failed["other reasons"] == 900
    assert counts.read == 0


def test_an_entry_can_be_read_by_a_human() -> None:
    """A line for each thing that it says."""
    covered = Covered()
    covered.add("shards/ü.parquet", 0, 2)
    entry = Entry("part-00000.parquet", 10, 1.0, Counts.of(batch(span("a", 0, 2))), covered)
    assert entry.json().splitlines() == [
        "{",
        f'"version": {VERSION},',
        '"part": "part-00000.parquet",',
        '"bytes": 10,',
        '"seconds": 1.0,',
        '"rows": 2,',
        '"read": 2,',
        '"abstained": 0,',
        '"unfamiliar": 0,',
        '"failed": {},',
        '"covered": [{"rows": [[0, 2]], "of": null, "files": ["shards/ü.parquet"]}]',
        "}",
    ]


WRITTEN = json.loads(Entry("part-00000.parquet", 1, 1.0, Counts(), Covered()).json())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        *(
            json.dumps(WRITTEN | change).encode()
            for change in [
                {"version": "1"},
                {"part": 3},
                {"bytes": None},
                {"failed": []},
                {"covered": [{}]},
                {"covered": [{"rows": [[0]], "of": 1, "files": ["a"]}]},
                {"covered": [{"rows": [], "of": "1", "files": ["a"]}]},
                {"covered": [{"rows": [], "of": 1, "files": "a"}]},
                {"covered": [{"rows": [], "of": 1, "files": [1]}]},
            ]
        ),
    ],
)
def test_a_damaged_entry(data: bytes) -> None:
    """One line that names it, and says what to do."""
    with pytest.raises(OutputError, match=r"^out/x.json: is damaged: .*remove both"):
        Entry.of(data, "out/x.json")


def test_an_entry_of_a_newer_version() -> None:
    """What it means is not guessed."""
    data = json.dumps(WRITTEN | {"version": VERSION + 1}).encode()
    with pytest.raises(OutputError, match=r"is of version 2, .* \(upgrade captchascope\)"):
        Entry.of(data, "out/x.json")

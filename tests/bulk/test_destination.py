"""Where rows go, and how a second run goes on: each row is there exactly once, whatever happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk.destinations import FACTS, Form, fill, interrupted, names, opened
from bulk.rows import batch, found, row, span
from captchascope.bulk.destination import open_destination, require_apart
from captchascope.bulk.places import place_of
from captchascope.errors import OutputError, UsageError


def test_what_is_there_in_the_end(out: Path) -> None:
    """Parts, an entry for each, what the run was begun with, and the summary."""
    fill(out, 25)
    parts = [f"part-0000{number}" for number in range(3)]
    manifest = ["begun.json", *(f"{part}.json" for part in parts), "summary.json"]
    assert names(out) == [
        *(f"_manifest/{name}" for name in manifest),
        *(f"{part}.parquet" for part in parts),
    ]
    assert found(out) == span("a", 0, 25)
    summary = json.loads((out / "_manifest/summary.json").read_bytes())
    seconds = summary.pop("seconds")
    assert 0 <= seconds < 60
    reasons = {"is cut off at byte …": 3}
    counts = {"rows": 25, "read": 20, "abstained": 2, "unfamiliar": 5, "failed": reasons}
    assert summary == {"version": 1} | counts


def test_parquet_has_the_columns_of_a_reading(out: Path) -> None:
    """In the files that a glob finds, too."""
    with opened(out, chars=True) as place:
        place.add(batch(span("a", 0, 8)))
    (part,) = out.glob("*.parquet")
    assert pq.read_table(part).to_pylist() == [row("a", number) for number in range(8)]
    assert pq.ParquetFile(part).metadata.row_group(0).column(0).compression == "ZSTD"


def test_json_lines_are_spelled_as_read_does(out: Path) -> None:
    """A sum's value is a number where it is whole; confidences have six digits."""
    with opened(out, "jsonl", chars=True) as place:
        place.add(batch([*span("a", 1, 7), ("sums", 0)]))
    first, *_, last, ratio = map(json.loads, (out / "part-00000.jsonl").read_text().splitlines())
    assert first == row("a", 1) | {"value": 1}
    assert ratio["value"] == "8/3"
    assert last["error"] == "is cut off at byte 6"
    assert last["text"] is None


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_characters_only_where_they_are_wanted(out: Path, form: Form) -> None:
    """They take half of the room."""
    with opened(out, form) as place:
        place.add(batch(span("a", 0, 2)))
    (part,) = out.glob("part-*")
    if form == "parquet":
        assert "chars" not in pq.read_schema(part).names
    else:
        assert "chars" not in json.loads(part.read_text().splitlines()[0])


@settings(max_examples=20)
@given(
    st.permutations([(file, start) for file in "ab" for start in range(0, 30, 3)]),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 29), st.integers(1, 9)), max_size=8),
    st.integers(0, 20),
)
def test_each_row_is_there_once(
    order: list[tuple[str, int]], repeated: list[tuple[str, int, int]], stop: int
) -> None:
    """Whatever the order of batches, what is repeated, and when the first run was interrupted."""
    batches = [span(file, start, min(start + n, 30)) for file, start, n in repeated]
    for number, (file, start) in enumerate(order):
        batches.insert(2 * number, span(file, start, start + 3))
    memory = place_of("memory://made/out", {})
    interrupted(memory, [batch(rows) for rows in batches[:stop]])
    with opened(memory) as place:
        for rows in batches:
            place.add(batch(rows, {"a": 30}))
        assert place.covered.complete("a", None)
        assert place.covered.complete("b", 30)
        place.finish()
        assert place.earlier.rows + place.counts.rows == 60
    assert found(memory.path, memory.files) == span("a", 0, 30) + span("b", 0, 30)
    memory.files.delete_dir(memory.path)


def test_an_interrupt_loses_nothing(out: Path) -> None:
    """What waits is written before the error goes on."""
    interrupted(out, [batch(span("a", 0, 3))])
    assert found(out) == span("a", 0, 3)


def test_a_part_ends_after_its_time(out: Path) -> None:
    """So that a kill loses no more than that."""
    with opened(out, rows_per_part=1000, seconds_per_part=0) as place:
        for start in range(3):
            place.add(batch(span("a", start, start + 1)))
        assert len([*out.glob("*.parquet")]) == 3


def test_a_second_run_does_nothing_twice(out: Path) -> None:
    """It knows what is there, and how it ended; the summary is the same."""
    fill(out)
    before = {name: (out / name).read_bytes() for name in names(out)}
    with opened(out) as place:
        assert place.covered.complete("a", None)
        assert place.covered.ranges("a") == ((0, 40),)
        assert (place.earlier.rows, place.earlier.failed.total()) == (40, 5)
        place.add(batch(span("a", 0, 40), {"a": 40}))
        assert place.counts.rows == 0
        place.finish()
    assert {name: (out / name).read_bytes() for name in names(out)} == before


def test_ends_alone_are_written_down(out: Path) -> None:
    """The run was interrupted just before them: a third run need not look for them again."""
    with opened(out) as place:
        place.add(batch(span("a", 0, 10)))
    with opened(out) as place:
        place.add(batch([], {"a": 10}))
    with opened(out) as place:
        assert place.covered.complete("a", None)
        place.add(batch(span("b", 0, 10)))
    assert found(out) == span("a", 0, 10) + span("b", 0, 10)


def test_a_summary_says_what_is_so(out: Path) -> None:
    """Where a later run adds rows and does not come to its end, there is none."""
    fill(out)
    with opened(out) as place:
        place.add(batch(span("b", 0, 1)))
    assert not (out / "_manifest/summary.json").exists()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"model": "1" * 64}, "with another model"),
        ({"length": 5}, "with length 6, not 5"),
        ({"pattern": "[0-9]"}, "with pattern None, not"),
    ],
)
def test_other_facts(out: Path, changed: dict[str, object], what: str) -> None:
    """Rows of two models or options in one place would be worth nothing."""
    fill(out)
    before = names(out)
    with (
        pytest.raises(UsageError, match=f"out: was begun {what}.*name a new place"),
        opened(out, facts=FACTS | changed),
    ):
        pass
    with pytest.raises(UsageError, match="with format parquet, not jsonl"), opened(out, "jsonl"):
        pass
    with pytest.raises(UsageError, match="with chars False, not True"), opened(out, chars=True):
        pass
    assert names(out) == before


def test_a_folder_of_somebody_else(out: Path) -> None:
    """It is left as it is, what looks like a part of ours included."""
    out.mkdir(parents=True)
    for name in ("part-00000.parquet", ".0123456789abcdef.part"):
        (out / name).touch()
    with pytest.raises(OutputError, match=r"has other things in it, such as part-0.*new folder"):
        fill(out)
    assert names(out) == [".0123456789abcdef.part", "part-00000.parquet"]


def test_the_root_is_a_folder_of_somebody_else() -> None:
    """It was taken for an empty one."""
    with (
        pytest.raises(OutputError, match="has other things in it"),
        open_destination(place_of("/", {}), "parquet", {}),
    ):
        pass


def test_a_file(tmp_path: Path) -> None:
    """Parts cannot be put into it."""
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="out: is a file"):
        fill(tmp_path / "out")


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be"):
        fill(tmp_path / "file" / "out")


def test_an_empty_folder_and_one_hardly_begun(out: Path) -> None:
    """A run may have been killed before it wrote what it was begun with."""
    (out / "_manifest").mkdir(parents=True)
    (out / "_manifest/lock").touch()
    (out / "_manifest/.0123456789abcdef.part").touch()
    fill(out, 10)
    assert found(out) == span("a", 0, 10)
    assert not (out / "_manifest/.0123456789abcdef.part").exists()


def test_two_runs_at_once(out: Path) -> None:
    """The second one is told; after the first it may go on."""
    with opened(out) as place:
        place.add(batch(span("a", 0, 3)))
        with pytest.raises(OutputError, match="out: another run is writing there"), opened(out):
            pass
    fill(out, 10)
    assert found(out) == span("a", 0, 10)


@pytest.mark.parametrize(
    ("source", "out", "within"),
    [
        ("shards", "shards", True),
        ("shards", "shards/out", True),
        ("shards", "out", False),
        ("shards", "shards-read", False),
        ("shards/../shards", "./shards/out", True),
        ("*.parquet", "out", False),
        ("*/*.parquet", "out", True),
        ("*/*.tar", "out", False),
        ("**/*.parquet", "some/out", True),
        ("shards", "memory://shards/out", False),
        ("memory://shards", "memory://shards/out", True),
    ],
)
def test_a_place_in_the_source(source: str, out: str, within: bool) -> None:
    """What is written would be read, this time or the next."""
    places = place_of(source, {}), place_of(out, {})
    if not within:
        require_apart(*places, "parquet")
        return
    with pytest.raises(UsageError, match="lies in the source"):
        require_apart(*places, "parquet")

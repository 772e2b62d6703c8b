"""Whatever form a data set goes through, its images keep their bytes and their labels."""

from __future__ import annotations

import platform
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.data.formats import FORMATS
from captchascope.data.labels import write_labels
from captchascope.records import Sample
from data.formats.made import converted

ANYTHING = platform.system() == "Linux"  # is a name there; others refuse, fold or normalise
PLAIN = "abc019 ,'-_.éß;&%#"
ODD = PLAIN + 'AB"\n\r\t\\:*?|<>\u2028' if ANYTHING else PLAIN
CHARACTERS = st.sampled_from(ODD) | (
    st.characters(codec="utf-8", exclude_characters="/\0") if ANYTHING else st.nothing()
)
PART = st.text(CHARACTERS, min_size=1, max_size=6).filter(
    lambda text: not text.startswith(".") and text.strip(" .") == text
)
FILE = st.tuples(st.lists(PART, max_size=2), PART, st.sampled_from([".png", ".JPG", ".jpeg"])).map(
    lambda parts: "/".join([*(f"{folder}-" for folder in parts[0]), parts[1] + parts[2]])
)
LABEL = st.sampled_from(
    ["a", "A", "aB", "Ab", "a_2", "a/b", "..", ".a", "con", "Nul.x", "U+0041", "é", "e\u0301", '"']
) | st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=8).filter(
    lambda text: " " not in text
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
COLUMNS = st.dictionaries(TEXT.filter(lambda name: name not in ("file", "label", "image")), TEXT)
ROWS = st.lists(
    st.tuples(FILE, LABEL, COLUMNS),
    min_size=1,
    max_size=6,
    unique_by=lambda row: unicodedata.normalize("NFC", row[0]).casefold(),
)

FEW = settings(max_examples=15)
"""Every example writes folders through to the disk."""


def made(folder: Path, rows: Sequence[tuple[str, str, Mapping[str, str]]]) -> Dataset:
    """Make a data set whose images hold their numbers."""
    samples = []
    for number, (file, label, columns) in enumerate(rows):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
        samples.append(Sample(file, label, path, columns=columns))
    write_labels(folder, samples)
    return read_dataset(folder, "csv")


def by_bytes(dataset: Dataset) -> dict[bytes, str]:
    """Return the label of each image by what it holds."""
    return {sample.path.read_bytes(): sample.label for sample in dataset.samples}


def told(dataset: Dataset) -> dict[str, tuple[str, dict[str, str]]]:
    """Return label and further columns by name; an empty field is as good as none."""
    return {
        sample.path.relative_to(dataset.folder).as_posix(): (
            sample.label,
            {name: value for name, value in sample.columns.items() if value},
        )
        for sample in dataset.samples
    }


@pytest.mark.parametrize("form", FORMATS)
@FEW
@given(ROWS)
def test_every_form_gives_back_what_it_was_given(
    form: str, rows: list[tuple[str, str, dict[str, str]]]
) -> None:
    """Names and further columns too, where it holds them; other folders hold files, not labels."""
    with tempfile.TemporaryDirectory() as place:
        source = made(Path(place, "source"), rows)
        folder, problems = converted(source, form, Path(place, "dest"))
        back = read_dataset(folder, form)
        assert (problems, back.problems) == ([], ())
        assert by_bytes(back) == by_bytes(source)
        if FORMATS[form].columns:
            assert told(back) == told(source)
            assert [sample.position for sample in back.samples] == [
                sample.position for sample in source.samples
            ]


@FEW
@given(ROWS, st.lists(st.sampled_from(list(FORMATS)), min_size=2, max_size=4))
def test_a_chain_of_forms_loses_no_label(
    rows: list[tuple[str, str, dict[str, str]]], chain: list[str]
) -> None:
    """Each is read from where the one before it was written."""
    with tempfile.TemporaryDirectory() as place:
        dataset = first = made(Path(place, "0"), rows)
        for number, (form, last) in enumerate(pairwise([*chain, "csv"]), 1):
            dest, problems = converted(dataset, form, Path(place, f"{number}"))
            dataset = read_dataset(dest, form)
            assert (problems, dataset.problems) == ([], ()), last
        assert by_bytes(dataset) == by_bytes(first)


@pytest.mark.parametrize("form", [name for name in FORMATS if FORMATS[name].files])
def test_what_was_written_is_found_without_asking(tmp_path: Path, form: str) -> None:
    """The label file has the name that is looked for; names of files are no label file."""
    source = made(tmp_path / "source", [("1.png", "007", {}), ("b/2.png", "x", {})])
    folder, _ = converted(source, form, tmp_path / "dest")
    assert by_bytes(read_dataset(folder)) == by_bytes(source)

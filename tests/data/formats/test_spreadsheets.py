"""What spreadsheets make of a table of labels."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from data.formats.made import folder_of, labels, whats

CODES = ["0115", "2449", "3909", "2668", "0878", "5120", "7301", "6654"]
FULL = ["7954", "2205", "8791", "5890", "6034", "1187", "3402", "9921"]


def table(place: Path, text: str, count: int = len(CODES)) -> Path:
    """Make images 1 to ``count``, and a table beside them."""
    folder_of(place, [f"{n}.png" for n in range(1, count + 1)])
    (place / "labels.csv").write_bytes(text.encode())
    return place


def rows(cells: list[str], separator: str = ",", before: str = "file,label\n") -> str:
    """Return a table of images from 1 and what is in their cells."""
    return before + "".join(f"{n}.png{separator}{c}\n" for n, c in enumerate(cells, 1))


def read(place: Path, text: str) -> list[str]:
    """Return the labels of a table beside its images, of which none may be missing."""
    dataset = read_dataset(table(place, text))
    assert (dataset.problems, dataset.origin.doubts) == ((), ())
    return [*labels(dataset).values()]


@pytest.mark.parametrize(
    "text",
    [
        rows([f'="{code}"' for code in CODES]),
        rows([f'"=""{code}"""' for code in CODES]),
        rows([f"'{code}" for code in CODES]),
        rows([f"'{code}'" for code in CODES]),
    ],
    ids=["formula", "formula in quotes", "apostrophe", "two apostrophes"],
)
def test_cells_that_are_marked_as_text(tmp_path: Path, text: str) -> None:
    """The mark is taken off, as somebody put it there to keep the zeros; and it is noted."""
    assert read(tmp_path, text) == CODES
    [note] = read_dataset(tmp_path).origin.notes
    assert note.startswith("8 labels are marked as text, so `")
    assert note.endswith("` is `0115`")


@pytest.mark.parametrize(
    "text",
    [
        rows(CODES, ";", "\ufeffsep=;\r\nfile;label\n"),
        rows(CODES, "\t", '"sep=\t"\nfile\tlabel\n'),
        rows([f" {code}" for code in CODES], before="\ufefffile, label\n"),
        rows([f'"{code} "' for code in CODES]),
        rows([f"{code},,," for code in CODES], before="file,label,,,\n"),
        rows([f"{code}\n,\n" for code in CODES], before=",\n\nfile,label\n"),
        "".join(f",{line}\n" for line in rows(CODES).splitlines()),
        rows([f"\u00a0{code}\u200b" for code in CODES]),
    ],
    ids=["sep", "sep tab", "blanks", "in quotes", "columns", "lines", "first column", "unseen"],
)
def test_what_is_around_cells(tmp_path: Path, text: str) -> None:
    """Neither blanks nor empty columns and lines are a part of a label; nobody need be told."""
    assert read(tmp_path, text) == CODES
    assert read_dataset(tmp_path).origin.notes == ()


def test_a_table_as_a_spreadsheet_calls_unicode(tmp_path: Path) -> None:
    """It is UTF-16 with tabs."""
    folder = table(tmp_path, "")
    data = codecs.BOM_UTF16_LE + rows(CODES, "\t", "file\tlabel\n").encode("utf-16-le")
    (folder / "labels.csv").write_bytes(data)
    assert [*labels(read_dataset(folder)).values()] == CODES


@pytest.mark.parametrize("lost", [["42"], ["42", "7", "115"], ["0"]])
def test_lost_zeros_are_an_error_with_the_remedy(tmp_path: Path, lost: list[str]) -> None:
    """Labels of three quarters have four digits, and none of them begins with 0."""
    folder = table(tmp_path, rows([*FULL, *FULL[::-1], *lost]), 16 + len(lost))
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder)
    assert caught.value.row == 18
    assert f"such as '{lost[0]}' of '17.png': zeros before them were lost" in caught.value.what
    assert "format the column as text and write the labels again" in caught.value.remedy
    assert "--as-written" in caught.value.remedy
    assert [*labels(read_dataset(folder, as_written=True)).values()][16:] == lost


@pytest.mark.parametrize(
    "labels_of",
    [
        [*FULL, "42", "0915"],
        [*FULL, "42", "ab12"],
        ["42", "7", "115", "2449", "39", "8", "1205", "66"],
        [label.replace("0", "1") for label in FULL] * 4 + ["42"],
    ],
    ids=["one has its zero", "letters", "of all lengths", "no zeros at all"],
)
def test_short_labels_that_lost_nothing(tmp_path: Path, labels_of: list[str]) -> None:
    """There is nothing that says so."""
    dataset = read_dataset(table(tmp_path, rows(labels_of), len(labels_of)))
    assert [*labels(dataset).values()] == labels_of
    assert dataset.origin.doubts == ()


@pytest.mark.parametrize(
    ("labels_of", "short"),
    [
        (["876", "255", "116", "72", "277"], "72"),
        ([*FULL, *FULL[:6], "42", "115", "7", "899", "63", "512"], "42"),
        ([*FULL[:5], "115", "899", "512", "630", "774"], "115"),
    ],
    ids=["few", "many are short", "half are shorter by one"],
)
def test_zeros_that_may_be_lost_are_a_doubt(
    tmp_path: Path, labels_of: list[str], short: str
) -> None:
    """Where too little shows it for an error; it is silent where all is said to be right."""
    folder = table(tmp_path, rows(labels_of), len(labels_of))
    dataset = read_dataset(folder)
    assert [*labels(dataset).values()] == labels_of
    [doubt] = dataset.origin.doubts
    assert f"labels may be lost, such as '{short}'" in doubt
    assert read_dataset(folder, as_written=True).origin.doubts == ()


def test_numbers_of_all_lengths_have_lost_nothing(tmp_path: Path) -> None:
    """Of random digits nine in ten would be of the full length, and these are half."""
    labels_of = [str(n) for n in range(50, 150)]
    dataset = read_dataset(table(tmp_path, rows(labels_of), 100))
    assert dataset.origin.doubts == ()


CHANGED = {
    "4711.0": "a number",
    "4711,00": "a number",
    "6,694": "a number",
    "1.2E+05": "a number",
    "1-Feb": "a date",
    "01. Mrz": "a date",
    "3.05.2024": "a date",
    "03/05/2024": "a date",
    "2024-01-02 00:00:00": "a date",
    "#NAME?": "what it took for a formula",
    "####": "what it took for a formula",
}


@pytest.mark.parametrize("cell", CHANGED)
def test_one_cell_that_was_changed(tmp_path: Path, cell: str) -> None:
    """It is a problem with its row, and spares the others; marked as text it is a label."""
    codes = ["MAR1", "X4K2", "0E12", "AB12"]
    quoted = f'"{cell}"'
    folder = table(tmp_path, rows([*codes, quoted]), 5)
    dataset = read_dataset(folder)
    assert [*labels(dataset).values()] == codes
    what = f"gives '5.png' the label '{cell}': a spreadsheet has changed {CHANGED[cell]}"
    assert whats(dataset) == [(6, what)]
    kept = cell.replace(" ", "-")
    (folder / "labels.csv").write_text(rows([*codes, f'"=""{kept}"""']), encoding="utf-8")
    assert labels(read_dataset(folder))["5.png"] == kept


@pytest.mark.parametrize("form", ["{}.0", "{}.00", '"{},0"', "{}E+05"])
def test_a_column_that_was_changed(tmp_path: Path, form: str) -> None:
    """It is one error for all, with the first as an example."""
    cells = [form.format(code[0] if "E" in form else code) for code in CODES]
    with pytest.raises(DatasetError) as caught:
        read_dataset(table(tmp_path, rows(cells)))
    assert caught.value.what.startswith("has 8 labels of 8 that a spreadsheet has changed")
    assert "--as-written" in caught.value.remedy


@pytest.mark.parametrize(
    "label", ["1e05", "3.14", "12-31", "1/2", "FEB", "Feb", "A1.0", "#12", "1:30", "2024"]
)
def test_labels_that_only_look_so(tmp_path: Path, label: str) -> None:
    """No spreadsheet leaves these of another text."""
    folder = table(tmp_path, rows(["X4K2", label]), 2)
    assert labels(read_dataset(folder)) == {"1.png": "X4K2", "2.png": label}

"""Label files with mistakes in them: one line each, and the other rows are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.commands import Cli, Done, one_line, shaped, text

CSV = Path("captchas/labels.csv")


def rows_where(change: Callable[[list[str]], None]) -> None:
    """Change the rows of ``labels.csv``, of which the first is the header.

    There is no ``labels.txt`` then, which would say otherwise.
    """
    Path("captchas/labels.txt").unlink(missing_ok=True)
    rows = CSV.read_text().splitlines()
    change(rows)
    CSV.write_text("\n".join(rows) + "\n")


def relabel(number: int, label: str) -> Callable[[list[str]], None]:
    """Return a change of one image's label."""

    def change(rows: list[str]) -> None:
        rows[number] = f"{number}.jpeg,{label},1"

    return change


def repeat(rows: list[str]) -> None:
    """Label the third image a second time, at the end."""
    rows.append("3.jpeg,408174,1")


def drop(rows: list[str]) -> None:
    """Leave the third image without a row."""
    del rows[3]


def lose(rows: list[str]) -> None:
    """Name an image that is not there."""
    rows.append("13.jpeg,123456,1")


def escape(rows: list[str]) -> None:
    """Name a file outside the folder."""
    rows.append("../secret.jpeg,123456,1")


ANYWHERE = {
    "a missing row": (drop, "captchas/labels.csv: has no row for '3.jpeg' (", 11),
    "a duplicate": (repeat, "captchas/labels.csv:14: labels '3.jpeg' again, after line 4 (", 12),
    "no image": (lose, "captchas/labels.csv:14: names '13.jpeg', which is not there (", 12),
    "outside": (escape, "captchas/labels.csv:14: names '../secret.jpeg', which is not a path", 12),
    "no label": (relabel(3, ""), "captchas/labels.csv:4: gives '3.jpeg' an empty label (", 11),
}
"""What is wrong, how the line begins, and how many of the twelve are left."""

OF_THE_SCHEME = {
    "a letter": (
        relabel(3, "40817a"),
        "captchas/labels.csv:4: gives '3.jpeg' a label with 'a', not in '0123456789' (",
        11,
    ),
    "a wrong length": (
        relabel(3, "40817"),
        "captchas/labels.csv:4: gives '3.jpeg' a label of 5 characters, not 6 (",
        11,
    ),
}
"""The same, for commands that need a scheme's labels."""


def used(done: Done, begins: str) -> list[str]:
    """Return the rows of a command that met one problem and went on."""
    assert (done.status, len(done.errors)) == (1, 1), done
    assert shaped(done.errors[0]).startswith(begins)
    return done.rows


@pytest.mark.parametrize("fault", [*ANYWHERE, *OF_THE_SCHEME])
def test_segment_cuts_the_rest(cli: Cli, fault: str) -> None:
    """Six glyphs for every row that is left."""
    change, begins, left = (ANYWHERE | OF_THE_SCHEME)[fault]
    rows_where(change)
    counts = used(cli("segment", "captchas", "glyphs"), begins)
    assert sum(int(row.split("\t")[1]) for row in counts) == 6 * left
    assert len(list(Path("glyphs").rglob("*.png"))) == 6 * left


@pytest.mark.parametrize("fault", ANYWHERE)
def test_test_measures_the_rest(cli: Cli, fault: str) -> None:
    """Every row that is left is measured."""
    change, begins, left = ANYWHERE[fault]
    rows_where(change)
    report = used(cli("test", "captchas"), begins)
    assert report[1].startswith("captchas (exact match)")
    assert report[1].endswith(f" of {left}")


@pytest.mark.parametrize("label", ["40817a", "40817"])
def test_test_measures_labels_that_the_model_cannot_give(cli: Cli, label: str) -> None:
    """A wrong reading, and perhaps a slip of the label's: it is measured, and said."""
    rows_where(relabel(3, label))
    done = cli("test", "captchas", "--model", "metu")
    assert (done.status, len(done.errors)) == (1, 1)
    assert shaped(done.errors[0]).startswith("captchas/labels.csv:4: ")
    assert done.rows[1].endswith(" of 12")
    assert f"  3.jpeg  label {label}  read {text(3, 'metu')}" in done.out


def test_every_problem_has_its_own_line(cli: Cli) -> None:
    """Several at once, and the labels of the problems are in none of them."""
    for change in (relabel(1, "12345a"), relabel(2, "98765"), lose, drop):
        rows_where(change)
    done = cli("segment", "captchas", "glyphs")
    assert (done.status, len(done.errors)) == (1, 4)
    for line in done.errors:
        assert shaped(line).startswith("captchas/labels.csv")
        assert "98765" not in line
        assert "12345a" not in line


def test_problems_outside_the_range_are_silent(cli: Cli) -> None:
    """With images 4 to 12 asked for, nothing is said of image 3."""
    rows_where(relabel(3, "40817"))
    done = cli("segment", "captchas", "glyphs", "--first", "4")
    assert (done.status, done.errors) == (0, [])
    assert one_line(cli("segment", "captchas", "g", "--first", "13"), 2).startswith("captchas: ")


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("", "captchas/labels.csv: holds nothing"),
        ("file;label;label\n", "captchas/labels.csv:1: has two columns called 'label' ("),
        ("file,label\n1.jpeg,caf\xe9\n", "captchas/labels.csv:2: is not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", [["segment", "captchas", "glyphs"], ["test", "captchas"]])
def test_a_label_file_that_is_none(cli: Cli, command: list[str], text: str, begins: str) -> None:
    """One line that names the file, and nothing is written."""
    CSV.write_bytes(text.encode("latin-1"))
    assert one_line(cli(*command), 1).startswith(begins)
    assert not Path("glyphs").exists()


@pytest.mark.parametrize("command", [["segment", "{}", "glyphs"], ["test", "{}"]])
def test_a_folder_that_is_no_data_set(cli: Cli, command: list[str]) -> None:
    """It is missing, empty, without labels, or a file: one line, and nothing is written."""
    for name in ("labels.csv", "labels.txt"):
        Path("captchas", name).unlink()
    Path("empty").mkdir()
    for folder, begins in {
        "none": "none: cannot be read: No such file or directory (",
        "empty": "empty: holds no images (",
        "captchas": "captchas: has no label file that is known, and file names that are no ",
        "captchas/1.jpeg": "captchas/1.jpeg: cannot be read: Not a directory (",
    }.items():
        done = cli(*(part.format(folder) for part in command))
        assert one_line(done, 1).startswith(begins)
    assert not Path("glyphs").exists()


def test_no_label_is_usable(cli: Cli) -> None:
    """Problems of one kind have a few lines and a count; the last says that nothing was left."""
    CSV.write_text("file,label\n" + "".join(f"{n}.jpeg,\n" for n in range(1, 13)))
    done = cli("test", "captchas")
    assert (done.status, len(done.errors), done.out) == (1, 7, "")
    assert shaped(done.errors[-1]).startswith("captchas: has no usable sample (")


def test_labels_from_names(cli: Cli) -> None:
    """A wrong choice is wrong usage; the right one reads labels that the other sources lack."""
    Path("captchas/1.jpeg").rename("captchas/533665.jpeg")
    done = cli("segment", "captchas", "glyphs", "--labels-from", "names", "--first", "12")
    assert (done.status, done.errors) == (0, [])
    line = one_line(cli("segment", "captchas", "more", "--labels-from", "xml"), 2)
    assert "'xml' is not one of" in line

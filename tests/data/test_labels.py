"""The three sources sought first: what each line means, and what is wrong with a bad one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.data.labels import write_labels, write_labels_txt
from captchascope.data.spelling import plain_spelling
from captchascope.errors import DatasetError, OutputError
from captchascope.records import Sample


def folder_of(path: Path, names: list[str], **files: bytes) -> Path:
    """Make empty images, and ``csv=`` or ``txt=`` label files."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    for suffix, data in files.items():
        (path / f"labels.{suffix}").write_bytes(data)
    return path


def labels(dataset: Dataset) -> dict[str, str]:
    """Return the label of each file."""
    return {sample.file: sample.label for sample in dataset.samples}


def whats(dataset: Dataset) -> list[tuple[int | None, str]]:
    """Return the row and text of each problem."""
    return [(problem.row, problem.what) for problem in dataset.problems]


def test_precedence(tmp_path: Path) -> None:
    """labels.csv before labels.txt before the names, unless one of them is asked for."""
    folder_of(tmp_path, ["1.png"], csv=b"file,label\n1.png,csv\n", txt=b"txt\n")
    found = [labels(read_dataset(tmp_path, s))["1.png"] for s in ("auto", "csv", "txt", "names")]
    assert found == ["csv", "csv", "txt", "1"]
    (tmp_path / "labels.csv").unlink()
    assert labels(read_dataset(tmp_path)) == {"1.png": "txt"}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_csv_as_editors_save_it(tmp_path: Path, end: bytes) -> None:
    """A BOM, any line end, quotes, blank lines and further columns are fine."""
    lines = ["\ufefffile,label,kind", '"a,1.png",0042,"x ""y"""', "", "b\\2.png,é,"]
    csv = end.join(line.encode() for line in lines)
    folder_of(tmp_path, ["a,1.png", "b/2.png"], csv=csv)
    dataset = read_dataset(tmp_path)
    assert [(s.label, s.row, s.columns) for s in dataset.samples] == [
        ("0042", 2, {"kind": 'x "y"'}),
        ("é", 4, {"kind": ""}),
    ]
    assert dataset.problems == ()


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (b"gone.png,1", "names 'gone.png', which is not there"),
        (b",1", "names '', which is not there"),
        (b"1.png,12", "labels '1.png' again, after line 2"),
        (b"./1.png,12", "labels './1.png' again, after line 2"),
        (b"2.png,", "gives '2.png' an empty label"),
        (b"2.png,1 2", "gives '2.png' a label with white space ("),
        (b"2.png,a\0b", "gives '2.png' a label with white space or a control character"),
        (b"/etc/1.png,1", "names '/etc/1.png', which is not a path inside the folder"),
        (b"C:\\1.png,1", "names 'C:\\1.png', which is not a path inside the folder"),
        (b"../1.png,1", "names '../1.png', which is not a path inside the folder"),
        (b"a\\..\\1.png,1", "names 'a\\..\\1.png', which is not a path inside the folder"),
        (b".3.png,1", "names '.3.png', which is hidden, behind a link, or not an image"),
        (b"2.png", "has 1 field where the header has 2"),
        (b"2.png,1,2", "has 3 fields where the header has 2"),
        (b'2.png,"a"b', "cannot be read as CSV: ',' expected after '\"'"),
        (b"2.png," + b"x" * 200_000, "cannot be read as CSV: field larger than field limit"),
        (b"a\0b.png,1", "names 'a\\x00b.png', which is not there"),
        (b"x" * 100_000 + b",1", f"names '{'x' * 80}…', which is not there"),
        (b'"a\nb.png",1', "names 'a\\nb.png', which is not there"),
    ],
)
def test_a_bad_row_spares_the_others(tmp_path: Path, row: bytes, what: str) -> None:
    """Each fault is one problem with file and line, and the rows around it are used."""
    names = ["1.png", "2.png", "3.png", ".3.png"]
    folder_of(tmp_path, names, csv=b"file,label\n1.png,12\n" + row + b"\n3.png,34\n")
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"1.png": "12", "3.png": "34"}
    assert str(dataset.problems[0]).startswith(f"{tmp_path / 'labels.csv'}:3: {what}")
    assert dataset.problems[0].remedy
    assert str(dataset.problems[0]).isprintable()
    assert [p.what for p in dataset.problems[1:]] in ([], ["has no row for '2.png'"])


def test_an_image_without_a_row_is_a_problem(tmp_path: Path) -> None:
    """It has a position but no line."""
    folder_of(tmp_path, ["1.png", "2.png"], csv=b"file,label\n1.png,12\n")
    dataset = read_dataset(tmp_path)
    assert whats(dataset) == [(None, "has no row for '2.png'")]
    assert (len(dataset.select(2).problems), len(dataset.select(1, 1).problems)) == (1, 0)


def test_an_unclosed_quote_swallows_no_traceback(tmp_path: Path) -> None:
    """The rows before it are used, those after it are reported."""
    csv = b'file,label\n1.png,1\n"2.png,2\n3.png,3\n'
    dataset = read_dataset(folder_of(tmp_path, ["1.png", "2.png", "3.png"], csv=csv))
    assert labels(dataset) == {"1.png": "1"}
    assert [row for row, _ in whats(dataset)] == [3, None, None]


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_links_that_lead_outside_are_refused(tmp_path: Path) -> None:
    """A linked image or folder outside is a problem, a link inside the folder is not."""
    root = folder_of(tmp_path / "set", ["1.png"])
    folder_of(tmp_path, ["secret.png"])
    (root / "2.png").symlink_to(root / "1.png")
    (root / "3.png").symlink_to(tmp_path / "secret.png")
    (root / "up").symlink_to(tmp_path)
    rows = b"1.png,1\n2.png,2\n3.png,3\nup/secret.png,4\n"
    dataset = read_dataset(folder_of(root, [], csv=b"file,label\n" + rows))
    assert labels(dataset) == {"1.png": "1", "2.png": "2"}
    assert whats(dataset) == [
        (4, "names '3.png', a link that leads outside the folder"),
        (5, "names 'up/secret.png', which is not a path inside the folder"),
    ]


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        (b"", r"csv: holds nothing \(the first line must be 'file,label'"),
        (b"1.png\n", r"csv: has no column that could be the label; it has '1' \('1.png', ...\)"),
        (b"file,text,answer\n", "csv:1: has 2 columns that could be the label: 'text' and 'ans"),
        (
            b"path,image,label\n",
            "csv:1: has no column that names images of the folder; it has path,",
        ),
        (b"file,label,a,a\n", "csv:1: has two columns called 'a'"),
        (b'file,"label\n', "csv:1: has no readable header"),
        (b"file,label\n1.png,\xe9\n", r"csv:2: is not UTF-8 \(byte 0xe9\) \(save it as UTF-8"),
        ("file,label\n1.png,12\n2.png,34".encode("utf-16-le"), "csv:1: is not UTF-8, but has wide"),
        ("file,label\n".encode("utf-16") + b"1", r"csv:2: is not UTF-16 \(byte 0x31\)"),
    ],
)
def test_a_broken_label_file_is_an_error(tmp_path: Path, csv: bytes, message: str) -> None:
    """What leaves no row usable is raised, with its line and the remedy."""
    with pytest.raises(DatasetError, match=message) as caught:
        read_dataset(folder_of(tmp_path, ["1.png"], csv=csv))
    assert caught.value.remedy


def test_a_label_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    """A folder of that name, or nothing where it was asked for."""
    folder_of(tmp_path, ["1.png"])
    with pytest.raises(DatasetError, match=r"has no labels\.txt"):
        read_dataset(tmp_path, "txt")
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path)


def test_txt_lines_label_the_images_of_their_number(tmp_path: Path) -> None:
    """Line n labels n.* of the folder itself; blank lines without an image mean nothing."""
    names = ["1.jpeg", "2.jpeg", "4.jpeg", "5.png", "5.jpeg", "01.png", "a/3.png"]
    dataset = read_dataset(
        folder_of(tmp_path, names, txt=b"\xef\xbb\xbf001\r\n\r\n\r\n44\n5\n6\n\n")
    )
    assert labels(dataset) == {"1.jpeg": "001", "4.jpeg": "44"}
    assert whats(dataset) == [
        (2, "gives '2.jpeg' an empty label"),
        (5, "labels '5.jpeg' and another image of that number"),
        (5, "labels '5.png' and another image of that number"),
        (6, "has a label, but there is no image 6.*"),
        (None, "has no row for '01.png'"),
        (None, "has no row for 'a/3.png'"),
    ]


def test_names_begin_with_the_label(tmp_path: Path) -> None:
    """Up to the underscore or the suffix; what begins with neither is a problem."""
    dataset = read_dataset(folder_of(tmp_path, ["226md.png", "226md_2.png", "a.b.png", "_.png"]))
    assert labels(dataset) == {"226md.png": "226md", "226md_2.png": "226md", "a.b.png": "a.b"}
    assert [problem.where for problem in dataset.problems] == [str(tmp_path / "_.png")]


LABEL = st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1).filter(
    lambda text: " " not in text
)
COLUMN = st.text(st.characters(codec="utf-8"), max_size=9)


@settings(max_examples=30)
@given(st.lists(st.tuples(LABEL, COLUMN, COLUMN), min_size=1, max_size=5), COLUMN.filter(str.strip))
def test_labels_survive_writing_and_reading(rows: list[tuple[str, str, str]], name: str) -> None:
    """Labels and further columns come back as they were, whatever is in them."""
    columns = dict.fromkeys(["kind", name if name not in ("file", "label") else "other"], "")
    with tempfile.TemporaryDirectory() as place:
        folder = folder_of(Path(place), [f"{n},.png" for n in range(1, len(rows) + 1)])
        samples = [
            Sample(
                f"{n},.png",
                label,
                folder / f"{n},.png",
                columns=dict(zip(columns, further, strict=False)),
            )
            for n, (label, *further) in enumerate(rows, 1)
        ]
        write_labels(folder, samples)
        dataset = read_dataset(folder)
    assert [(s.file, s.label, s.columns) for s in dataset.samples] == [
        (s.file, plain_spelling(s.label), s.columns) for s in samples
    ]
    assert dataset.problems == ()


def test_csv_has_the_union_of_the_further_columns(tmp_path: Path) -> None:
    """In the order in which they first appear, empty where a sample has none."""
    write_labels(
        tmp_path,
        [
            Sample("1.png", "01", Path("1.png"), columns={"kind": "a"}),
            Sample("2.png", "02", Path("2.png"), columns={"seed": "7"}),
        ],
    )
    expected = b"file,label,kind,seed\n1.png,01,a,\n2.png,02,,7\n"
    assert (tmp_path / "labels.csv").read_bytes() == expected


def test_txt_survives_writing_and_reading(tmp_path: Path) -> None:
    """One line per label."""
    folder_of(tmp_path, ["1.jpeg", "2.jpeg"])
    write_labels_txt(tmp_path, ["007", "é"])
    assert (tmp_path / "labels.txt").read_bytes() == "007\né\n".encode()
    assert labels(read_dataset(tmp_path)) == {"1.jpeg": "007", "2.jpeg": "é"}


def test_labels_that_cannot_be_written(tmp_path: Path) -> None:
    """A column that would hide another, a label that would break its line: nothing is written."""
    with pytest.raises(OutputError, match="column called 'file'"):
        write_labels(tmp_path, [Sample("1.png", "1", Path("1.png"), columns={"file": "x"})])
    with pytest.raises(OutputError, match=r"labels\.txt:2: .*line break"):
        write_labels_txt(tmp_path, ["1", "2\n3"])
    assert list(tmp_path.iterdir()) == []

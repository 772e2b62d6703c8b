"""Tables as spreadsheets and other tools save them, JSON Lines, and a site's own answers."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import DatasetError, OutputError, UsageError
from captchascope.records import Sample
from data.formats.made import converted, folder_of, labels, whats


@pytest.mark.parametrize(
    "header",
    [
        "file,label,note",
        "file;label;note",
        "File\tLabel\tnote",
        "filename|text|note",
        "File Name,Solution,note",
        '"image-path","answer","note"',
        "path,transcription,note",
        "file,label,text",
        "file,label,image",
    ],
)
def test_the_usual_names_and_separators(tmp_path: Path, header: str) -> None:
    """Whatever can only be meant in one way is taken so; our own names go before others."""
    separator = next(char for char in ",;\t|" if char in header)
    rows = [header, separator.join(["1.png", "007", "x"])]
    folder_of(tmp_path, ["1.png"])
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    (sample,) = read_dataset(tmp_path).samples
    name = header.replace('"', "").split(separator)[2]
    assert (sample.label, sample.row, sample.columns) == ("007", 2, {name: "x"})


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("file,text,answer", "has 2 columns that could be the label: 'text' and 'answer'"),
        (
            "file,width,height",
            "has no column that could be the label; it has 'file' ('1.png', ...),",
        ),
        ("file,one,other", "has several columns that could be the label; it has 'file' ('1.p"),
    ],
)
def test_what_could_mean_two_things_is_refused(tmp_path: Path, header: str, what: str) -> None:
    """A wrong guess would be a data set of wrong labels."""
    folder_of(tmp_path, ["1.png"])
    (tmp_path / "labels.csv").write_text(f"{header}\n1.png,2,3\n", encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        read_dataset(tmp_path)
    assert caught.value.what.startswith(what)
    assert caught.value.row == 1
    assert "--label-column" in caught.value.remedy


def test_a_table_of_any_name_and_place(tmp_path: Path) -> None:
    """It may lie outside the folder, whose images it names; the problems point into it."""
    folder = folder_of(tmp_path / "images", ["1.png", "b/2.png"])
    table = tmp_path / "people.tsv"
    table.write_text("image\ttext\n1.png\tab\nb\\2.png\tcd\n3.png\tef\n", encoding="utf-8")
    dataset = read_dataset(folder, str(table))
    assert list(labels(dataset).values()) == ["ab", "cd"]
    assert (dataset.source, whats(dataset)) == (table, [(4, "names '3.png', which is not there")])


def test_the_table_of_hugging_face(tmp_path: Path) -> None:
    """It is called metadata.csv, and is found as any table is that names the images."""
    folder_of(tmp_path, ["0001.png"])
    (tmp_path / "metadata.csv").write_text("file_name,text\n0001.png,ab\n", encoding="utf-8")
    for source in ("csv", "auto"):
        assert labels(read_dataset(tmp_path, source)) == {"0001.png": "ab"}


def digest(name: str) -> str:
    """Return the SHA-256 of what ``folder_of`` puts into a file."""
    return hashlib.sha256(name.encode()).hexdigest()


def answers(place: Path, *rows: tuple[str, str]) -> Path:
    """Write a table of answers."""
    path = place / "answers.csv"
    text = "".join(f"{sha256},{label}\n" for sha256, label in rows)
    path.write_text(f"sha256,label\n{text}", encoding="utf-8")
    return path


def test_images_are_labelled_by_their_bytes(tmp_path: Path) -> None:
    """Whatever they are called, in capitals or not; what was served and not collected is fine."""
    folder = folder_of(tmp_path / "images", ["1.png", "b/2.png", "3.png"])
    table = answers(
        tmp_path,
        (digest("b/2.png"), "007"),
        (digest("uncollected"), "x"),
        (digest("1.png").upper(), "ab"),
        (digest("1.png"), "ab"),
    )
    dataset = read_dataset(folder, answers=table)
    assert labels(dataset) == {"1.png": "ab", "b/2.png": "007"}
    assert [sample.row for sample in dataset.samples] == [4, 2]
    assert whats(dataset) == [(None, "has no row for '3.png'")]
    assert dataset.problems[0].where == str(table)
    assert labels(read_dataset(folder, str(table))) == labels(dataset)


def test_two_images_of_the_same_bytes(tmp_path: Path) -> None:
    """Both have the label."""
    folder = folder_of(tmp_path / "images", ["1.png", "2.png"])
    (folder / "2.png").write_bytes(b"1.png")
    dataset = read_dataset(folder, answers=answers(tmp_path, (digest("1.png"), "x")))
    assert labels(dataset) == {"1.png": "x", "2.png": "x"}


def test_answers_have_no_columns_to_choose(tmp_path: Path) -> None:
    """What has no effect is refused."""
    folder = folder_of(tmp_path / "in", ["1.png"])
    table = answers(tmp_path, (digest("1.png"), "x"))
    with pytest.raises(UsageError, match="label_column: has no meaning for answers"):
        read_dataset(folder, answers=table, label_column="label")


def test_answers_that_differ_or_are_none(tmp_path: Path) -> None:
    """Each is a problem at its line, and spares the others."""
    folder = folder_of(tmp_path / "images", ["1.png", "2.png", "3.png"])
    rows = [(digest("1.png"), "a"), (digest("1.png"), "b"), ("12", "c"), (digest("2.png"), "")]
    table = answers(tmp_path, *rows, (digest("3.png"), "d,e"), (digest("3.png"), "f"))
    dataset = read_dataset(folder, answers=table)
    assert labels(dataset) == {"3.png": "f"}
    assert whats(dataset) == [
        (4, "has '12' for a SHA-256"),
        (6, "has 3 fields where the header has 2"),
        (2, "has 2 different answers to '1.png'"),
        (5, "gives '2.png' an empty label"),
    ]


def test_a_table_of_something_else(tmp_path: Path) -> None:
    """It has no answers, and says so."""
    folder = folder_of(tmp_path, ["1.png"])
    (tmp_path / "other.csv").write_text("file,label\n1.png,1\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="has no header with the columns 'sha256' and 'label'"):
        read_dataset(folder, answers=tmp_path / "other.csv")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(folder, answers=tmp_path / "none.csv")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions")
def test_an_image_that_cannot_be_read(tmp_path: Path) -> None:
    """It is reported once, as that."""
    folder = folder_of(tmp_path / "images", ["1.png"])
    (folder / "1.png").chmod(0)
    dataset = read_dataset(folder, answers=answers(tmp_path, (digest("1.png"), "x")))
    what = "has no answer to '1.png', which cannot be read: Permission denied"
    assert whats(dataset) == [(None, what)]


def test_our_own_and_those_of_hugging_face(tmp_path: Path) -> None:
    """Further keys are columns: texts as they are, the rest as JSON; blank lines are none."""
    folder_of(tmp_path, ["1.png", "b/2.png"])
    lines = [
        {"file": "1.png", "label": "007", "kind": "ü", "box": [1, 2], "n": 3, "none": None},
        {"file_name": "b/2.png", "text": "é"},
    ]
    text = "\n\r\n".join(json.dumps(line) for line in lines)
    (tmp_path / "metadata.jsonl").write_text(f"\ufeff{text}\n", encoding="utf-8")
    dataset = read_dataset(tmp_path, "jsonl")
    assert labels(dataset) == {"1.png": "007", "b/2.png": "é"}
    assert [sample.row for sample in dataset.samples] == [1, 3]
    columns = {"kind": "ü", "box": "[1, 2]", "n": "3", "none": ""}
    assert dataset.samples[0].columns == columns


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"file": "2.png", "label": 42}', "gives '2.png' a label that is no text"),
        ('{"file": "2.png", "label": null}', "gives '2.png' an empty label"),
        ('{"file": "2.png", "label": ""}', "gives '2.png' an empty label"),
        ('{"file": "2.png"}', "has no key 'label'"),
        ('{"label": "2"}', "has no key 'file'"),
        ('{"file": 2, "label": "2"}', "has a 'file' that is no text"),
        ('{"file": "2.png", "text": "2", "answer": "3"}', "has 2 columns that could be the label"),
        ('{"file": "2.png", "label": "2", "label": "3"}', "has the key 'label' twice"),
        ('{"file": "2.png", "label": "\\ud800"}', "gives '2.png' a label with white space or a"),
        ('{"file": "\\ud800.png", "label": "2"}', "names '\\ud800.png', which is not there"),
        ('{"file": "../2.png", "label": "2"}', "names '../2.png', which is not a path inside"),
        ('["2.png", "2"]', "is not a JSON object"),
        ('{"file": "2.png"', "is not JSON: Expecting ',' delimiter"),
        ("[" * 100_000, "is not JSON: it is nested too deeply"),
        ('{"file": "2.png", "label": ' + "1" * 5000 + "}", "is not JSON: "),
    ],
)
def test_a_bad_line_spares_the_others(tmp_path: Path, line: str, what: str) -> None:
    """Each fault is one problem with file and line."""
    good = '{"file": "1.png", "label": "1"}'
    folder_of(tmp_path, ["1.png", "2.png"])
    (tmp_path / "labels.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"1.png": "1"}
    assert str(dataset.problems[0]).startswith(f"{tmp_path / 'labels.jsonl'}:2: {what}")
    assert dataset.problems[0].remedy


def test_what_is_written_is_one_object_a_line(tmp_path: Path) -> None:
    """File and label come first, and nothing that can be read is escaped."""
    folder_of(tmp_path / "in", ["é.png"])
    (tmp_path / "in" / "labels.csv").write_text("file,label,kind\né.png,ß,1\n", encoding="utf-8")
    dest, _ = converted(tmp_path / "in", "jsonl", tmp_path / "out")
    written = (dest / "labels.jsonl").read_bytes().decode()
    assert written == '{"file": "é.png", "label": "ß", "kind": "1"}\n'


def test_a_column_that_would_hide_another(tmp_path: Path) -> None:
    """It is refused, and nothing is written."""
    folder = folder_of(tmp_path / "in", ["1.png"])
    sample = Sample("1.png", "1", folder / "1.png", columns={"label": "x"})
    with pytest.raises(OutputError, match="further column called 'label'"):
        converted(Dataset(folder, (sample,)), "jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


CODES = ["0115", "2449", "3909", "2668", "5878", "0034"]


def beside(place: Path, header: str, form: str, first: str = "") -> Dataset:
    """Read a table beside images 1 to 6, with a row for each in ``form``."""
    folder_of(place, [f"{n}.png" for n in range(1, len(CODES) + 1)])
    rows = [form.format(n=n, label=label) for n, label in enumerate(CODES, 1)]
    text = "\n".join([*([header] if header else []), *([first] if first else []), *rows])
    (place / "labels.csv").write_text(f"{text}\n", encoding="utf-8")
    return read_dataset(place)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("filename,words", "{n}.png,{label}"),
        ("image_path,plate_text", "{n}.png,{label}"),
        ("image_path,plate_text", "set/images/{n}.png,{label}"),
        ("", "{n}.png,{label}"),
        ("", "{label};{n}.png"),
        ("", "{n},{label}"),
        ("file,label", "{n},{label}"),
        ("file,label", "{n}.PNG,{label}"),
        ("file,label", "{n}.jpg,{label}"),
        ("file,label", "C:\\captchas\\{n}.png,{label}"),
        ("file,label", "/home/anna/captchas/{n}.png,{label}"),
        ("file,label", "https://example.org/captchas/{n}.png,{label}"),
        ("Bild;Lösung", "{n}.png;{label}"),
        ("id,img,width,answer,split", "{n},{n}.png,150,{label},train"),
        ("width|solution|file", "150|{label}|{n}.png"),
        ("Bild,Breite,date,Lösung", "{n}.png,150,2026-01-0{n},{label}"),
    ],
)
def test_tables_of_others(tmp_path: Path, header: str, form: str) -> None:
    """One column names images of the folder, another holds texts: both are found."""
    dataset = beside(tmp_path, header, form)
    assert [*labels(dataset).values()] == CODES
    assert dataset.problems == ()
    where = f"{tmp_path / 'labels.csv'}"
    assert dataset.origin_line.startswith(f"labels: from {where}")


def test_names_that_are_found_in_another_way_are_noted(tmp_path: Path) -> None:
    """By their ends, without a suffix, in capitals: once for all."""
    [note] = beside(tmp_path, "file,label", "C:\\captchas\\{n}.PNG,{label}").origin.notes
    assert note == "6 images are named in another way, such as `1.png` by `C:\\captchas\\1.PNG`"
    (tmp_path / "labels.csv").write_text("file,label\n1,abcd\n2.png,efgh\n")
    [note] = read_dataset(tmp_path).origin.notes
    assert note == "1 image is named in another way, such as `1.png` by `1`"


def test_one_field_is_told_as_one(tmp_path: Path) -> None:
    """Where a row has too few."""
    folder_of(tmp_path, ["1.png", "2.png"])
    (tmp_path / "labels.csv").write_text("file,label\n1.png,abcd\n2.png\n")
    [problem] = read_dataset(tmp_path).problems
    assert "has 1 field where the header has 2" in str(problem)


def test_a_path_that_ends_as_two_images_do(tmp_path: Path) -> None:
    """It is neither of them; what tells them apart is enough."""
    folder_of(tmp_path, ["train/1.png", "val/1.png", "val/2.png"])
    for path, expected in (("C:\\x\\", {"val/2.png": "b"}), ("C:\\x\\val\\", None)):
        (tmp_path / "labels.csv").write_text(f"file,label\n{path}1.png,a\n{path}2.png,b\n")
        found = labels(read_dataset(tmp_path))
        assert found == (expected or {"val/1.png": "a", "val/2.png": "b"})


@pytest.mark.parametrize(
    ("header", "named"), [("image,ocr,checked", ["ocr", "OCR", "2"]), ("", ["2"])]
)
def test_columns_are_named_where_two_could_be(
    tmp_path: Path, header: str, named: list[str]
) -> None:
    """The error shows them, and either name or number tells."""
    with pytest.raises(DatasetError) as caught:
        beside(tmp_path, header, "{n}.png,{label},9{n}x{n}")
    assert "has several columns that could be the label; it has" in caught.value.what
    assert "'1.png', '2.png', ..." in caught.value.what
    assert "'0115', '2449', ..." in caught.value.what
    assert "--label-column" in caught.value.remedy
    for column in named:
        assert [*labels(read_dataset(tmp_path, label_column=column)).values()] == CODES
    with pytest.raises(DatasetError, match="has no column 'none'; it has"):
        read_dataset(tmp_path, label_column="none")
    with pytest.raises(DatasetError, match="for both"):
        read_dataset(tmp_path, file_column="1", label_column="1")


def test_a_guess_among_columns_is_doubted(tmp_path: Path) -> None:
    """No name tells, but no other column could be the label."""
    dataset = beside(tmp_path, "image,x9,width", "{n}.png,{label},15{n}")
    assert [*labels(dataset).values()] == CODES
    assert dataset.origin.doubts == ("'x9' is taken for the label, as no other column is",)


def test_a_table_of_other_images(tmp_path: Path) -> None:
    """Once for all, with what they are called and what the folder has."""
    with pytest.raises(DatasetError) as caught:
        beside(tmp_path, "file,label", "captcha_{n}.png,{label}")
    what = f"names no image of {tmp_path}: the first is 'captcha_1.png'"
    assert (caught.value.what, caught.value.row) == (what, 2)
    assert "there they are called as '1.png'" in caught.value.remedy

"""Tables as spreadsheets and other tools save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError
from data.formats.made import folder_of, labels, whats


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
        ("filename,path,label", "has 2 columns that could be the file: 'filename' and 'path'"),
        ("filename;path;label", "has 2 columns that could be the file: 'filename' and 'path'"),
        ("file,value", "has no header with the columns 'file' and 'label'"),
        ("file label", "has no header with the columns 'file' and 'label'"),
    ],
)
def test_what_could_mean_two_things_is_refused(tmp_path: Path, header: str, what: str) -> None:
    """A wrong guess would be a data set of wrong labels."""
    folder_of(tmp_path, ["1.png"])
    (tmp_path / "labels.csv").write_text(f"{header}\n1.png,2,3\n", encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        read_dataset(tmp_path)
    assert (caught.value.what, caught.value.row) == (what, 1)
    assert caught.value.remedy


def test_a_table_of_any_name_and_place(tmp_path: Path) -> None:
    """It may lie outside the folder, whose images it names; the problems point into it."""
    folder = folder_of(tmp_path / "images", ["1.png", "b/2.png"])
    table = tmp_path / "people.tsv"
    table.write_text("image\ttext\n1.png\tab\nb\\2.png\tcd\n3.png\tef\n", encoding="utf-8")
    dataset = read_dataset(folder, str(table))
    assert list(labels(dataset).values()) == ["ab", "cd"]
    assert (dataset.source, whats(dataset)) == (table, [(4, "names '3.png', which is not there")])


def test_the_table_of_hugging_face(tmp_path: Path) -> None:
    """It is called metadata.csv, and read when a table is asked for."""
    folder_of(tmp_path, ["0001.png"])
    (tmp_path / "metadata.csv").write_text("file_name,text\n0001.png,ab\n", encoding="utf-8")
    assert labels(read_dataset(tmp_path, "csv")) == {"0001.png": "ab"}
    with pytest.raises(DatasetError, match="look like numbers"):
        read_dataset(tmp_path)

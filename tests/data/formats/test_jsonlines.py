"""JSON Lines: one object an image, and what is wrong with a bad one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import OutputError
from captchascope.records import Sample
from data.formats.made import converted, folder_of, labels


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
        ('{"file": "2.png", "label": null}', "gives '2.png' a label that is no text"),
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

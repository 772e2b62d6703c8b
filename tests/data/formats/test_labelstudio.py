"""Label Studio's exports, as the program writes them, and what it can import."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.errors import DatasetError, OutputError
from data.formats.made import converted, dumped, folder_of, labels, whats


def result(*texts: str, name: str = "transcription", kind: str = "textarea") -> dict[str, Any]:
    """Make what one field of an annotation holds."""
    return {
        "id": "x1",
        "from_name": name,
        "to_name": "image",
        "type": kind,
        "value": {"text": list(texts)},
    }


def task(image: str, *annotations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Make a task of the full export, each of whose annotations has some results."""
    done = [{"id": n, "was_cancelled": False, "result": a} for n, a in enumerate(annotations)]
    return {"id": 17, "data": {"image": image, **more}, "annotations": done, "predictions": []}


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/data/upload/1/0123abcd-9.jpeg", "9.jpeg"),
        ("/data/upload/1/1.jpeg", "1.jpeg"),
        ("/data/upload/12/0123abcd-my_odd_name.png", "my odd name.png"),
        ("/data/upload/1/0123abcd-deadbeef-2.png", "deadbeef-2.png"),
        ("/data/upload/1/0123abcd-only.png", "b/only.png"),
        ("/data/local-files/?d=captchas/b/1.jpeg", "b/1.jpeg"),
        ("/data/local-files/?d=some%20where/1.jpeg", "1.jpeg"),
        ("http://localhost:8080/data/upload/1/0123abcd-9.jpeg?token=5", "9.jpeg"),
        ("s3://bucket/2026/b/1.jpeg", "b/1.jpeg"),
        ("captchas\\b\\1.jpeg", "b/1.jpeg"),
        ("1.jpeg", "1.jpeg"),
        ("http://[half/1.jpeg", "1.jpeg"),
    ],
)
def test_images_are_found_by_where_they_are_served(tmp_path: Path, address: str, file: str) -> None:
    """By as much of the path as the folder has, without the digits that an upload puts before."""
    names = ["1.jpeg", "9.jpeg", "b/1.jpeg", "my odd name.png", "b/only.png", "deadbeef-2.png"]
    folder_of(tmp_path, names)
    dumped(tmp_path / "label-studio.json", [task(address, [result("226md")], split="a")])
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {file: "226md"}
    assert (dataset.samples[0].row, dataset.samples[0].columns) == (1, {"split": "a"})
    assert len(dataset.problems) == 5


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (task("2.png", [result("a")], [result("b")]), "gives '2.png' 2 different labels"),
        (task("2.png", [result("a", "b")]), "holds an annotation of 2 texts"),
        (
            task("2.png", [result("a", name="one"), result("b", name="two")]),
            "has 2 columns that could be the label: 'one' and 'two'",
        ),
        (task("9.png", [result("a")]), "names '9.png', which is not there"),
        (task("data:image/png;base64,AA==", [result("a")]), "names no image"),
        (task("2.png", [result("a b")]), "gives '2.png' a label with white space ("),
        (task("1.png", [result("a")]), "labels '1.png' again, after line 1"),
        (task("c/3.png", [result("a")]), "names 'c/3.png', and there are 2 images of that name"),
        (
            task("/data/upload/1/0123abcd-3.png", [result("a")]),
            "names 'data/upload/1/0123abcd-3.png', and there are 2 images of that name",
        ),
        (
            {"data": {"a": "1.png", "b": "2.png"}, "annotations": [{"result": [result("a")]}]},
            "names images under 2 keys",
        ),
    ],
)
def test_a_bad_task_spares_the_others(tmp_path: Path, bad: dict[str, Any], what: str) -> None:
    """It is a problem with the file and its place in the list."""
    folder_of(tmp_path, ["1.png", "2.png", "a/3.png", "b/3.png"])
    dumped(tmp_path / "label-studio.json", [task("1.png", [result("ok")]), bad])
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"1.png": "ok"}
    assert str(dataset.problems[0]).startswith(f"{tmp_path / 'label-studio.json'}:2: {what}")


def test_what_is_no_label_leaves_an_image_without_one(tmp_path: Path) -> None:
    """No annotation, a cancelled one, an empty text, a guess, or something other than a text."""
    folder_of(tmp_path, [f"{n}.png" for n in range(1, 7)])
    cancelled = task("3.png", [result("x")])
    cancelled["annotations"][0]["was_cancelled"] = True
    guessed = task("5.png")
    guessed["predictions"] = [{"result": [result("guess")]}]
    tasks = [
        task("1.png", [result("ok")]),
        task("2.png"),
        cancelled,
        task("4.png", [result(" \n")]),
        guessed,
        task("6.png", [result("x", kind="choices")]),
    ]
    dumped(tmp_path / "label-studio.json", tasks)
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"1.png": "ok"}
    assert whats(dataset) == [(None, f"has no row for '{n}.png'") for n in range(2, 7)]


def test_annotators_who_agree(tmp_path: Path) -> None:
    """One text from two of them is one label, and white space around it is a slip."""
    folder_of(tmp_path, ["1.png"])
    both = task("1.png", [result("ab")], [result("ab\n")], [])
    dumped(tmp_path / "label-studio.json", [both])
    assert labels(read_dataset(tmp_path)) == {"1.png": "ab"}


def entry(image: str, **more: Any) -> dict[str, Any]:
    """Make an entry of JSON-MIN."""
    added = {"annotator": 1, "annotation_id": 2, "created_at": "2026-01-01T00:00:00Z"}
    return {"image": image, "id": 5, **added, "lead_time": 1.5, **more}


def test_json_min(tmp_path: Path) -> None:
    """One entry an annotation: a text, or a list of one; the key is whatever the project has."""
    folder = folder_of(tmp_path / "images", ["1.png", "2.png", "3.png", "4.png"])
    entries = [
        entry("/data/upload/1/0123abcd-1.png", reads="ab"),
        entry("/data/upload/1/0123abcd-2.png", reads={"text": ["cd"]}),
        entry("/data/upload/1/0123abcd-2.png", reads="cd"),
        entry("/data/upload/1/0123abcd-3.png", reads="ef"),
        entry("/data/upload/1/0123abcd-3.png", reads="EF"),
        entry("/data/upload/1/0123abcd-4.png"),
    ]
    dataset = read_dataset(folder, str(dumped(tmp_path / "project-1.json", entries)))
    assert labels(dataset) == {"1.png": "ab", "2.png": "cd"}
    assert whats(dataset) == [
        (4, "gives '3.png' 2 different labels"),
        (None, "has no row for '4.png'"),
    ]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([entry("1.png", one="a", two="b")], "has 2 columns that could be the label: 'one' and"),
        ({"image": "1.png"}, "is no list of tasks"),
        (["1.png"], "is no list of tasks"),
    ],
)
def test_what_is_no_export_is_an_error(tmp_path: Path, value: Any, what: str) -> None:
    """It is said once, with the file."""
    folder_of(tmp_path, ["1.png"])
    dumped(tmp_path / "label-studio.json", value)
    with pytest.raises(DatasetError, match=re.escape(what)):
        read_dataset(tmp_path)


@pytest.mark.parametrize("text", ["", "[\n{]", "[" * 100_000, "[" + "1" * 5000 + "]"])
def test_what_is_no_json_is_an_error(tmp_path: Path, text: str) -> None:
    """However it is broken."""
    folder_of(tmp_path, ["1.png"])
    (tmp_path / "label-studio.json").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="is not JSON: ") as caught:
        read_dataset(tmp_path)
    assert caught.value.remedy


def test_what_is_written_can_be_imported(tmp_path: Path) -> None:
    """A task for each image, addressed as a local file, annotated for the interface beside it."""
    folder_of(tmp_path / "in", ["a b/%1#.png"])
    (tmp_path / "in" / "labels.csv").write_text(
        "file,label,kind\na b/%1#.png,é,2\n", encoding="utf-8"
    )
    dest, _ = converted(tmp_path / "in", "label-studio", tmp_path / "mine")
    (written,) = json.loads((dest / "label-studio.json").read_text(encoding="utf-8"))
    address = written["data"].pop("image")
    assert address.isascii()
    assert unquote(address) == "/data/local-files/?d=mine/a b/%1#.png"
    assert written["data"] == {"file": "a b/%1#.png", "kind": "2"}
    interface = (dest / "label-studio.xml").read_text(encoding="utf-8")
    (annotated,) = written["annotations"][0]["result"]
    assert annotated["value"] == {"text": ["é"]}
    assert f'<TextArea name="{annotated["from_name"]}" toName="{annotated["to_name"]}"' in interface
    assert f'<Image name="{annotated["to_name"]}" value="$image"' in interface


def test_a_column_that_would_hide_the_image(tmp_path: Path) -> None:
    """It is refused, and nothing is written."""
    folder_of(tmp_path / "in", ["1.png"])
    (tmp_path / "in" / "labels.csv").write_text("file,label,image\n1.png,1,x\n", encoding="utf-8")
    with pytest.raises(OutputError, match="further column called 'image'"):
        converted(tmp_path / "in", "label-studio", tmp_path / "out")
    assert not (tmp_path / "out").exists()


COLUMNS = ["annotation_id", "annotator", "created_at", "id", "image", "label", "lead_time"]
CODES = ["EC2D", "9896", "0D9A"]


def exported(place: Path, rows: list[tuple[str, str]], separator: str = ",") -> Path:
    """Write an export as a table, of addresses and labels."""
    lines = [separator.join(COLUMNS)]
    for n, (image, label) in enumerate(rows, 1):
        cells = [f"{n}", "1", "2026-01-01T00:00:00Z", f"{n}", image, label, "2.1"]
        lines.append(separator.join(f'"{c}"' if separator in c else c for c in cells))
    path = place / ("export.csv" if separator == "," else "export.tsv")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", "\t"])
def test_exports_as_tables(tmp_path: Path, separator: str) -> None:
    """Images are found by their names without the digits of an upload; the labels are texts."""
    folder = folder_of(tmp_path / "images", ["1.png", "2.png", "3.png"])
    rows = [(f"/data/upload/1/0000000{n}-{n}.png", code) for n, code in enumerate(CODES, 1)]
    for place in (folder, tmp_path):
        dataset = read_dataset(folder, str(exported(place, rows, separator)))
        assert labels(dataset) == dict(zip(["1.png", "2.png", "3.png"], CODES, strict=True))
        assert (dataset.problems, dataset.origin.doubts) == ((), ())
    assert labels(read_dataset(folder)) == labels(dataset)


def test_a_table_that_lost_its_zeros(tmp_path: Path) -> None:
    """An export that a spreadsheet has saved is no better than any other table."""
    folder = folder_of(tmp_path / "images", [f"{n}.png" for n in range(1, 7)])
    codes = ["7954", "2205", "8791", "5890", "6034", "42"]
    rows = [(f"{n}.png", code) for n, code in enumerate(codes, 1)]
    with pytest.raises(DatasetError, match="zeros before them were lost"):
        read_dataset(folder, str(exported(tmp_path, rows)))


def test_a_second_upload_of_one_name(tmp_path: Path) -> None:
    """It has seven characters more, and is the same image where the folder has one of the name."""
    folder_of(tmp_path, ["1.png", "2.png"])
    tasks = [
        task("/data/upload/1/0123abcd-1_aB3dE5g.png", [result("EC2D")]),
        task("/data/upload/1/4567abcd-2.png", [result("9896")]),
    ]
    dumped(tmp_path / "label-studio.json", tasks)
    assert labels(read_dataset(tmp_path)) == {"1.png": "EC2D", "2.png": "9896"}


@pytest.mark.parametrize("second", ["EC2D", "OTHER"])
def test_one_image_uploaded_twice(tmp_path: Path, second: str) -> None:
    """Two tasks are of one image: the first is taken, and the second is said to be there."""
    folder_of(tmp_path, ["1.png", "2.png"])
    names = ["0123abcd-1.png", "4567abcd-1_aB3dE5g.png", "89ababcd-2.png"]
    texts = zip(names, ["EC2D", second, "9896"], strict=True)
    tasks = [task(f"/data/upload/1/{name}", [result(text)]) for name, text in texts]
    dumped(tmp_path / "label-studio.json", tasks)
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"1.png": "EC2D", "2.png": "9896"}
    assert whats(dataset) == [(2, "labels '1.png' again, after line 1")]


@pytest.mark.parametrize(
    ("kind", "value", "label"),
    [("choices", {"choices": ["EC2D"]}, "EC2D"), ("number", {"number": 4711}, "4711")],
)
def test_choices_and_numbers_are_labels(
    tmp_path: Path, kind: str, value: dict[str, Any], label: str
) -> None:
    """Where nobody was asked for a text."""
    folder_of(tmp_path, ["1.png"])
    of = {"from_name": "answer", "to_name": "image", "type": kind, "value": value}
    dumped(tmp_path / "label-studio.json", [task("1.png", [of])])
    assert labels(read_dataset(tmp_path)) == {"1.png": label}

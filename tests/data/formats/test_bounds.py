"""Label files of strangers: what they may cost is bounded, whatever their shape.

Work is counted, and what is quadratic is given so much that it would never end.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from captchascope.data.dataset import Dataset, read_dataset
from captchascope.data.finder import Finder
from captchascope.data.formats.tables import MAX_COLUMNS, sheet_of
from captchascope.data.labels import MAX_LINES
from captchascope.data.match import Endings, Folder
from captchascope.errors import DatasetError
from captchascope.files import find_images

PLAIN = "".join(f"{n}.png,a{n}b\n" for n in range(1, 13))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make twelve files that are called as images."""
    for n in range(1, 13):
        (tmp_path / f"{n}.png").touch()
    return tmp_path


def _read(folder: Path, name: str, text: str) -> Dataset:
    (folder / name).write_text(text)
    return read_dataset(folder)


def _refusal(folder: Path, name: str, text: str) -> str:
    with pytest.raises(DatasetError) as caught:
        _read(folder, name, text)
    assert caught.value.where.startswith(str(folder / name))
    assert caught.value.remedy
    return str(caught.value)


def _counted(monkeypatch: pytest.MonkeyPatch, of: type, method: str) -> list[object]:
    """Return a list that grows by one with each call of a method."""
    calls: list[object] = []
    real: Callable[..., Any] = getattr(of, method)

    def counted(self: object, *given: Any, **named: Any) -> Any:
        calls.append(self)
        return real(self, *given, **named)

    monkeypatch.setattr(of, method, counted)
    return calls


def test_more_columns_than_a_table_may_have_are_refused(folder: Path) -> None:
    """The error names the limit, with a header and without one."""
    wide = ",x" * 20_000
    for text in ("file,label" + wide + "\n1.png,a1b" + wide, f"1.png,a1b{wide}\n" * 3):
        assert f"has 20,002 fields, more than {MAX_COLUMNS:,}" in _refusal(
            folder, "labels.csv", text
        )


def test_a_row_that_is_too_wide_is_one_problem(folder: Path) -> None:
    """The others are read, and it is not kept."""
    found = _read(folder, "labels.csv", f"file,label\n{',' * 100_000}x\n{PLAIN}")
    assert len(found.samples) == 12
    assert "has 100,001 fields, more than 1,000" in found.problems[0].what


def test_columns_are_told_by_few_cells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of many columns is not looked at a thousand rows deep in each of them."""
    names = ",".join(f"c{n}" for n in range(900))
    rows = "".join(f"{n % 12 + 1}.png,a{n}b{',x' * 900}\n" for n in range(200))
    (folder / "labels.csv").write_text(f"file,label,{names}\n{rows}")
    images = Folder.of(folder, find_images(folder))
    looked = sum(len(c.cells) for c in sheet_of(images, folder / "labels.csv").columns())
    assert 900 < looked < 25_000
    calls = _counted(monkeypatch, Finder, "find")
    assert len(read_dataset(folder).samples) == 12
    assert len(calls) < 30_000


def test_more_cells_than_a_table_may_have_are_refused(folder: Path) -> None:
    """However they are spread."""
    rows = f"1.png,a1b{',' * 998}\n" * 4100
    assert "has more than 4,000,000 cells" in _refusal(folder, "labels.csv", f"file,label\n{rows}")


@pytest.mark.parametrize("name", ["labels.txt", "labels.csv", "labels.jsonl"])
def test_more_lines_than_a_file_may_have_are_refused(folder: Path, name: str) -> None:
    """They are counted before anything is made of them."""
    for end in ("\n", "\r\n", "\r"):
        told = _refusal(folder, name, "file,label" + end * (MAX_LINES + 1))
        assert f"has 500,001 lines, more than {MAX_LINES:,}" in told


def test_empty_lines_cost_next_to_nothing(folder: Path) -> None:
    """They are no rows: forty bytes for each byte of the file are more than enough."""
    text = "a1b\n" + "\n" * 10_000
    (folder / "labels.txt").write_text(text)
    tracemalloc.start()
    try:
        found = read_dataset(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found.samples), len(found.problems)) == (1, 11)
    assert peak < 60 * len(text)


def test_one_index_of_the_folder_serves_all_its_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is built once, however many tables and columns are looked at."""
    for n in range(6):
        (folder / f"x{n}.csv").write_text(f"file,label\n{PLAIN}")
    calls = _counted(monkeypatch, Endings, "__init__")
    assert len(read_dataset(folder).samples) == 12
    assert len(calls) == 1


def test_images_of_one_name_are_not_gone_through_for_each_row(tmp_path: Path) -> None:
    """Every row that could mean all of them is given the same ones, found before."""
    for n in range(40):
        (tmp_path / f"s{n}").mkdir()
        (tmp_path / f"s{n}" / "1.png").touch()
    images = Folder.of(tmp_path, find_images(tmp_path))
    finder = Finder(images, tmp_path)
    one, other = finder.find("x/1.png"), finder.find("1.PNG")
    assert len(one.images) == 40
    assert one.images is other.images
    assert finder.find("/data/s7/1.png").images == (images.find("s7/1.png"),)


def test_words_of_a_line_are_few_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of thousands is tried as a name a few times, and never copied for each of them."""
    calls = _counted(monkeypatch, Finder, "find")
    with pytest.raises(DatasetError, match="white space"):
        _read(folder, "labels.txt", ("a " * 50_000 + "\n") * 12)
    assert len(calls) < 12 * 100


@pytest.mark.parametrize(
    "line",
    [
        "1.png" + " " * 1_000_000 + "a",
        " " * 1_000_000 + "\n" * 3 + "1.png a1b",
        '1.png,"=' + '""' * 60_000 + 'x"',
        "a/" * 100_000 + "1.png a1b",
        "1.png " + "1," * 100_000,
        "1.png:" + "\t :" * 100_000,
    ],
    ids=["blanks", "a blank line", "quotes", "folders", "numbers", "colons"],
)
def test_a_long_line_is_gone_through_once(folder: Path, line: str) -> None:
    """A step for each pair of its characters would take days."""
    for name in ("labels.txt", "labels.csv"):
        try:
            assert _read(folder, name, f"{line}\n").size == 12
        except DatasetError as error:
            assert len(str(error)) < 1000  # noqa: PT017  # whether it is read is not the question
        (folder / name).unlink()


def _tasks(image: str, text: str) -> str:
    result = '[{"from_name": "label", "type": "textarea", "value": %s}]' % text  # noqa: UP031
    return '[{"data": {"image": "%s"}, "annotations": [{"result": %s}]}]' % (image, result)  # noqa: UP031


def test_a_task_names_its_image_by_no_more_folders_than_there_are(folder: Path) -> None:
    """The ends of a long path are not all tried."""
    tasks = _tasks("/data/" + "a/" * 100_000 + "1.png", '{"text": ["a1b"]}')
    assert _read(folder, "label-studio.json", tasks).samples[0].file == "1.png"


@pytest.mark.parametrize("levels", [40, 900, 100_000])
def test_json_that_is_nested_is_refused(folder: Path, levels: int) -> None:
    """By its depth, whatever Python itself would take."""
    text = '{"text":' * levels + '"x"' + "}" * levels
    assert "nested too deeply" in _refusal(folder, "label-studio.json", _tasks("/1.png", text))


@pytest.mark.parametrize("digits", [200, 4000, 5000])
def test_a_number_of_many_digits_is_refused(folder: Path, digits: int) -> None:
    """In a file of JSON, and in a line of one."""
    told = f"a number of {digits:,} digits"
    number = '{"file": "1.png", "label": "a1b", "n": %s}' % ("9" * digits)
    found = _read(folder, "labels.jsonl", f"{number}\n")
    assert told in found.problems[0].what
    (folder / "labels.jsonl").unlink()
    assert told in _refusal(folder, "label-studio.json", f"[{number}]")


def test_more_values_than_json_may_have_are_refused(folder: Path) -> None:
    """They are counted before they are parsed, as each takes some hundred bytes."""
    assert "values, more than 4,000,000" in _refusal(folder, "x.json", f"[{'[],' * 2_500_000}1]")


def test_a_text_beside_an_image_is_short(folder: Path) -> None:
    """One that is not is a problem of that image alone."""
    (folder / "1.txt").write_text("\n" * 100_000)
    (folder / "2.txt").write_text("a1b")
    found = read_dataset(folder)
    assert [sample.file for sample in found.samples] == ["2.png"]
    assert "65,536 bytes" in found.problems[0].what


def test_rows_without_images_are_each_a_problem(folder: Path) -> None:
    """They are no more than that."""
    lost = "".join(json.dumps({"file": f"x{n}.png", "label": "abc"}) + "\n" for n in range(1000))
    first = json.dumps({"file": "1.png", "label": "abc"})
    found = _read(folder, "labels.jsonl", f"{first}\n{lost}")
    assert (len(found.samples), len(found.problems)) == (1, 1011)

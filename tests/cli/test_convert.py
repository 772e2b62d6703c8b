"""captchascope convert: labels in another form, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.practice.answers import AnswerFile
from cli.commands import Cli, one_line, shaped

FORMS = ["csv", "txt", "jsonl", "names", "imagefolder", "label-studio"]


def by_bytes(folder: str, labels_from: str = "auto") -> dict[bytes, str]:
    """Return the label of each image by what it holds."""
    dataset = read_dataset(folder, labels_from)
    assert dataset.problems == ()
    return {sample.path.read_bytes(): sample.label for sample in dataset.samples}


@pytest.mark.parametrize("form", FORMS)
def test_every_form(cli: Cli, form: str) -> None:
    """The count is told on stderr, and other commands read what was written."""
    done = cli("convert", "captchas", "--to", form, "out")
    assert (done.status, done.out) == (0, "")
    assert done.errors[-1] == f"12 captchas as {form} in out"
    assert by_bytes("out", form) == by_bytes("captchas")
    assert cli("check", "out", "--labels-from", form, "-q").status == 0


def test_columns_that_are_lost_are_named(cli: Cli) -> None:
    """Only where the form has no place for them, and not with -q."""
    assert cli("convert", "captchas", "--to", "txt", "lines").errors == [
        "txt holds no further columns, left out: kind",
        "12 captchas as txt in lines",
    ]
    assert cli("convert", "captchas", "--to", "jsonl", "objects").errors == [
        "12 captchas as jsonl in objects"
    ]
    assert cli("convert", "captchas", "--to", "txt", "quiet", "-q").err == ""


def test_names_must_be_asked_for(cli: Cli) -> None:
    """Nobody can tell a label from a number: how to ask is said where it will be needed."""
    assert cli("convert", "captchas", "--to", "imagefolder", "folders").errors[-2:] == [
        "commands read it with --labels-from imagefolder",
        "12 captchas as imagefolder in folders",
    ]


def test_a_range(cli: Cli) -> None:
    """Positions in natural order, as for every command."""
    assert cli("convert", "captchas", "--to", "csv", "out", "--first", 2, "--last", 4).status == 0
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == ["2.jpeg", "3.jpeg", "4.jpeg", "labels.csv"]
    assert one_line(cli("convert", "captchas", "--to", "csv", "x", "--first", 13), 2)


def test_the_answers_of_a_site(cli: Cli) -> None:
    """They label what was collected; an image without an answer is one line, and status 1."""
    images = read_dataset("captchas").samples
    for name in ("labels.csv", "labels.txt"):
        Path("captchas", name).unlink()
    with AnswerFile(Path("answers.csv")) as answers:
        for sample in images[1:]:
            answers.add(sample.path.read_bytes(), sample.label)
    done = cli("convert", "captchas", "--answers", "answers.csv", "--to", "csv", "out")
    assert (done.status, len(done.errors)) == (1, 2)
    assert shaped(done.errors[0]).startswith("answers.csv: has no row for '1.jpeg' (")
    assert done.errors[1] == "11 captchas as csv in out"
    assert by_bytes("out") == {s.path.read_bytes(): s.label for s in images[1:]}


def test_the_glyphs_that_segment_cut(cli: Cli) -> None:
    """Their folders are their labels."""
    assert cli("segment", "captchas", "glyphs").status == 0
    options = "--labels-from", "imagefolder", "--to", "csv"
    done = cli("convert", "glyphs", "digits", *options)
    assert (done.status, done.errors) == (0, ["72 captchas as csv in digits"])
    for sample in read_dataset("digits").samples:
        assert sample.file.startswith(f"{sample.label}/")


def test_two_sources_are_wrong_usage(cli: Cli) -> None:
    """Nobody could say which is right."""
    options = "--answers", "answers.csv", "--labels-from", "csv", "--to", "csv"
    line = one_line(cli("convert", "captchas", "out", *options), 2)
    assert line.startswith("--answers: contradicts --labels-from csv (")


def test_a_label_file_from_elsewhere(cli: Cli) -> None:
    """An export of Label Studio labels the images that were uploaded."""
    tasks = [
        {
            "data": {"image": f"/data/upload/1/0123abcd-{n}.jpeg"},
            "annotations": [{"result": [{"type": "textarea", "value": {"text": [f"{n:04}"]}}]}],
        }
        for n in range(1, 12)
    ]
    Path("project-1.json").write_text(json.dumps(tasks))
    options = "--labels-from", "project-1.json", "--to", "names", "-q"
    done = cli("convert", "captchas", "out", *options)
    assert (done.status, len(done.errors)) == (1, 1)
    assert shaped(done.errors[0]).startswith("project-1.json: has no row for '12.jpeg' (")
    assert len(list(Path("out").glob("00*.jpeg"))) == 11
    assert cli("check", "captchas", "--labels-from", "project-1.json", "-q").status in (0, 1)


def test_bad_rows_are_reported_and_the_rest_is_written(cli: Cli) -> None:
    """Those of the source, and those that the form cannot hold."""
    rows = Path("captchas/labels.csv").read_text().splitlines()
    rows[3], rows[5] = "3.jpeg,,1", f"5.jpeg,{'x' * 201},1"
    Path("captchas/labels.csv").write_text("\n".join(rows))
    Path("captchas/labels.txt").unlink()
    done = cli("convert", "captchas", "--to", "names", "out")
    assert done.status == 1
    assert shaped(done.errors[0]).startswith("captchas/labels.csv:4: gives '3.jpeg' an empty label")
    assert shaped(done.errors[1]).startswith("captchas/5.jpeg: has a label that is too long for a ")
    assert done.errors[-1] == "10 captchas as names in out"


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["none", "out"], "none: cannot be read"),
        (["captchas", "captchas"], "captchas: lies within the data set"),
        (["captchas", "captchas/new"], "captchas/new: lies within the data set"),
        (["captchas", "full"], "full: is not empty ("),
        (["captchas", "file"], "file: is a file ("),
        (["captchas", "out", "--labels-from", "jsonl"], "captchas: has no labels.jsonl ("),
        (["captchas", "out", "--labels-from", "no.csv"], "no.csv: cannot be read: No such file"),
        (["captchas", "out", "--answers", "no"], "no: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_converted_is_one_line(
    cli: Cli, place: Path, arguments: list[str], begins: str
) -> None:
    """Nothing is written, and nothing that was there changes."""
    (place / "full").mkdir()
    (place / "full" / "kept").touch()
    (place / "file").touch()
    assert one_line(cli("convert", *arguments, "--to", "csv"), 1).startswith(begins)
    assert sorted(path.name for path in place.iterdir()) == ["captchas", "file", "full"]


def test_wrong_usage(cli: Cli) -> None:
    """A form must be named, and be one; a source too."""
    assert "missing option '--to'" in one_line(cli("convert", "captchas", "out"), 2)
    assert "'xml' is not one of" in one_line(cli("convert", "captchas", "out", "--to", "xml"), 2)
    line = one_line(cli("convert", "captchas", "out", "--to", "csv", "--labels-from", "xml"), 2)
    assert "'xml' is not one of 'auto', 'csv', " in line

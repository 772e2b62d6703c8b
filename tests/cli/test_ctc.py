"""The commands with a model without segmentation, whose texts have several lengths."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from captchascope.charset import Charset
from cli.commands import Cli, one_line
from ctc.bars import CHARS, SUMS, bars, noise, sum_bars, write_model

TEXTS = ["01A", "4", "AbBa", "10", "43210"]


@pytest.fixture
def model(place: Path) -> str:
    """Write a model, and a folder of images that it reads, one of them of another making."""
    (place / "bars").mkdir()
    rows = ["file,label", *(f"{n}.png,{text}" for n, text in enumerate(TEXTS, 1)), "6.png,0"]
    (place / "bars" / "labels.csv").write_text("\n".join(rows) + "\n")
    for number, text in enumerate(TEXTS, 1):
        cv2.imwrite(str(place / "bars" / f"{number}.png"), bars(text))
    cv2.imwrite(str(place / "bars" / "6.png"), noise(6))
    return write_model(place / "bars.onnx", lengths=(1, 5)).name


def test_texts_of_every_length_are_read(cli: Cli, model: str) -> None:
    """In the rows of every other model."""
    done = cli("read", "bars", "--model", model, "--last", 5)
    assert (done.status, done.err) == (0, "")
    assert [row.split("\t")[1] for row in done.rows] == TEXTS
    assert cli("read", "bars", "--model", model, "--last", 5, "--jobs", 2) == done


def test_a_row_of_jsonl_says_what_is_unfamiliar(cli: Cli, model: str) -> None:
    """Its keys are the same for both ways."""
    done = cli("read", "bars", "--model", model, "--format", "jsonl")
    rows = [json.loads(row) for row in done.rows]
    assert [row["unfamiliar"] for row in rows] == [False] * 5 + [True]
    assert list(rows[0]["chars"][0]) == ["char", "confidence"]
    assert "".join(char["char"] for char in rows[0]["chars"]) == rows[0]["text"] == TEXTS[0]


def test_what_is_unfamiliar_is_said_once(cli: Cli, model: str) -> None:
    """At the end, with what to do, beside the same texts and the same exit status."""
    done = cli("read", "bars", "bars/6.png", "--model", model)
    assert (done.status, len(done.rows)) == (0, 7)
    assert done.err == (
        "captchascope: 2 of 7 images are unlike what model bars was trained on (read them with "
        "--model any, or train on such: captchascope train --help)\n"
    )
    assert cli("read", "bars", "bars/6.png", "--model", model, "-q") == replace(done, err="")
    assert " 1 of 1 images is unlike " in cli("read", "bars/6.png", "--model", model).err


def test_the_general_model_is_not_referred_to_itself(cli: Cli) -> None:
    """There training is all that is left; rows of jsonl say it themselves."""
    cv2.imwrite("noise.png", noise(6))
    model = str(write_model(Path("any.onnx")))
    done = cli("read", "noise.png", "--model", model)
    assert done.err.startswith("captchascope: 1 of 1 images is unlike what model any was trained ")
    assert "--model" not in done.err
    assert cli("read", "noise.png", "--model", model, "--format", "jsonl").err == ""


def test_the_method_is_checked(cli: Cli, model: str) -> None:
    """As the model has it."""
    assert cli("read", "bars/1.png", "--model", model, "--method", "whole").status == 0
    line = one_line(cli("read", "bars", "--model", model, "--method", "glyphs"), 2)
    assert line.startswith("--method: glyphs contradicts the model, which reads by whole (")


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (["--length", 2], ["01", "10"]),
        (["--pattern", "[0-9]{2,3}"], ["014", "10"]),
        (["--charset", "01"], ["011", "10"]),
        (["--ignore-case"], ["01a", "10"]),
    ],
)
def test_constraints_are_kept(cli: Cli, model: str, options: list[str], texts: list[str]) -> None:
    """Also where the image says something else; what fits anyway stays as it is."""
    done = cli("read", "bars/1.png", "bars/4.png", "--model", model, *options)
    found = [row.split("\t")[1] for row in done.rows]
    assert found[1] == texts[1]
    assert len(found[0]) == len(texts[0])
    assert cli("read", "bars", "--model", model, "--charset", "x").status == 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "01A"),
        (["--charset", "0-9a-b"], "01a"),
        (["--pattern", "[0-9]{2}[a-b]"], "01a"),
        (["--charset", "0-9a-b", "--case", "keep"], "014"),
        (["--charset", "0-9A-B"], "01A"),
        (["--charset", "0-9A-Ba"], "01A"),
    ],
)
def test_letters_are_given_in_the_case_that_is_told(
    cli: Cli, model: str, options: list[str], text: str
) -> None:
    """As surely as in the image's own; where the case is kept, the image shows something else."""
    done = cli("read", "bars/1.png", "--model", model, *options)
    assert done.rows[0].split("\t")[1] == text
    assert float(done.rows[0].split("\t")[2]) > 0.8


def test_images_of_one_scheme_are_read_consistently(cli: Cli, model: str) -> None:
    """Under the charset and length that are inferred from all of them, which a line names."""
    texts = [f"{n % 5}{n // 5 % 5}{n // 25 % 5}" for n in range(7, 125, 3)]
    Path("same").mkdir()
    for number, text in enumerate([*texts, "01a4"], 1):
        cv2.imwrite(f"same/{number}.png", bars(text))
    Path("same/99.png").write_bytes(b"no image")
    free = cli("read", "same", "--model", model)
    done = cli("read", "same", "--model", model, "--consistent")
    line, *errors = done.err.splitlines()
    assert line == "read as: 3 of 01234; say --length 3 --charset 0-4 to keep this"
    assert errors == free.err.splitlines()
    found = [row.split("\t")[1] for row in done.rows]
    assert found[:-1] == texts
    assert len(found[-1]) == 3
    assert free.rows[-1].split("\t")[1] == "01a4"
    told = cli("read", "same", "--model", model, "--length", 3, "--charset", "0-4")
    assert told.rows == done.rows
    options = ["--consistent", "--jobs", 2, "--charset", "0-4"]
    line, *_ = cli("read", "same", "--model", model, *options).err.splitlines()
    assert line == "read as: 3 of 01234; say --length 3 to keep this"
    few = cli("read", "same", "--model", model, "--consistent", "--last", 1)
    assert few.err == "no charset and no length is clearly what these images have in common\n"
    assert few.rows == free.rows[:1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pattern", "[0-4]+"], "--pattern: leaves nothing to be inferred from the images ("),
        (["--length", 3, "--charset", "0-4"], "--length: leaves nothing to be inferred"),
        (["-"], "--consistent: reads images twice, and stdin only once ("),
    ],
)
def test_there_must_be_something_to_infer(
    cli: Cli, model: str, options: list[str], message: str
) -> None:
    """Or it is wrong usage."""
    done = cli("read", "bars", "--model", model, "--consistent", *options)
    assert one_line(done, 2).startswith(message)


def test_the_measurement(cli: Cli, model: str) -> None:
    """Exact matches and characters of labels of any length, without positions."""
    result = json.loads(cli("test", "bars", "--model", model, "--format", "json").out)
    assert (result["captcha"]["hits"], result["captcha"]["total"]) == (5, 6)
    assert result["character"]["total"] == sum(map(len, TEXTS)) + 1
    assert (result["by_position"], result["unfamiliar"]) == ([], 1)
    done = cli("test", "bars", "--model", model, "--report", "report.html")
    assert (done.status, done.errors) == (0, [])
    assert "unlike what the model was trained on: 1" in done.rows
    assert "5 of 6" in done.rows[1]
    assert "position" not in done.out
    assert "83.33%" in Path("report.html").read_text()


@pytest.fixture
def sums(place: Path) -> list[str]:
    """Write a model that reads sums, and a folder of four, their results the labels, and a text."""
    (place / "sums").mkdir()
    labels = {"3+4=": "7", "1-42": "-41", "4/3": "4/3", "2+2=": "2+2", "1234": "1234"}
    rows = ["file,label", *(f"{n}.png,{label}" for n, label in enumerate(labels.values(), 1))]
    (place / "sums" / "labels.csv").write_text("\n".join(rows) + "\n")
    for number, text in enumerate(labels, 1):
        cv2.imwrite(str(place / "sums" / f"{number}.png"), sum_bars(text))
    write_model(place / "sums.onnx", charset=Charset(SUMS), lengths=(1, 7))
    return list(labels)


@pytest.mark.parametrize("jobs", [1, 2])
def test_sums_are_solved(cli: Cli, sums: list[str], jobs: int) -> None:
    """The result stands in the place of the text; what is no sum abstains, and a line says so."""
    done = cli("read", "sums", "--model", "sums.onnx", "--solve", "--jobs", jobs)
    assert [row.split("\t")[1] for row in done.rows] == ["7", "-41", "4/3", "4", ""]
    assert (done.status, done.err) == (
        1,
        "captchascope: sums/5.png: shows no sum (leave --solve away to read its text)\n",
    )
    assert cli("read", "sums", "--model", "sums.onnx", "--solve", "--last", 4).status == 0


def test_a_row_of_jsonl_has_a_sum_and_its_result(cli: Cli, sums: list[str]) -> None:
    """With the option or without; a fraction is text."""
    arguments = ["read", "sums", "--model", "sums.onnx", "--format", "jsonl"]
    rows = [json.loads(row) for row in cli(*arguments).rows]
    assert [row["text"] for row in rows] == sums
    assert [row["value"] for row in rows] == [7, -41, "4/3", 4, None]
    solved = [json.loads(row) for row in cli(*arguments, "--solve").rows]
    assert [(row["text"], row["value"]) for row in solved[:4]] == [
        ("3+4=", 7),
        ("1-42", -41),
        ("4/3", "4/3"),
        ("2+2=", 4),
    ]
    assert (solved[4]["text"], solved[4]["abstained"]) == (None, True)


@pytest.mark.parametrize(("share", "value"), [(0.45, "4"), (0.55, "4"), (0.9, "")])
def test_what_may_be_a_sum_is_read_as_one(
    cli: Cli, sums: list[str], share: float, value: str
) -> None:
    """Although the image looks a little more like another text; not if it does so by far."""
    four, plus = (int(sum_bars(char)[0, 8]) for char in "4+")
    image = sum_bars("143")
    image[:, 16:24] = round(share * four + (1 - share) * plus)
    cv2.imwrite("either.png", image)

    def read(*options: str) -> str:
        done = cli("read", "either.png", "--model", "sums.onnx", "--length", 3, *options)
        return done.rows[0].split("\t")[1]

    assert read() == ("143" if share > 0.5 else "1+3")
    assert read("--solve") == value
    assert read("--solve", "--pattern", ".[+].") == "4"  # what is told is believed


def test_less_sure_than_asked_for_is_no_question_of_sums(cli: Cli, sums: list[str]) -> None:
    """It abstains without a line, as ever."""
    options = ["--solve", "--min-confidence", 1, "--last", 4]
    done = cli("read", "sums", "--model", "sums.onnx", *options)
    assert (done.status, done.err) == (1, "")
    assert {row.split("\t")[1] for row in done.rows} == {""}


def test_results_are_measured(cli: Cli, sums: list[str]) -> None:
    """Against labels that are results, or sums; without the option they are texts."""
    measured = ["test", "sums", "--model", "sums.onnx", "--format", "json"]
    done = cli(*measured, "--solve")
    result = json.loads(done.out)
    assert (done.status, done.errors) == (0, [])
    assert (result["captcha"]["hits"], result["abstained"]) == (4, 1)
    assert json.loads(cli(*measured).out)["captcha"]["hits"] == 2


def test_the_measurement_under_constraints(cli: Cli, model: str) -> None:
    """Ignored case is ignored in the labels, too."""
    options = ["--format", "json", "--ignore-case", "--last", 5]
    result = json.loads(cli("test", "bars", "--model", model, *options).out)
    assert (result["captcha"]["hits"], result["captcha"]["total"]) == (5, 5)
    options = ["--format", "json", "--min-confidence", 1, "--last", 5]
    result = json.loads(cli("test", "bars", "--model", model, *options).out)
    assert (result["abstained"], result["captcha"]["hits"]) == (5, 0)


def test_labels_that_the_model_cannot_give_are_said_and_measured(cli: Cli, model: str) -> None:
    """They are wrong, and the status tells."""
    labels = Path("bars/labels.csv")
    labels.write_text(labels.read_text().replace("01A", "x1A"))
    done = cli("test", "bars", "--model", model, "--format", "json")
    result = json.loads(done.out)
    assert done.status == 1
    assert f"a label with 'x', not in '{CHARS}'" in done.err
    assert (result["captcha"]["hits"], result["captcha"]["total"]) == (4, 6)


def test_labels_of_another_length_are_said(cli: Cli, model: str) -> None:
    """Of another than the model's, or than the user's."""
    Path("bars/labels.csv").write_text("file,label\n1.png,01A\n5.png,432101\n")
    assert "a label of 6 characters, not 1 to 5" in cli("test", "bars", "--model", model).err
    done = cli("test", "bars", "--model", model, "--length", 6)
    assert "a label of 3 characters, not 6" in done.err
    assert "6 characters, not" not in done.err


def test_there_are_no_stages_to_explain(cli: Cli, model: str) -> None:
    """The line names a model that has some."""
    line = one_line(cli("explain", "bars/1.png", "-o", "x.png", "--model", model), 2)
    assert line.startswith(f"--model: {model} reads the whole image at once")
    assert "metu-glyphs" in line
    assert not Path("x.png").exists()

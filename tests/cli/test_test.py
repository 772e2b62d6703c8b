"""An evaluation as lines: what is said of any alphabet, and of labels of any length."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from pathlib import Path

import pytest

from captchascope.cli.test import evaluation_lines
from captchascope.evaluate import evaluate_readings
from captchascope.records import Reading, Sample
from cli.commands import Cli, one_line

ALNUM = string.digits + string.ascii_letters


def lines(*pairs: tuple[str, str | None], chars: str = ALNUM, strange: int = 0) -> list[str]:
    """Return the lines about (label, text) pairs, the first few of them unfamiliar."""
    samples = [Sample(f"{i}.png", label, Path()) for i, (label, _) in enumerate(pairs)]
    readings = [
        replace(Reading(text, 0.5), unfamiliar=number < strange)
        for number, (_, text) in enumerate(pairs)
    ]
    return list(evaluation_lines(evaluate_readings(samples, readings), chars, 10))


def test_a_large_alphabet_has_a_list_instead_of_a_table() -> None:
    """The most frequent first, and no line that is wider than a terminal."""
    found = lines(("0x", "Ox"), ("0", "O"), ("l1", "11"), ("ab", "a"), ("ab", "abc"))
    start = found.index("the most frequent wrong characters")
    assert found[start + 1] == "  0 read as O: 2 times"
    rest = {line.strip() for line in found[start + 2 : start + 5]}
    one = {"b missed: 1 time", "l read as 1: 1 time", "c read where there is nothing: 1 time"}
    assert rest == one
    assert max(map(len, found)) <= 80


def test_a_small_alphabet_has_the_table() -> None:
    """As before."""
    assert any(line.startswith("label \\ read") for line in lines(("01", "00"), chars="01"))


def test_nothing_wrong_has_no_list() -> None:
    """Nor an empty heading."""
    assert not any("wrong" in line for line in lines(("abc", "abc"), ("Z9", "Z9")))


def test_positions_are_of_labels_of_one_length() -> None:
    """Elsewhere they mean nothing."""
    assert sum("position" in line for line in lines(("abc", "abc"), ("xyz", "xyZ"))) == 3
    assert not any("position" in line for line in lines(("abc", "abc"), ("x", "x")))


def test_what_is_answered_has_figures_of_its_own(cli: Cli) -> None:
    """Where there may be no answer: how many there are, and how many of these are right."""
    limited = "test", "captchas", "--model", "metu", "--min-confidence"
    sure = json.loads(cli(*limited, "0.999", "--format", "json").out)
    answered = sure["coverage"]["hits"]
    assert sure["min_confidence"] == 0.999
    assert sure["abstained"] == 12 - answered == 12 - sure["answered"]["total"]
    done = cli(*limited, "0.999", "--report", "report.html")
    found = [" ".join(line.split()) for line in done.rows]
    assert found[2].startswith("coverage: answered ")
    assert found[2].endswith(f" {answered} of 12")
    assert found[3].startswith("right of the answered ")
    assert found[3].endswith(f" {sure['answered']['hits']} of {answered}")
    assert max(map(len, done.rows)) <= 80
    page = Path("report.html").read_text(encoding="utf-8")
    assert "<td>coverage: answered</td>" in page
    assert "<td>right of the answered</td>" in page
    assert "coverage" in cli(*limited, "0.000001").out
    assert "coverage" not in cli("test", "captchas", "--model", "metu").out


def test_what_is_unfamiliar_is_counted() -> None:
    """And not mentioned where there is none."""
    assert "unlike what the model was trained on: 2" in lines(("a", "a"), ("b", "c"), strange=2)
    assert not any("unlike" in line for line in lines(("a", "a")))


def test_the_shipped_model_reads_what_is_generated(cli: Cli) -> None:
    """The headline is the whole captcha, in figures that add up."""
    done = cli("test", "captchas", "--format", "json", "--model", "metu")
    result = json.loads(done.out)
    assert (done.status, done.errors, len(done.rows)) == (0, [], 1)
    assert (result["captcha"]["total"], result["character"]["total"]) == (12, 72)
    assert result["captcha"]["hits"] >= 11
    assert (result["failed"], result["abstained"]) == (0, 0)
    assert sum(cell["count"] for cell in result["confusion"]) == 72
    assert sum(kind["captcha"]["total"] for kind in result["by_kind"].values()) == 12


def test_the_text_has_the_same_figures(cli: Cli) -> None:
    """The table begins with the exact match, and fits a terminal."""
    command = "test", "captchas", "--model", "metu"
    done = cli(*command)
    result = json.loads(cli(*command, "--format", "json").out)
    hits = result["captcha"]["hits"]
    assert (done.status, done.errors) == (0, [])
    assert done.rows[1].startswith("captchas (exact match)")
    assert done.rows[1].endswith(f"{hits} of 12")
    assert done.rows[2].endswith(f"{result['character']['hits']} of 72")
    assert "label \\ read   0   1   2" in done.out
    assert max(map(len, done.rows)) <= 80


def test_a_range_and_more_processes(cli: Cli) -> None:
    """The range is measured and no more; processes have no say."""
    done = cli("test", "captchas", "--first", "3", "--last", "5")
    assert done.rows[1].endswith(" of 3")
    assert cli("test", "captchas", "--first", "3", "--last", "5", "--jobs", "2") == done
    assert one_line(cli("test", "captchas", "--first", "5", "--last", "3"), 2)
    assert one_line(cli("test", "captchas", "--jobs", "0"), 2)


@pytest.mark.parametrize(("worst", "shown"), [(0, 0), (2, 2), (20, 12)])
def test_the_worst_readings_are_listed(cli: Cli, worst: int, shown: int) -> None:
    """As many as are asked for, with what they should have been."""
    rows = [f"{n}.jpeg,000000\n" for n in range(1, 13)]
    Path("captchas/labels.csv").write_text("file,label\n" + "".join(rows))
    done = cli("test", "captchas", "--worst", worst)
    assert (done.status, done.rows[1][-7:]) == (0, "0 of 12")
    assert done.out.count("  label 000000  read ") == shown


def test_labels_of_other_images_are_suspected(cli: Cli) -> None:
    """All wrong is no weak model, and -q does not silence it; check then tells what is wrong."""
    header, *rows = Path("captchas/labels.csv").read_text().splitlines()
    files, labels, kinds = zip(*(row.split(",") for row in rows), strict=True)
    shifted = map(",".join, zip(files, (*labels[1:], labels[0]), kinds, strict=True))
    Path("captchas/labels.csv").write_text("\n".join([header, *shifted]) + "\n")
    Path("captchas/labels.txt").unlink()
    done = cli("test", "captchas", "-q")
    assert done.status == 0
    (line,) = done.errors
    assert line.startswith("warning: none of 12 texts is right: do the labels fit the images? (")
    assert cli("test", "captchas", "-q", "--last", "5").errors == []  # too few to say so
    assert "other images" in " ".join(cli("check", "captchas", "--model", "any").out.split())


def test_a_page_for_people(cli: Cli) -> None:
    """It is written beside what is printed, and holds no link to anywhere."""
    plain = cli("test", "captchas")
    assert cli("test", "captchas", "--report", "report.html") == plain
    page = Path("report.html").read_text(encoding="utf-8")
    assert "12" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (("--length", "4"), "--length: 4 fits none of 12 labels, which have 6 (say --length 6)"),
        (
            ("--length", "7-9"),
            "--length: 7-9 fits none of 12 labels, which have 6 (say --length 6)",
        ),
        (
            ("--charset", "a-z"),
            "--charset: none of 12 labels can be written in it (correct it: the first is ",
        ),
        (
            ("--pattern", "[a-z]+"),
            "--pattern: matches none of 12 labels (correct it: the first is ",
        ),
    ],
)
def test_what_is_told_and_no_label_has_is_refused(
    cli: Cli, told: tuple[str, str], line: str
) -> None:
    """In one line, and not in one for each image: the labels are right and the option is wrong."""
    assert one_line(cli("test", "captchas", *told, "-q"), 2).startswith(line)
    assert cli("test", "captchas", *told, "--last", 1).status == 2


def test_case_is_folded_before_labels_are_held_against_a_charset(cli: Cli) -> None:
    """Small letters are told of labels in capitals, unless the case is to be kept."""
    rows = [f"{n}.jpeg,ABCDEF\n" for n in range(1, 13)]
    Path("captchas/labels.csv").write_text("file,label\n" + "".join(rows))
    Path("captchas/labels.txt").unlink()
    few = "test", "captchas", "--last", 2, "--charset", "a-z"
    assert cli(*few, "--ignore-case").status == cli(*few).status == 0
    assert one_line(cli(*few, "--case", "keep", "-q"), 2).startswith("--charset: none of 2 labels ")

"""captchascope check: the findings as text and as JSON, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands import Cli, one_line, text

HINT = "wrong labels were not looked for: --model would find them"


def relabel(number: int, label: str) -> None:
    """Give one of the captchas another label."""
    csv = Path("captchas/labels.csv")
    rows = csv.read_text(encoding="utf-8").splitlines()
    file, _, kind = rows[number].split(",")
    rows[number] = f"{file},{label},{kind}"
    csv.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_a_good_folder(cli: Cli) -> None:
    """Notes leave the status at 0; the hint is not on stdout."""
    done = cli("check", "captchas")
    assert (done.status, done.errors) == (0, [HINT])
    assert done.rows == [
        "note      labels: 12 samples: expect a model that often misreads",
        "          (label at least 25, better 100 or more)",
        "",
        "alphabet  0123456789 (10 characters)",
        "length    6",
        "images    12, 12 of them with a usable label",
        "found     0 errors, 0 warnings, 1 note",
    ]


def test_json_is_one_object_with_the_same(cli: Cli) -> None:
    """On one line, for a script."""
    done = cli("check", "captchas", "--format", "json", "-q")
    report = json.loads(done.out)
    assert (done.status, done.err, len(done.rows)) == (0, "", 1)
    assert (report["images"], report["samples"], report["lengths"]) == (12, 12, [6, 6])
    assert (report["errors"], report["warnings"], report["notes"]) == (0, 0, 1)
    assert [finding["kind"] for finding in report["findings"]] == ["few-samples"]


def test_a_damaged_image(cli: Cli) -> None:
    """It is named with what is wrong, and the status is 1."""
    path = Path("captchas/3.jpeg")
    path.write_bytes(path.read_bytes()[:400])
    done = cli("check", "captchas")
    assert (done.status, done.errors) == (1, [HINT])
    assert done.rows[0] == "error     images: 1 image cannot be decoded"
    assert done.rows[2].startswith("          3.jpeg  is truncated")
    assert done.rows[-1] == "found     1 error, 0 warnings, 1 note"


def test_a_wrong_label_is_found_by_a_model(cli: Cli) -> None:
    """With what the model reads, and no hint any more."""
    Path("captchas/labels.txt").unlink()
    wrong = text(3, "metu")[:-1] + ("1" if text(3, "metu")[-1] != "1" else "2")
    relabel(3, wrong)
    done = cli("check", "captchas", "--model", "metu")
    assert (done.status, done.errors) == (1, [])
    assert done.rows[2].startswith(
        f"          3.jpeg  label {wrong}  read {text(3, 'metu')}  confidence "
    )


def test_a_label_of_another_length_is_no_obstacle(cli: Cli) -> None:
    """The model reads what is there, whatever length the labels have."""
    relabel(3, text(3, "metu")[:5])
    done = cli("check", "captchas", "--model", "metu", "--format", "json")
    found = {finding["kind"]: finding for finding in json.loads(done.out)["findings"]}
    assert [file["file"] for file in found["likely-wrong"]["files"]] == ["3.jpeg"]
    assert [file["file"] for file in found["odd-length"]["files"]] == ["3.jpeg"]


@pytest.mark.parametrize(
    ("most", "more"), [(2, "and 10 more"), (0, "characters that are not in"), (12, "  12.j")]
)
def test_many_files_are_named_in_part(cli: Cli, most: int, more: str) -> None:
    """The text names as many as are asked for, and JSON all of them."""
    for number in range(1, 13):
        relabel(number, f"12345{number % 10}x")
    options = "captchas", "--charset", "0123456789"
    done = cli("check", *options, "--most", most)
    assert done.out.count("  label 12345") == most
    assert ("more\n" in done.out) is (most == 2)
    assert more in done.out
    [finding, *_] = json.loads(cli("check", *options, "--format", "json").out)["findings"]
    assert len(finding["files"]) == 12


def test_a_terminal_is_not_torn(cli: Cli) -> None:
    """Sentences fit it, and what could steer it is escaped."""
    Path("captchas/1.jpeg").rename("captchas/\x1b[31m.jpeg")
    done = cli("check", "captchas", "--charset", "0123456789")
    assert done.status == 1
    assert "\\x1b[31m.jpeg" in done.out
    assert "\x1b" not in done.out
    sentences = [row for row in done.rows if "jpeg" not in row and "labels.csv" not in row]
    assert max(map(len, sentences)) <= 80


def test_a_range(cli: Cli) -> None:
    """Only that part is checked."""
    Path("captchas/3.jpeg").write_bytes(b"")
    assert cli("check", "captchas", "--first", "4").status == 0
    assert cli("check", "captchas", "--last", "3").status == 1


def test_labels_from_names(cli: Cli) -> None:
    """The option is that of the other commands."""
    Path("captchas/labels.csv").unlink()
    Path("captchas/labels.txt").unlink()
    assert "`1` and `2` are running numbers" in one_line(cli("check", "captchas"), 1)
    done = cli("check", "captchas", "--labels-from", "names", "--format", "json")
    assert json.loads(done.out)["lengths"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["nowhere"], 1),
        (["captchas", "--model", "none"], 1),
        (["captchas", "--charset", "aa"], 2),
        (["captchas", "--first", "9", "--last", "3"], 2),
        (["captchas", "--format", "xml"], 2),
        (["captchas", "--most", "-1"], 2),
    ],
)
def test_what_cannot_be_checked_is_one_line(cli: Cli, arguments: list[str], status: int) -> None:
    """As for every command."""
    assert one_line(cli("check", *arguments), status)

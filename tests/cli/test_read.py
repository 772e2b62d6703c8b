"""captchascope read: its two formats, its order, its ranges and its constraints."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from captchascope.reader import load
from cli.commands import Cli, Done, one_line, shell, text

KEYS = [
    "file",
    "text",
    "value",
    "confidence",
    "chars",
    "error",
    "abstained",
    "unfamiliar",
    "frames",
]


def texts(done: Done) -> list[str]:
    """Return the column of the texts."""
    return [row.split("\t")[1] for row in done.rows]


def names(done: Done) -> list[str]:
    """Return the column of the paths."""
    return [row.split("\t")[0] for row in done.rows]


def objects(done: Done) -> list[dict[str, object]]:
    """Return the rows of jsonl."""
    return [json.loads(row) for row in done.rows]


def test_a_row_is_path_text_and_confidence(cli: Cli) -> None:
    """Separated by tabs, the confidence with four decimals, as the library has them."""
    done = cli("read", "captchas/1.jpeg")
    reading = load().read("captchas/1.jpeg")
    assert done == Done(0, f"captchas/1.jpeg\t{reading.text}\t{reading.confidence:.4f}\n", "")


def test_a_folder_is_read_in_natural_order(cli: Cli) -> None:
    """2 before 10, folders within it too, and other files are passed over."""
    Path("captchas/more").mkdir()
    shutil.copy("captchas/2.jpeg", "captchas/more/2.jpeg")
    done = cli("read", "captchas")
    numbers = [f"captchas/{n}.jpeg" for n in range(1, 13)]
    assert (done.status, done.err) == (0, "")
    assert names(done) == [*numbers, "captchas/more/2.jpeg"]
    assert texts(done) == [*(text(n) for n in range(1, 13)), text(2)]


def test_images_are_found_by_their_content_and_the_rest_is_counted(cli: Cli) -> None:
    """No suffix, one that says nothing, one that is rare; what is no image is told once."""
    for number, name in enumerate(("plain", "captcha.php", "captcha.jfif", "captcha.jpe"), 1):
        Path(f"captchas/{number}.jpeg").rename(f"captchas/{name}")
    Path("captchas/notes.pdf").write_bytes(b"%PDF-1.7")
    Path("captchas/more.html").write_text("<html>")
    done = cli("read", "captchas")
    assert (done.status, len(done.rows)) == (0, 12)
    assert {f"captchas/plain\t{text(1)}", f"captchas/captcha.php\t{text(2)}"} <= {
        row.rpartition("\t")[0] for row in done.rows
    }
    assert done.errors == ["captchas: 2 files passed over: 1 .html, 1 .pdf"]
    assert cli("read", "captchas", "-q").err == ""


def test_base64_is_read_as_a_file_from_stdin_and_as_an_argument(cli: Cli) -> None:
    """A data URI or base64 alone; no row and no error repeats it."""
    plain = base64.b64encode(Path("captchas/1.jpeg").read_bytes()).decode()
    uri = f"data:image/jpeg;base64,{plain}"
    Path("uri.txt").write_text(uri)
    Path("plain.txt").write_text("\n".join(textwrap.wrap(plain, 76)))
    done = cli("read", "uri.txt", "plain.txt", uri, plain)
    assert (done.status, done.err) == (0, "")
    assert texts(done) == [text(1)] * 4
    assert names(done)[:2] == ["uri.txt", "plain.txt"]
    assert all(
        name.endswith(f"… ({len(given):,} characters)")
        for name, given in zip(names(done)[2:], (uri, plain), strict=True)
    )
    broken = cli("read", uri[:900] + "!" * 9000)
    assert "is a data URI that is damaged" in one_line(broken, 1)
    assert len(broken.err) < 300


def test_which_frames_of_an_animation_were_read_is_told(cli: Cli) -> None:
    """Once for all on stderr, for each in its row; --frames chooses."""
    whole = Image.open("captchas/1.jpeg").convert("L")
    half, other = whole.copy(), whole.copy()
    half.paste(255, (0, 0, 75, 50))
    other.paste(255, (75, 0, 150, 50))
    half.save("flashing.gif", save_all=True, append_images=[other], duration=100)
    half.save("typed.png", save_all=True, append_images=[whole], duration=100)
    done = cli("read", "flashing.gif", "typed.png", "captchas/1.jpeg", "--format", "jsonl")
    assert [row["text"] for row in objects(done)] == [text(1)] * 3
    assert [row["frames"] for row in objects(done)] == ["all 2", "2 of 2", None]
    chosen = "(--frames chooses; jsonl says which)"
    assert done.errors == [f"2 animations: all frames of 1 merged, one frame of 1 read {chosen}"]
    first = cli("read", "typed.png", "--frames", "first", "-q")
    assert (first.err, texts(first) == [text(1)]) == ("", False)
    assert "--frames" in one_line(cli("read", "typed.png", "--frames", "none"), 2)


@pytest.mark.parametrize("given", ["captchas", "captchas/", "./captchas", "captchas/../captchas"])
def test_a_folder_stays_as_it_was_given(cli: Cli, given: str) -> None:
    """A row's file is the path as given, a slash, and the path within it."""
    done = cli("read", given, "--last", "1")
    assert names(done) == [given.rstrip("/") + "/1.jpeg"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_the_order_is_as_given(cli: Cli, place: Path, form: str) -> None:
    """Files, folders and absolute paths, also twice, each exactly as it was given."""
    given = ["captchas/3.jpeg", "./captchas/1.jpeg", "captchas", f"{place}/captchas/2.jpeg"]
    done = cli("read", *given, "captchas/3.jpeg", "--format", form, "--last", "2")
    within = ["captchas/1.jpeg", "captchas/2.jpeg"]
    wanted = [*given[:2], *within, given[3], "captchas/3.jpeg"]
    rows = names(done) if form == "text" else [row["file"] for row in objects(done)]
    assert rows == wanted


def test_a_jsonl_row_has_what_the_contract_says(cli: Cli) -> None:
    """The keys in their order; the characters and the confidences agree with each other."""
    done = cli("read", "captchas/1.jpeg", "--format", "jsonl")
    (row,) = (json.loads(line) for line in done.rows)
    assert (done.status, list(row)) == (0, KEYS)
    assert (row["file"], row["text"], row["value"]) == ("captchas/1.jpeg", text(1), None)
    assert (row["error"], row["abstained"], row["unfamiliar"]) == (None, False, False)
    assert "".join(char["char"] for char in row["chars"]) == text(1)
    for char in row["chars"]:
        assert list(char) == ["char", "confidence"]
        assert row["confidence"] <= char["confidence"] <= 1


def test_one_image_comes_from_stdin(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is the dash, at its place among the others."""
    data = Path("captchas/2.jpeg").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    done = cli("read", "captchas/1.jpeg", "-", "captchas/3.jpeg")
    assert names(done) == ["captchas/1.jpeg", "-", "captchas/3.jpeg"]
    assert texts(done) == [text(1), text(2), text(3)]


def test_one_image_comes_through_a_real_pipe(place: Path) -> None:
    """As in ``cat captcha.jpeg | captchascope read -``."""
    done = shell("cat captchas/1.jpeg | captchascope read -")
    assert (done.status, done.out[:9], done.err) == (0, f"-\t{text(1)}\t", "")


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [(1, 3, [1, 2, 3]), (2, 2, [2]), (11, None, [11, 12]), (None, 2, [1, 2])],
)
def test_a_range_counts_from_one(
    cli: Cli, first: int | None, last: int | None, wanted: list[int]
) -> None:
    """Both ends are included; one left away is the folder's."""
    options = [] if first is None else ["--first", first]
    options += [] if last is None else ["--last", last]
    assert names(cli("read", "captchas", *options)) == [f"captchas/{n}.jpeg" for n in wanted]


@pytest.mark.parametrize(("first", "last"), [(0, 3), (3, 2), (1, 13), (13, 13), (-1, 2), (1, 0)])
def test_a_range_outside_the_folder(cli: Cli, first: int, last: int) -> None:
    """It is wrong usage, and the line names the valid ones."""
    line = one_line(cli("read", "captchas", "--first", first, "--last", last), 2)
    assert line == (
        f"captchas: has no range of images {first} to {last} (choose 1 <= first <= last <= 12)"
    )


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_more_processes_give_the_same(cli: Cli, form: str) -> None:
    """Rows, order, errors and status."""
    Path("captchas/5.jpeg").write_bytes(b"")
    arguments = ["read", "captchas", "none.png", "captchas/1.jpeg", "--format", form]
    alone, together = cli(*arguments), cli(*arguments, "--jobs", "2")
    assert alone.status == 1
    assert together == alone


def test_abstaining_in_text(cli: Cli) -> None:
    """The row is there with nothing where the text would be; the status tells, no error does."""
    sure = [float(row.split("\t")[2]) for row in cli("read", "captchas").rows]
    bound = (min(sure) + max(sure)) / 2
    done = cli("read", "captchas", "--min-confidence", bound)
    wanted = [text(n) if s >= bound else "" for n, s in enumerate(sure, 1)]
    assert (done.status, done.err) == (1, "")
    assert names(done) == [f"captchas/{n}.jpeg" for n in range(1, 13)]
    assert texts(done) == wanted
    assert "" in wanted


def test_abstaining_in_jsonl(cli: Cli) -> None:
    """No text, but what it would have been made of."""
    done = cli("read", "captchas/1.jpeg", "--min-confidence", "1", "--format", "jsonl")
    row = json.loads(done.out)
    assert (done.status, done.err) == (1, "")
    assert (row["text"], row["abstained"], row["error"]) == (None, True, None)
    assert 0 < row["confidence"] <= 1
    assert "".join(char["char"] for char in row["chars"]) == text(1)


def test_what_is_no_sum_has_no_result(cli: Cli) -> None:
    """Nothing is made up: the row is there without one, and a line says why."""
    done = cli("read", "captchas/1.jpeg", "--solve")
    what = "captchas/1.jpeg: shows no sum (leave --solve away to read its text)"
    assert (done.status, texts(done), done.err) == (1, [""], f"captchascope: {what}\n")
    rows = cli("read", "captchas/1.jpeg", "--solve", "--format", "jsonl").rows
    row = json.loads(rows[0])
    assert (row["text"], row["value"], row["abstained"], row["error"]) == (None, None, True, None)


@pytest.mark.parametrize("value", ["-0.1", "1.1", "nan"])
def test_a_confidence_is_a_probability(cli: Cli, value: str) -> None:
    """Anything else is wrong usage."""
    assert "--min-confidence: must be 0 to 1" in one_line(
        cli("read", "captchas", "--min-confidence", value), 2
    )


GLYPHS = ["--model", "metu-glyphs"]

CONTRADICTIONS = {
    "--method: whole contradicts the model, which reads by glyphs (": [
        *GLYPHS,
        "--method",
        "whole",
    ],
    "--method: glyphs contradicts the model, which reads by whole (": [
        *("--model", "any", "--method", "glyphs"),
    ],
    "--charset: has nothing in common with the model's (": [*GLYPHS, "--charset", "abc"],
    "--charset: a charset needs at least one character (": ["--charset", ""],
    "--charset: ": ["--charset", "11"],
    "--charset: 9-0 is a range backwards (": ["--charset", "9-0"],
    "--case: keep contradicts ignoring case (": ["--ignore-case", "--case", "keep"],
    "--rows: cannot be 'two' (": ["--rows", "two"],
    "--ink: cannot be 'mauve' (": ["--ink", "mauve"],
    "--frames: cannot be '0' (": ["--frames", "0"],
    "--length: the model reads 6 characters (": [*GLYPHS, "--length", "5"],
    "--length: the model reads 6 characters (leave it away, or include 6)": [
        *GLYPHS,
        "--length",
        "7-9",
    ],
    "--length: is no length: six (": ["--length", "six"],
    "--length: is no length: 6-4 (": ["--length", "6-4"],
    "--pattern: [ at character 2 has no end (": ["--pattern", "(["],
    "--pattern: matches no text that the model can read (": [*GLYPHS, "--pattern", "[a-z]{6}"],
    "--jobs: must be at least 1, not 0 (": ["--jobs", "0"],
}


@pytest.mark.parametrize("begins", CONTRADICTIONS)
def test_what_can_never_be_read_is_wrong_usage(cli: Cli, begins: str) -> None:
    """It is known before an image is read; the line names the option."""
    done = cli("read", "captchas", *CONTRADICTIONS[begins])
    assert one_line(done, 2).startswith(begins)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        (["--charset", "0-6"], lambda found: set(found) <= set("0123456")),
        (["--length", "4-6"], lambda found: 4 <= len(found) <= 6),
        (["--pattern", "[0-4][0-9]{1,8}"], lambda found: found[0] < "5"),
        (["--pattern", "[0-9]{5}[13579]", "--charset", "012345"], lambda found: found[5] in "135"),
        ([*GLYPHS, "--method", "glyphs", "--ignore-case"], lambda found: found.isdecimal()),
    ],
)
def test_constraints_are_kept(cli: Cli, options: list[str], fits: Callable[[str], bool]) -> None:
    """Every text that is read satisfies them, whatever else the image says."""
    done = cli("read", "captchas", "--last", "6", *options)
    read = [found for found in texts(done) if found]
    assert read
    assert all(fits(found) for found in read)


def test_a_model_file_in_the_place_of_a_name(cli: Cli) -> None:
    """The shipped model by its path reads the same."""
    from captchascope.reader import model_path

    shutil.copy(model_path("any"), "mine.onnx")
    wanted = cli("read", "captchas")
    assert cli("read", "captchas", "--model", "mine.onnx") == wanted
    assert cli("read", "captchas", "--model", "any") == wanted


def test_a_method_without_a_model_takes_its_own(cli: Cli) -> None:
    """The model that cuts glyphs, or the one that reads anything."""
    glyphs, whole = (cli("read", "captchas", "--method", way) for way in ("glyphs", "whole"))
    assert glyphs == cli("read", "captchas", *GLYPHS)
    assert whole == cli("read", "captchas")


def test_a_range_that_fits_no_later_folder_is_known_before_anything_is_read(
    cli: Cli, place: Path
) -> None:
    """So nothing that was read is lost by it."""
    (place / "few").mkdir()
    (place / "few" / "1.jpeg").write_bytes((place / "captchas" / "1.jpeg").read_bytes())
    done = cli("read", "captchas", "few", "--last", 3)
    assert (done.status, done.out) == (2, "")


def test_a_range_needs_a_folder(cli: Cli) -> None:
    """It would count nothing else."""
    assert cli("read", "captchas/1.jpeg", "--first", 1).status == 2


def test_csv_has_a_header_and_what_a_row_of_json_has(cli: Cli) -> None:
    """RFC 4180: lines end in CRLF; null is empty, and true and false are as JSON writes them."""
    Path("captchas/2.jpeg").write_bytes(b"no image")
    done = cli("read", "captchas", "--last", "3", "--format", "csv")
    assert done.status == 1
    assert done.out.count("\r\n") == done.out.count("\n") == 4
    header, *rows = csv.reader(io.StringIO(done.out, newline=""), strict=True)
    assert header == ["file", "text", "confidence", "error", "abstained", "unfamiliar"]
    for row, told in zip(
        rows, objects(cli("read", "captchas", "--last", "3", "--format", "jsonl")), strict=True
    ):
        values = [told[column] for column in header]
        assert row == [
            "" if value is None else value if isinstance(value, str) else json.dumps(value)
            for value in values
        ]
    assert (rows[1][1], bool(rows[1][3])) == ("", True)


def test_csv_of_sums_has_their_values(cli: Cli) -> None:
    """In a column of its own, after those that are always there."""
    done = cli("read", "captchas/1.jpeg", "--format", "csv", "--solve")
    header, row = csv.reader(io.StringIO(done.out, newline=""), strict=True)
    assert (header[-1], row[-1], row[4]) == ("value", "", "true")


@pytest.mark.skipif(os.name != "posix", reason="needs names that Windows has not")
@pytest.mark.parametrize("name", ['a,b "c".jpeg', "=1+1.jpeg", "münze.jpeg", "a;b.jpeg"])
def test_csv_keeps_every_name(cli: Cli, name: str) -> None:
    """Commas, quotes, and what a spreadsheet would take for a formula: as collected.csv does."""
    Path("captchas/1.jpeg").rename(name)
    done = cli("read", name, "--format", "csv")
    _, row = csv.reader(io.StringIO(done.out, newline=""), strict=True)
    assert row[:2] == [name, text(1)]


def test_a_table_has_all_readings_in_columns(cli: Cli) -> None:
    """Without colours, and no path cut, where it is no terminal."""
    folder = Path("a" * 120)
    shutil.copytree("captchas", folder)
    (folder / "2.jpeg").write_bytes(b"no image")
    done = cli("read", folder, "--format", "table")
    header, first, second, *_ = done.rows
    assert header.split() == ["file", "text", "confidence", "note"]
    assert first.split()[:2] == [f"{folder}/1.jpeg", text(1)]
    assert second.split()[0] == f"{folder}/2.jpeg"
    assert (len(done.rows), "\x1b" in done.out) == (13, False)

"""Where the labels come from: whichever command takes them says it, on one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands import Cli, text

FROM_CSV = f"labels: from captchas/labels.csv, `{text(1)}` of `1.jpeg`; 12 of 12 images"


@pytest.mark.parametrize(
    "command",
    [
        ["check", "captchas"],
        ["check", "captchas", "--format", "json"],
        ["convert", "captchas", "new", "--to", "csv"],
        ["segment", "captchas", "glyphs"],
        ["test", "captchas"],
    ],
)
def test_every_command_says_it(cli: Cli, command: list[str]) -> None:
    """With an example and counts; -q silences it, as it does every note."""
    assert cli(*command).origins == [FROM_CSV]


def test_it_is_a_note(cli: Cli) -> None:
    """-q silences it."""
    assert cli("convert", "captchas", "new", "--to", "csv", "-q").err == ""


def test_it_counts_what_has_a_label(cli: Cli) -> None:
    """Of the part that is asked for, whose first label is the example."""
    csv = Path("captchas/labels.csv")
    csv.write_text("".join(csv.read_text().splitlines(keepends=True)[:9]))
    [line] = cli("test", "captchas", "--first", "5").origins
    assert line == f"labels: from captchas/labels.csv, `{text(5)}` of `5.jpeg`; 4 of 8 images"


def test_it_is_in_the_report_of_check(cli: Cli) -> None:
    """So that a script has it too."""
    report = json.loads(cli("check", "captchas", "--format", "json").out)
    assert report["origin"] == FROM_CSV


def test_names_of_folders(cli: Cli) -> None:
    """What ``segment`` writes says so."""
    cli("segment", "captchas", "glyphs")
    [line] = cli("check", "glyphs", "--labels-from", "imagefolder").origins
    assert line.startswith("labels: from names of folders, `0` of `0/")

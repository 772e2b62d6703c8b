"""captchascope schemes and captchascope models: what ships."""

from __future__ import annotations

import re
from pathlib import Path

from captchascope.glyphs.scheme import load
from captchascope.reader import model_names

from .commands import Cli, one_line, text


def test_every_scheme_has_a_line(cli: Cli) -> None:
    """Its name and what it is."""
    done = cli("schemes")
    assert (done.status, done.err) == (0, "")
    assert done.rows == [f"metu\t{load('metu').title}"]


def test_a_scheme_can_be_shown_and_used(cli: Cli) -> None:
    """What is printed is a scheme file, the same one."""
    Path("mine.toml").write_text(cli("schemes", "--show", "metu").out)
    assert load("mine.toml") == load("metu")


def test_a_scheme_that_does_not_ship_cannot_be_shown(cli: Cli) -> None:
    """The line names those that do."""
    line = one_line(cli("schemes", "--show", "none"), 1)
    assert line == "none: no such scheme ships (name one of metu)"


def test_every_model_has_a_line(cli: Cli) -> None:
    """Its name, how it reads, what it knows, and how large it is."""
    done = cli("models")
    assert (done.status, done.err) == (0, "")
    assert [row.partition("\t")[0] for row in done.rows] == model_names()
    for row in done.rows:
        assert re.search(r"\tglyphs, reads 0123456789, \d+\.\d% of validation .* \d+ kB$", row)


def test_every_listed_model_reads(cli: Cli) -> None:
    """The names are those that ``--model`` takes."""
    for row in cli("models").rows:
        name = row.partition("\t")[0]
        done = cli("read", "captchas/1.jpeg", "--model", name)
        assert done.out.startswith(f"captchas/1.jpeg\t{text(1)}\t")

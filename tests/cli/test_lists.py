"""captchascope schemes and captchascope models: what ships."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from captchascope import reader
from captchascope.generate import SCHEMES
from captchascope.glyphs.scheme import load_scheme
from captchascope.reader import model_names, model_path
from cli.commands import Cli, one_line, text
from ctc.bars import CHARS, GRAY, write_model

METU_GLYPHS = model_path("metu-glyphs")


def test_every_scheme_has_a_line(cli: Cli) -> None:
    """Its name, whether it can be generated and cut, and what it is."""
    done = cli("schemes")
    assert (done.status, done.err) == (0, "")
    assert done.rows[0] == f"metu\tgenerate, cut\t{load_scheme('metu').title}"
    assert done.rows[1:] == [f"{n}\tgenerate\t{t}" for n, t in SCHEMES.items() if n != "metu"]
    assert len(done.rows) >= 9


def test_the_title_of_metu_is_the_same_in_both_places() -> None:
    """Generated and cut it is one scheme."""
    assert SCHEMES["metu"] == load_scheme("metu").title


def test_a_scheme_can_be_shown_and_used(cli: Cli) -> None:
    """What is printed is a scheme file, the same one."""
    Path("mine.toml").write_text(cli("schemes", "--show", "metu").out)
    assert load_scheme("mine.toml") == load_scheme("metu")


def test_a_scheme_that_does_not_ship_cannot_be_shown(cli: Cli) -> None:
    """The line names those that do."""
    line = one_line(cli("schemes", "--show", "none"), 1)
    assert line == "none: no such scheme ships (name one of metu)"


def test_a_scheme_that_is_only_generated_cannot_be_shown(cli: Cli) -> None:
    """It has no file that says how it is cut."""
    line = one_line(cli("schemes", "--show", "wavy"), 1)
    assert line == "wavy: is only generated, so there is nothing to show (name one of metu)"


def test_every_model_has_a_line(cli: Cli) -> None:
    """Its name, how it reads, what it knows, and how large it is."""
    done = cli("models")
    assert (done.status, done.err) == (0, "")
    assert [row.partition("\t")[0] for row in done.rows] == model_names()
    lines = dict(row.split("\t") for row in done.rows)
    wanted = r"glyphs, reads 0123456789, \d+\.\d% of validation captchas right, \d+ kB"
    assert re.fullmatch(wanted, lines["metu-glyphs"])
    assert all(re.match(r"(whole|glyphs), reads .*, \d+ kB$", line) for line in lines.values())


@pytest.mark.parametrize(
    ("lengths", "channels", "line"),
    [
        (None, 1, "whole, reads "),
        ((4, 6), 3, "whole, reads 4 to 6 of "),
        ((5, 5), 1, "reads 5 of "),
    ],
)
def test_a_model_that_knows_its_texts_says_so(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    lengths: tuple[int, int] | None,
    channels: Literal[1, 3],
    line: str,
) -> None:
    """How long they are, which characters they have, and whether it looks at colours."""
    monkeypatch.setattr(reader, "_FOLDER", Path.cwd())
    shutil.copy(METU_GLYPHS, "metu-glyphs.onnx")
    write_model(Path("mine.onnx"), replace(GRAY, channels=channels), lengths=lengths)
    (row,) = (row for row in cli("models").rows if row.startswith("mine\t"))
    assert f"{line}{CHARS}{', in colour' if channels == 3 else ''}, " in row


def test_a_model_that_few_texts_validated_says_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how many they were."""
    monkeypatch.setattr(reader, "_FOLDER", Path.cwd())
    metrics = {"validation_captcha": 0.88, "validation_samples": 25}
    write_model(Path("mine.onnx"), metrics=metrics)
    (row,) = cli("models").rows
    assert ", 88.0% of 25 validation captchas right, confidence uncalibrated, " in row


def test_the_default_models_ship() -> None:
    """Each reads by its own method; what is named by none reads anything."""
    for method, name in reader.DEFAULT_MODELS.items():
        assert reader.load(name).model.metadata.method == method
    assert reader.load().path == model_path("any")


def test_every_listed_model_reads(cli: Cli) -> None:
    """The names are those that ``--model`` takes."""
    for row in cli("models").rows:
        name = row.partition("\t")[0]
        done = cli("read", "captchas/1.jpeg", "--model", name)
        assert (done.status, len(done.rows)) == (0, 1)
        assert done.out.startswith(f"captchas/1.jpeg\t{text(1, name)}\t")

"""Options that several commands have, and what errors call them."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature

import pytest

from captchascope.cli.options import parse_duration
from captchascope.cli.read import read_command
from captchascope.decode import ReadOptions
from captchascope.reader import load
from cli.commands import Cli, one_line


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("10m", 600), ("2h", 7200)]
)
def test_a_number_and_a_unit(text: str, seconds: float) -> None:
    """Seconds where there is no unit."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5 m", "5d", "m", "1e3", "10:00", "inf"])
def test_everything_else_is_wrong_usage(cli: Cli, text: str) -> None:
    """The line shows how it is written."""
    line = one_line(cli("train", "captchas", "-o", "m.onnx", "--time-limit", text), 2)
    assert line == (
        "train: invalid value for '--time-limit': "
        f"{text!r} is no duration; write 90s, 10m or 2h (see captchascope train --help)"
    )


def test_the_options_of_reading_have_the_same_names_everywhere() -> None:
    """In Python, on the command line, and where they are kept."""
    names = {field.name for field in fields(ReadOptions) if field.init}
    assert names == signature(load).parameters.keys() - {"model", "threads", "providers"}
    assert names <= {option.name for option in read_command.params}


@pytest.mark.parametrize(
    "command",
    [
        "read captchas",
        "test captchas",
        "check captchas --model metu",
        "serve --port 0",
        "label captchas --port 0",
    ],
)
def test_a_provider_that_is_not_there_is_refused_at_once(cli: Cli, command: str) -> None:
    """By every command that reads, before it does anything; the line has those that there are."""
    if command.startswith(("serve", "label")):
        pytest.importorskip("fastapi", reason="needs the extra 'web'")
    line = one_line(cli(*command.split(), "--provider", "abacus"), 2)
    assert line.startswith("--provider: has abacus, which this ONNX Runtime lacks (choose one of ")
    assert "CPUExecutionProvider" in line


def test_the_provider_that_reads_is_told(cli: Cli) -> None:
    """By -v; what is left to captchascope is what the library takes, too."""
    for told, provider in (("auto", load().model.provider), ("cpu", "CPUExecutionProvider")):
        done = cli("read", "-v", "captchas/1.jpeg", "--provider", told)
        assert done.status == 0
        assert f": whole by {provider}, reads 0123456789" in done.errors[0]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "read x.png --min-confidence 2",
            "--min-confidence: must be 0 to 1, not 2.0 (such as 0.9)",
        ),
        ("read x.png --length six", "--length: is no length: six (write 6, or 4-6)"),
        ("read x.png --jobs 0", "--jobs: must be at least 1, not 0 (give a positive number)"),
        ("generate wavy out --font none", "--font: must be of "),
        ("generate wavy out --noise 9", "--noise: must be 0 to "),
        ("generate seed out --seed 1", "seed: is no scheme that can be generated"),
    ],
)
def test_an_error_names_the_option_as_it_is_typed(cli: Cli, arguments: str, line: str) -> None:
    """The library names the parameter; a value that is called like one is left as it is."""
    assert one_line(cli(*arguments.split()), 2).startswith(line)


@pytest.mark.parametrize("command", ["read", "test"])
def test_what_a_model_does_not_read_of_a_charset_is_warned_of(cli: Cli, command: str) -> None:
    """Even with -q, and the status stays: brackets, commas and foreign signs are slips."""
    for written, named in (("[0-9]", "[ ]"), ("0-9,a-z", ","), ("0-9€", "€"), ("0-9ä", "ä")):
        done = cli(command, "captchas", "--charset", written, "-q")
        assert done.status == 0
        assert f"warning: --charset: model any does not read {named} (write " in done.err


def test_a_charset_that_is_wider_than_a_model_is_no_slip(cli: Cli) -> None:
    """A script tells all letters and digits to every model, and small ones to one of capitals."""
    for model, told in (("metu", "0-9A-Z"), ("any", "0-9a-z"), ("any", "0-9+=?×-")):
        assert cli("read", "captchas", "--model", model, "--charset", told).errors == []

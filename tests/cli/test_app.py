"""The command line as a whole: help, options that all commands share, and how it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import captchascope
from captchascope.cli.app import COMMANDS
from captchascope.records import FloatArray
from cli.commands import Cli, ended, one_line, start

BARE = "captchascope reads text captchas. Three ways to begin:"


def test_bare_it_shows_three_examples(cli: Cli) -> None:
    """The name alone tells what to type next."""
    done = cli()
    assert (done.status, done.err) == (0, "")
    assert done.rows[0] == BARE
    examples = [row for row in done.rows if row.startswith("  captchascope ")]
    assert len(examples) == 3


def test_the_three_examples_run(cli: Cli) -> None:
    """They are run one after the other, as they stand."""
    for row in cli().rows:
        if row.startswith("  captchascope "):
            command = re.split(r"\s{3,}", row.strip())[0].split()
            assert cli(*command[1:]).status == (1 if "generate" in command else 0)
            if "generate" in command:  # the captchas are there already
                assert cli(*command[1:3], "others", *command[4:]).status == 0


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(cli: Cli, command: str, option: str) -> None:
    """The example begins with the command itself."""
    done = cli(command, option)
    assert (done.status, done.err) == (0, "")
    assert "Example" in done.out
    assert f"  captchascope {command}" in done.out.partition("Example")[2]


def test_help_lists_every_command(cli: Cli) -> None:
    """One line each, in the order of the work."""
    done = cli("--help")
    listed = re.findall(r"^  ([a-z][a-z-]+)  +[A-Z]", done.out, re.MULTILINE)
    assert (done.status, listed) == (0, list(COMMANDS))


def test_version(cli: Cli) -> None:
    """It is the package's."""
    done = cli("--version")
    assert (done.status, done.out) == (0, f"captchascope {captchascope.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nonsense"], "no such command 'nonsense'"),
        (["--nonsense"], "no such option '--nonsense'"),
        (["read", "--nonsense"], "no such option '--nonsense'"),
        (["read"], "missing argument 'PATH...'"),
        (["read", "x", "--format", "xml"], "invalid value for '--format'"),
        (["read", "x", "--jobs", "two"], "invalid value for '--jobs'"),
        (["explain", "x"], "missing option '-o'"),
        (["models", "x"], "unexpected extra argument"),
        (["raed", "x"], "did you mean read?"),
        (["read", "x", "--modle", "metu"], "did you mean --model?"),
        (["train", "x", "-o", "y", "--recipe", "defualt"], "did you mean default?"),
        (["check", "x", "--labels-from", "nmes"], "did you mean names?"),
    ],
)
def test_wrong_usage_is_one_line(cli: Cli, arguments: list[str], named: str) -> None:
    """It names what is wrong, and the help that tells how it is right."""
    line = one_line(cli(*arguments), 2)
    assert named in line
    assert line.endswith("--help)")
    assert not line.startswith("captchascope")  # whose line it is, is said once


def test_quiet_leaves_results_and_errors(cli: Cli) -> None:
    """-q takes the notes away, not the errors; -v adds to them."""
    plain = cli("read", "captchas/1.jpeg", "none.jpeg")
    quiet = cli("read", "-q", "captchas/1.jpeg", "none.jpeg")
    verbose = cli("read", "-v", "captchas/1.jpeg", "none.jpeg")
    assert plain.out == quiet.out == verbose.out
    assert plain.err == quiet.err
    assert verbose.err.endswith(plain.err)
    assert len(verbose.errors) > len(plain.errors)
    assert cli("generate", "metu", "noted", "--count", "1").errors == [
        "1 captchas of metu in noted"
    ]
    assert cli("generate", "metu", "unnoted", "--count", "1", "-q").err == ""


READ = ["read", "captchas/1.jpeg", "--model", "metu-glyphs"]


def test_debug_shows_the_traceback(cli: Cli) -> None:
    """Of what ends the command, of what it goes on after, and of wrong usage; the line stays."""
    for arguments, status in (
        (["read", "none.jpeg"], 1),
        ([*READ, "--method", "whole"], 2),
        (["read", "captchas", "--nonsense"], 2),
        (["segment", "none", "out"], 1),
    ):
        done = cli(*arguments, "--debug")
        assert done.status == status
        assert done.errors[0] == "Traceback (most recent call last):"
        assert done.errors[-1] == cli(*arguments).errors[-1]


def test_what_nobody_thought_of_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the tool says so, on one line, and how to see more."""

    def broken(*_: object, **__: object) -> FloatArray:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr("captchascope.model.file.ModelFile.run", broken)
    line = one_line(cli(*READ), 1)
    assert line.startswith("unexpected: ZeroDivisionError: one two (--debug shows")


def test_memory_that_is_not_enough(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's to mend, not a defect."""

    def starved(*_: object, **__: object) -> FloatArray:
        raise MemoryError

    monkeypatch.setattr("captchascope.model.file.ModelFile.run", starved)
    assert one_line(cli(*READ), 1).startswith("memory: is not enough (")


def test_an_interrupt_inside_a_compiled_module(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the import of one surfaces as an ImportError."""

    def interrupted(*_: object, **__: object) -> FloatArray:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("captchascope.model.file.ModelFile.run", interrupted)
    done = cli(*READ)
    assert (done.status, done.errors) == (
        130,
        ["captchascope: interrupted: nothing is left half done"],
    )


def test_the_shell_completes_commands_and_options(place: Path) -> None:
    """The script that bash asks for, and what it then asks for."""
    script = ended(start(env={"_CAPTCHASCOPE_COMPLETE": "bash_source"}))
    assert script.status == 0
    assert "complete -o nosort -F _captchascope_completion captchascope" in script.out
    assert completed("re") == ["plain,read"]


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("read --model m", ["metu", "metu-glyphs"]),
        ("train --from ", ["any", "none"]),
        ("segment --scheme ", ["metu"]),
        ("generate met", ["metu", "metu-wide"]),
        ("check --labels-from im", ["imagefolder"]),
    ],
)
def test_the_shell_completes_models_schemes_and_forms(begun: str, offered: list[str]) -> None:
    """Their names, where a name may stand; a file where no name begins so."""
    assert completed(begun) == [f"plain,{name}" for name in offered]
    *words, _ = begun.split(" ")
    assert completed(" ".join([*words, "other/fi"])) == ["file,other/fi"]


def completed(begun: str) -> list[str]:
    """Return what bash is offered after the beginning of a command line."""
    asked = {"COMP_WORDS": f"captchascope {begun}", "COMP_CWORD": str(len(begun.split(" ")))}
    answer = ended(start(env=asked | {"_CAPTCHASCOPE_COMPLETE": "bash_complete"}))
    assert answer.status == 0
    return answer.out.splitlines()


def test_a_choice_that_is_missing_is_told_on_one_line(cli: Cli) -> None:
    """The forms stand one after the other, with commas, as in all other messages."""
    line = one_line(cli("convert", "captchas", "out"), 2)
    assert line.startswith("convert: missing option '--to'; choose one of csv, txt, jsonl, names, ")
    assert "\\" not in line

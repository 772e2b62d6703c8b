"""The tutorial's table of the classic steps: what it names is there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from captchascope.cli.app import COMMANDS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")

STEPS = (
    *("click bot", "folder and label file", "annotation", "kind", "filters", "threshold"),
    *("components", "clip", "split", "repair", "saveDigits", "Net", "training", "test", "breaker"),
)


def rows() -> list[list[str]]:
    """Return the cells of the table: step, command, function, section and picture."""
    table = re.search(r"^## The classic steps\n.*?^\|---.*?\n(.*?)\n\n", PAGE, re.DOTALL | re.M)
    assert table
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table[1].splitlines()]


def quoted(column: int) -> list[str]:
    """Return the code in a column of the table."""
    return [code for row in rows() for code in re.findall(r"`([^`]+)`", row[column])]


def anchors(document: Path) -> set[str]:
    """Return the anchors of the headings of a document, as GitHub and MyST make them."""
    heads = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


def test_every_classic_step_is_in_the_table() -> None:
    """In the order of the work, each with a command, a function and a place."""
    assert tuple(row[0] for row in rows()) == STEPS
    assert all(len(row) == 4 and all(row) for row in rows())


def test_every_command_of_the_table_exists() -> None:
    """With its options."""
    for line in quoted(1):
        name, *words = line.split()
        assert name in COMMANDS, line
        module = import_module(f"captchascope.cli.{name}")
        command: click.Command = getattr(module, f"{name}_command")
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, line


def test_every_function_of_the_table_is_there() -> None:
    """Each is imported by the path that it stands under."""
    for path in quoted(2):
        module, _, name = path.rpartition(".")
        if module.startswith("captchascope.train.glyphs"):
            pytest.importorskip("torch")
        if module.startswith("captchascope.collect"):
            pytest.importorskip("stamina", reason="needs the extra 'collect'")
        assert callable(getattr(import_module(module), name)), path


def test_every_place_of_the_table_is_there() -> None:
    """Sections here and in other documents, and pictures."""
    links = [link for row in rows() for link in re.findall(r"\]\(([^)]+)\)", row[3])]
    assert len(links) >= len(STEPS)
    for link in links:
        file, _, anchor = link.partition("#")
        document = DOCS / (file or "tutorial.md")
        assert document.is_file(), link
        assert not anchor or anchor in anchors(document), link

"""What the documents show: Python whose names are there, commands and options that exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

import click
import pytest

from captchascope.cli.app import COMMANDS, command_line
from captchascope.cli.output import Console
from shown import ROOT, Shown, blocks, commands

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def imported(document: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a document's Python takes from captchascope."""
    code = blocks(document.read_text(encoding="utf-8"), "python")
    for node in ast.walk(ast.parse("\n".join(code))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("captchascope"):
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_what_the_documents_import_is_there() -> None:
    """A name that moves takes them along."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    offenders = [
        f"{document.name}: from {module} import {name}"
        for document in PAGES
        for module, name in imported(document)
        if not (hasattr(import_module(module), name) or find_spec(f"{module}.{name}"))
    ]
    assert offenders == []


def shown_on(page: Path) -> list[Shown]:
    """Return the commands of captchascope that a page shows."""
    found = commands(page.read_text(encoding="utf-8"))
    return [each for each in found if each.line.startswith("captchascope ")]


def test_every_command_is_shown() -> None:
    """In the README or on a page: a command that nobody reads about is not there."""
    named = {each.line.split()[1] for page in PAGES for each in shown_on(page)}
    assert named >= set(COMMANDS)


def words_of(line: str) -> list[str]:
    """Return the arguments of a line's first command, without what its output goes to."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return [*takewhile(lambda word: word[0] not in "|&;<>", lexer)][1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_command_line_understands_what_a_page_shows(page: Path) -> None:
    """Commands, options and their values, whatever files they are about; nothing is run."""
    offenders = []
    for each in shown_on(page):
        name, *arguments = words_of(each.line)
        if name == "--version":
            continue
        command = command_line.get_command(click.Context(command_line), name)
        assert command is not None, each.line
        try:
            command.make_context(name, arguments, obj=Console())
        except click.ClickException as error:
            offenders.append(f"{each.line}: {error.format_message()}")
    assert offenders == []


def test_no_page_installs_from_a_registry() -> None:
    """Where the package is not published: who follows the page would get somebody else's."""
    offenders = [
        page.name
        for page in PAGES
        if re.search(r"pip install[^`\n]* '?captchascope\b", page.read_text(encoding="utf-8"))
    ]
    assert offenders == []


def test_every_file_of_the_source_that_a_page_names_is_there() -> None:
    """From the root of the project, or from the package's own."""
    roots = (ROOT, ROOT / "src" / "captchascope")
    named = {
        path
        for page in PAGES
        for path in re.findall(
            r"`([a-z_]+/[\w/.-]*\.py|[a-z_]+(?:/\w+)*/)`", page.read_text(encoding="utf-8")
        )
    }
    assert len(named) >= 20
    assert {path for path in named if not any((root / path).exists() for root in roots)} == set()


def test_every_share_that_a_page_names_stands_in_the_results() -> None:
    """To the digit: bench/RESULTS.md has the command that measured it, and a page only repeats it.

    What commands print is compared where they are run.
    """
    results = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    measured = {float(each) for each in re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", results)}
    shares, offenders = 0, []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for share in re.findall(r"(\d+\.\d+) ?%", text):
            shares += 1
            if float(share) not in measured:
                offenders.append(f"{page.name}: {share} %")
    assert shares >= 40
    assert offenders == []


def test_the_lowest_versions_that_the_upgrade_names_are_those_of_the_package() -> None:
    """Whoever upgrades looks there, and a bound that is raised later is easily forgotten."""
    page = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| older packages \|(.*)\|$", page, re.MULTILINE)
    named = re.findall(r"([A-Z]?[a-z]\w+|FastAPI) (\d[\d.]*)(?<!\.)", row)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert len(named) >= 8
    for package, version in named:
        assert set(re.findall(rf'"{package.lower()}>=([\d.]+)"', project)) == {version}, package

"""The tables of what is not run as it is typed: no row too many, and no page forgotten."""

from __future__ import annotations

import re
from pathlib import Path

from pages.tables import ADDED, ENDS, NOT_RUN, OTHERWISE
from pages.walk import key_of
from shown import ROOT, steps

DOCS = sorted((ROOT / "docs").rglob("*.md"))
ELSEWHERE = {"start.md"}
"""What another test walks: tests/test_start.py."""


def keys(page: Path) -> set[str]:
    """Return what the rows of a page may be called."""
    return {key_of(step) for step in steps(page.read_text(encoding="utf-8"))}


def test_every_page_that_shows_something_to_run_is_walked() -> None:
    """Commands or Python; by a test of this folder, in which nothing else is left out."""
    tests = "".join(each.read_text(encoding="utf-8") for each in Path(__file__).parent.glob("*.py"))
    walked = set(re.findall(r'walker\.walk\(\s*"([\w-]+\.md)"', tests))
    run = {page.name for page in DOCS if keys(page) - NOT_RUN.get(page.name, {}).keys()}
    assert run - ELSEWHERE == walked


def test_no_row_is_of_a_command_that_is_gone() -> None:
    """What is not run, run with more said, run without a look, and what does not end well."""
    there = {page.name: page for page in DOCS}
    gone = [
        (name, key)
        for table in (NOT_RUN, ADDED, OTHERWISE)
        for name, rows in table.items()
        for key in rows
        if key not in keys(there[name])
        and not (table is ADDED and key in there[name].read_text(encoding="utf-8"))
    ]
    assert gone == []
    assert ENDS.keys() - set().union(*map(keys, DOCS)) == set()


def test_most_commands_are_run() -> None:
    """What is left out stays the smaller part."""
    shown = sum(len(keys(page)) for page in DOCS)
    assert sum(map(len, NOT_RUN.values())) < shown / 2

"""What docs/audit.md says of the grade, the findings and the literature is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from captchascope.audit.judge.findings import KINDS
from captchascope.audit.judge.grading import RULES
from captchascope.audit.judge.literature import LITERATURE

DOCUMENT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


def rows(head: str) -> list[list[str]]:
    """Return the cells of the table below a head."""
    (table,) = re.findall(rf"\| {head} \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", DOCUMENT)
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def test_the_rule_of_the_grade_is_that_of_the_code() -> None:
    """Line by line, in order."""
    assert rows(r"grade \| when") == [[rule.grade, rule.when] for rule in RULES]


def test_every_kind_of_finding_is_listed() -> None:
    """With what it says."""
    assert rows(r"kind \| says") == [[f"`{name}`", kind.title] for name, kind in KINDS.items()]


def test_the_literature_is_given_in_full() -> None:
    """All that reports refer to, and nothing else."""
    listed = re.findall(r"^- (.+)$", DOCUMENT.partition("## Literature")[2], re.MULTILINE)
    assert listed == sorted(LITERATURE.values())

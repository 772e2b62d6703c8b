"""A check's report as lines of text, for a terminal of 80 columns and plain in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from captchascope.check import Finding, Mention, Report, Severity
from captchascope.files import printable

__all__ = ["report_lines"]

_WIDTH = 80
_HEAD = 10  # columns of the severity


def report_lines(report: Report, most: int) -> Iterator[str]:
    """Yield every finding, the worst first, and a summary.

    Args:
        report: Of a check.
        most: How many files of a finding are named.
    """
    for finding in report.findings:
        yield from _finding_lines(finding, most)
        yield ""
    yield from _summary_lines(report)


def _summary_lines(report: Report) -> Iterator[str]:
    fewest, most = report.lengths
    if report.samples:
        length = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        count = _counted(len(report.alphabet), "character")
        yield f"{'alphabet':{_HEAD}}{printable(report.alphabet)} ({count})"
        yield f"{'length':{_HEAD}}{length}"
    yield f"{'images':{_HEAD}}{report.images}, {report.samples} of them with a usable label"
    severities: tuple[Severity, ...] = ("error", "warning", "note")
    found = ", ".join(_counted(report.count(severity), severity) for severity in severities)
    yield f"{'found':{_HEAD}}{found if report.findings else 'nothing wrong'}"


def _finding_lines(finding: Finding, most: int) -> Iterator[str]:
    yield from _wrapped(f"{finding.severity:{_HEAD}}", f"{finding.where}: {finding.what}")
    if finding.remedy:
        yield from _wrapped(" " * _HEAD, f"({finding.remedy})")
    shown = finding.files[:most]
    yield from _table([_cells(mention) for mention in shown])
    if len(finding.files) > most > 0:
        yield f"{'':{_HEAD}}and {len(finding.files) - most} more"


def _wrapped(head: str, text: str) -> Iterator[str]:
    """Break a text at its spaces; a word that is too long stays whole, as it may be a path."""
    width = _WIDTH - _HEAD
    lines = wrap(printable(text), width, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield (head if number == 0 else " " * _HEAD) + line


def _cells(mention: Mention) -> list[str]:
    """Return the file and its facts; a problem needs no name before it."""
    cells = [printable(mention.file)]
    for name, fact in mention.facts.items():
        shown = f"{fact:.4f}" if isinstance(fact, float) else printable(str(fact))
        cells.append(shown if name == "problem" else f"{name.replace('_', ' ')} {shown}")
    return cells


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with their columns aligned; all have as many."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]
        yield f"{'':{_HEAD}}{'  '.join(cells).rstrip()}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

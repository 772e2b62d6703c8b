"""captchascope check: findings about labelled captchas, as lines of text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import TextWrapper
from typing import Any

import click

from captchascope.check.report import SEVERITIES, Finding, Mention, Report
from captchascope.cli.options import (
    MODELS,
    PATH,
    common,
    image_options,
    labels_from,
    on_provider,
    positions,
    text_or_json,
)
from captchascope.cli.output import Console, say_animations, say_passed_over
from captchascope.errors import counted
from captchascope.files import printable

_WIDTH = 80
_HEAD = 10  # columns of the severity


def report_lines(report: Report, named: int) -> Iterator[str]:
    """Yield every finding, the worst first, and a summary, for a terminal of 80 columns.

    So many files of a finding are ``named``.
    """
    for finding in report.findings:
        yield from _finding_lines(finding, named)
        yield ""
    if report.samples:
        length = " to ".join(map(str, sorted({*report.lengths})))
        count = counted(len(report.alphabet), "character")
        yield f"{'alphabet':{_HEAD}}{printable(report.alphabet)} ({count})"
        yield f"{'length':{_HEAD}}{length}"
    yield f"{'images':{_HEAD}}{report.images}, {report.samples} of them with a usable label"
    found = ", ".join(counted(report.count(severity), severity) for severity in SEVERITIES)
    yield f"{'found':{_HEAD}}{found if report.findings else 'nothing wrong'}"


def _finding_lines(finding: Finding, most: int) -> Iterator[str]:
    yield from _wrapped(f"{finding.severity:{_HEAD}}", f"{finding.where}: {finding.what}")
    if finding.remedy:
        yield from _wrapped(" " * _HEAD, f"({finding.remedy})")
    rows = [list(_cells(mention)) for mention in finding.files[:most]]  # all have as many
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]
        yield f"{'':{_HEAD}}{'  '.join(cells).rstrip()}"
    if len(finding.files) > most > 0:
        yield f"{'':{_HEAD}}and {len(finding.files) - most} more"


def _wrapped(head: str, text: str) -> list[str]:
    """Break a text at its spaces; a word that is too long stays whole, as it may be a path."""
    breaks = TextWrapper(_WIDTH, head, " " * _HEAD, break_long_words=False, break_on_hyphens=False)
    return breaks.wrap(printable(text))


def _cells(mention: Mention) -> Iterator[str]:
    """Yield the file and its facts; a problem needs no name before it."""
    yield printable(mention.file)
    for name, fact in mention.facts.items():
        shown = f"{fact:.4f}" if isinstance(fact, float) else printable(str(fact))
        yield shown if name == "problem" else f"{name.replace('_', ' ')} {shown}"


_ANY_LENGTH = "1-64"  # else a model only gives texts as long as those it was trained on


@click.command("check")
@click.argument("folder", metavar="DIR", type=PATH)
@click.option(
    "--model",
    metavar="NAME|FILE",
    shell_complete=MODELS,
    help="Find labels that this model reads otherwise, and surely.",
)
@on_provider
@click.option("--charset", metavar="CHARS", help="Find labels with any other character.")
@text_or_json
@click.option(
    "--most",
    type=click.IntRange(0),
    default=10,
    metavar="N",
    help="How many files of a finding the text names; JSON names all.",
)
@image_options
@labels_from
@positions
@common
def check_command(
    console: Console,
    folder: Path,
    model: str | None,
    providers: tuple[str, ...] | None,
    charset: str | None,
    form: str,
    most: int,
    label_options: Mapping[str, Any],
    first: int | None,
    last: int | None,
    **images: Any,
) -> None:
    """Find what is wrong with a folder of labelled captchas, before training on it.

    Errors and warnings would harm a training, and end with status 1; notes would not.

    \b
    Examples:
      captchascope check captchas
      captchascope check captchas --model mine.onnx --format json
    """
    from captchascope.check import check_dataset
    from captchascope.data.dataset import read_dataset
    from captchascope.decode import ReadOptions
    from captchascope.image import Preprocessing
    from captchascope.reader import load

    chars = ReadOptions(charset=charset).constraints.charset
    reader = None
    if model is not None:
        reader = load(model, length=_ANY_LENGTH, providers=providers, **images)
    done = Preprocessing().told(**images) if reader is None else reader.preprocessing
    dataset = read_dataset(folder, **label_options).select(first, last)
    say_passed_over(console, dataset.folder, dataset.passed_over)
    console.note(dataset.origin_line)  # the report has the rest
    say_animations(console, [sample.path for sample in dataset.samples], done.frames)
    total = len(dataset.samples) * (1 if reader is None else 2)
    with console.progress("checking", total) as progress:
        report = check_dataset(
            dataset, charset=chars, reader=reader, preprocessing=done, progress=progress
        )
    text = report_lines(report, most)
    console.result(json.dumps(report.to_json()) if form == "json" else "\n".join(text))
    if reader is None and report.samples:
        console.note("wrong labels were not looked for: --model would find them")
    console.failed = console.failed or report.harmful

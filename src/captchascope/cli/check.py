"""captchascope check: what is wrong with a data set, before training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.findings import report_lines
from captchascope.cli.options import common, labels_from, positions
from captchascope.cli.output import Console

if TYPE_CHECKING:
    from captchascope.reader import Reader

__all__ = ["check"]

_ANY_LENGTH = "1-64"  # else a model only gives texts as long as those it was trained on


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--model", metavar="NAME|FILE", help="Find labels that this model reads otherwise, and surely."
)
@click.option("--charset", metavar="CHARS", help="Find labels with any other character.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option(
    "--most",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many files of a finding the text names; JSON names all.",
)
@labels_from
@positions
@common
def check(
    console: Console,
    folder: Path,
    model: str | None,
    charset: str | None,
    form: str,
    most: int,
    labels_from: str,
    first: int | None,
    last: int | None,
) -> None:
    """Find what is wrong with a folder of labelled captchas, before training on it.

    Errors and warnings would harm a training, and end with status 1; notes would not.

    \b
    Examples:
      captchascope check captchas
      captchascope check captchas --model mine.onnx --format json
    """
    from captchascope.check import check as checked
    from captchascope.dataset import read_dataset
    from captchascope.decode import Constraints

    chars = Constraints.parse(charset).charset
    reader = None if model is None else _reader(model)
    dataset = read_dataset(folder, labels_from).select(first, last)
    total = len(dataset.samples) * (1 if reader is None else 2)
    with console.progress("checking", total) as progress:
        report = checked(dataset, charset=chars, reader=reader, progress=progress)
    if form == "json":
        console.result(json.dumps(report.to_json()))
    else:
        for line in report_lines(report, most):
            console.result(line)
    if reader is None and report.samples:
        console.note("wrong labels were not looked for: --model would find them")
    console.failed = console.failed or report.harmful


def _reader(model: str) -> Reader:
    from captchascope.reader import load

    return load(model, length=_ANY_LENGTH)

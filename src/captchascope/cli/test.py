"""captchascope test: how good a model is on labelled captchas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchascope.charset import Charset
from captchascope.cli.options import (
    common,
    constraints,
    labels_from,
    model_and_jobs,
    positions,
)
from captchascope.cli.output import Console
from captchascope.cli.samples import report_problems
from captchascope.cli.tables import evaluation_lines
from captchascope.errors import CaptchascopeError
from captchascope.methods import GlyphMethod
from captchascope.reader import Reader, load
from captchascope.records import Reading

if TYPE_CHECKING:
    from captchascope.dataset import Dataset
    from captchascope.evaluate import Evaluation

__all__ = ["test"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@model_and_jobs
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option(
    "--worst",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    help="How many wrong readings to list.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Write a page with the worst images.",
)
@constraints
@labels_from
@positions
@common
def test(
    console: Console,
    folder: Path,
    model: str,
    form: str,
    worst: int,
    jobs: int,
    report: Path | None,
    labels_from: str,
    first: int | None,
    last: int | None,
    **limits: Any,
) -> None:
    """Measure a model on captchas that it was not trained on.

    The headline is the exact match: the share of captchas that are right as a whole, measured.

    \b
    Examples:
      captchascope test captchas --model mine.onnx --first 4501 --last 5000
      captchascope test captchas --report report.html
    """
    from captchascope.dataset import read_dataset
    from captchascope.evaluate import evaluate

    with closing(load(model, **limits)) as reader:
        dataset = read_dataset(folder, labels_from).select(first, last)
        report_problems(console, dataset)
        for problem in _unreadable(reader, dataset):
            console.error(problem)  # it is measured all the same: the model cannot read it
        console.note(f"{len(dataset.samples)} samples, model {reader.model.name}", level=1)
        readings = _readings(console, reader, dataset, jobs)
    result = evaluate(dataset.samples, readings, ignore_case=limits["ignore_case"])
    if form == "json":
        console.result(json.dumps(result.to_json()))
    else:
        for line in evaluation_lines(result, reader.charset.chars, worst):
            console.result(line)
    if report is not None:
        _write_report(report, Path(reader.model.name).name, folder, reader.charset.chars, result)


def _unreadable(reader: Reader, dataset: Dataset) -> Sequence[CaptchascopeError]:
    """Return what is wrong with labels that the model can never give."""
    known = reader.charset
    if reader.constraints.ignore_case:
        cases = ((char, char.lower(), char.upper()) for char in known.chars)
        known = Charset("".join(dict.fromkeys(c for three in cases for c in three if len(c) == 1)))
    readable = dataset.require_charset(known)
    if isinstance(reader.method, GlyphMethod):
        readable = readable.require_length(reader.method.recognise.scheme.split.count)
    elif reader.method.rule.length is not None:
        readable = readable.require_length(*reader.method.rule.length)
    return readable.problems[len(dataset.problems) :]


def _readings(console: Console, reader: Reader, dataset: Dataset, jobs: int) -> list[Reading]:
    """Read every sample; those that fail are said."""
    paths = [sample.path for sample in dataset.samples]
    readings: list[Reading] = []
    with console.progress("reading", len(paths)) as progress:
        for reading in reader.read_many(paths, jobs=jobs, errors="return"):
            readings.append(reading)
            progress(len(readings))
            if reading.error is not None:
                console.error(reading.error)
    return readings


def _write_report(file: Path, model: str, folder: Path, chars: str, result: Evaluation) -> None:
    from captchascope.draw.report import Report, report_html
    from captchascope.files import write_whole

    write_whole(file, report_html(Report(model, str(folder), chars, result)))

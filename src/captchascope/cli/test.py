"""captchascope test: how good a model is on labelled captchas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.options import common, labels_from, model_and_jobs, positions
from captchascope.cli.output import Console
from captchascope.cli.samples import report_problems
from captchascope.cli.tables import evaluation_lines
from captchascope.reader import load

if TYPE_CHECKING:
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

    reader = load(model)
    dataset = read_dataset(folder, labels_from).select(first, last)
    report_problems(console, dataset)
    count = reader.recognise.scheme.split.count
    readable = dataset.require_length(count).require_charset(reader.charset)
    for problem in readable.problems[len(dataset.problems) :]:
        console.error(problem)  # it is measured all the same: the model cannot read it
    console.note(f"{len(dataset.samples)} samples, model {reader.model.name}", level=1)
    paths = [sample.path for sample in dataset.samples]
    readings = []
    with console.progress("reading", len(paths)) as progress:
        for reading in reader.read_many(paths, jobs=jobs, errors="return"):
            readings.append(reading)
            progress(len(readings))
            if reading.error is not None:
                console.error(reading.error)
    result = evaluate(dataset.samples, readings)
    if form == "json":
        console.result(json.dumps(result.to_json()))
    else:
        for line in evaluation_lines(result, reader.charset.chars, worst):
            console.result(line)
    if report is not None:
        _write_report(report, Path(reader.model.name).name, folder, reader.charset.chars, result)


def _write_report(file: Path, model: str, folder: Path, chars: str, result: Evaluation) -> None:
    from captchascope.draw.report import Report, report_html
    from captchascope.files import write_whole

    write_whole(file, report_html(Report(model, str(folder), chars, result)))

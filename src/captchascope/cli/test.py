"""An evaluation as lines of text, aligned for a terminal of 80 columns and plain in a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchascope.charset import Charset
from captchascope.cli.options import common, constraints, labels_from, model_and_jobs, positions
from captchascope.cli.output import Console, report_problems
from captchascope.errors import CaptchascopeError
from captchascope.evaluate import Evaluation, evaluate_reader
from captchascope.files import printable
from captchascope.reader import GlyphMethod, Reader, load
from captchascope.records import Reading

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset


_MOST_CHARS = 16  # of a table of confusions that still fits a terminal
_CONFUSED = 10  # pairs that are listed where it does not


def evaluation_lines(result: Evaluation, chars: str, worst: int) -> Iterator[str]:
    """Yield the whole report: rates with 95 % intervals, confusions, the worst readings."""
    yield f"{'':24}  accuracy   95 % interval      right of all"
    for name, rate, level in result.rows():
        interval = f"{rate.low:.2%} to {rate.high:.2%}"
        share = f"{'  ' * level + name:24}  {rate.value:>8.2%}   {interval:17}"
        yield f"{share}  {rate.hits} of {rate.total}"
    if result.failed or result.abstained:
        yield f"not read: {result.failed} failed, {result.abstained} abstained"
    if result.unfamiliar:
        yield f"unlike what the model was trained on: {result.unfamiliar}"
    if result.calibration.ece is not None:
        yield f"expected calibration error: {result.calibration.ece:.4f}"
    yield from _confusions(result, chars)
    yield from _mistakes(result, worst)


def _confusions(result: Evaluation, chars: str) -> Iterator[str]:
    if len(chars) > _MOST_CHARS:
        yield from _pairs(result)
        return
    matrix = result.confusion_matrix(chars)
    width = max(4, len(str(max(max(counts) for _, counts in matrix))) + 1)
    yield ""
    yield "label \\ read" + "".join(f"{char:>{width}}" for char in chars) + f"{'other':>7}"
    for char, counts in matrix:
        cells = "".join(f"{count or '.':>{width}}" for count in counts[:-1])
        yield f"{char:>12}{cells}{counts[-1] or '.':>7}"


def _pairs(result: Evaluation) -> Iterator[str]:
    pairs = result.most_confused(_CONFUSED)
    if not pairs:
        return
    yield ""
    yield "the most frequent wrong characters"
    for label, read, times in pairs:
        what = f"{label} read as {read}" if label and read else f"{label} missed"
        yield f"  {what if label else f'{read} read where there is nothing':30}{times:>6}"


def _mistakes(result: Evaluation, worst: int) -> Iterator[str]:
    if not result.mistakes or worst < 1:
        return
    yield ""
    yield f"the worst {min(worst, len(result.mistakes))} of {len(result.mistakes)} wrong readings"
    for mistake in result.mistakes[:worst]:
        sample, reading = mistake.sample, mistake.reading
        read = f"read {reading.text or '-'}  {reading.confidence:.4f}"
        yield f"  {printable(sample.file)}  label {sample.label}  {read}"


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
    from captchascope.data.dataset import read_dataset

    with closing(load(model, **limits)) as reader:
        dataset = read_dataset(folder, labels_from).select(first, last)
        report_problems(console, dataset)
        for problem in _unreadable(reader, dataset):
            console.error(problem)  # it is measured all the same: the model cannot read it
        console.note(f"{len(dataset.samples)} samples, model {reader.model.name}", level=1)
        result = _evaluate(console, reader, dataset, jobs)
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
    if reader.options.ignore_case:
        cases = ((char, char.lower(), char.upper()) for char in known.chars)
        known = Charset("".join(dict.fromkeys(c for three in cases for c in three if len(c) == 1)))
    readable = dataset.require_charset(known)
    if isinstance(reader.method, GlyphMethod):
        readable = readable.require_length(reader.method.recognise.scheme.split.count)
    elif reader.method.rule.length is not None:
        readable = readable.require_length(*reader.method.rule.length)
    return readable.problems[len(dataset.problems) :]


def _evaluate(console: Console, reader: Reader, dataset: Dataset, jobs: int) -> Evaluation:
    """Measure the reader; samples that cannot be read are said."""
    done = count(1)
    with console.progress("reading", len(dataset.samples)) as progress:

        def on_reading(reading: Reading) -> None:
            progress(next(done))
            if reading.error is not None:
                console.error(reading.error)

        return evaluate_reader(reader, dataset, jobs=jobs, on_reading=on_reading)


def _write_report(file: Path, model: str, folder: Path, chars: str, result: Evaluation) -> None:
    from captchascope.draw.report import Report, report_html
    from captchascope.files import write_whole

    write_whole(file, report_html(Report(model, str(folder), chars, result)))

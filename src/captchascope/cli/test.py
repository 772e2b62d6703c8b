"""captchascope test: a model measured on labelled captchas, as lines of text, JSON or a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import click

from captchascope.atomic import atomic_write
from captchascope.cli.options import (
    PATH,
    common,
    labels_from,
    model_and_jobs,
    positions,
    reading_options,
    text_or_json,
)
from captchascope.cli.output import Console, report_problems, say_animations, say_origin
from captchascope.cli.readings import warn_of_charset
from captchascope.evaluate import (
    Evaluation,
    evaluate_reader,
    impossible_labels,
    require_fitting_labels,
)
from captchascope.files import printable
from captchascope.reader import DEFAULT_MODELS, load
from captchascope.records import Reading

_MOST_CHARS = 16  # of a table of confusions that still fits a terminal
_CONFUSED = 10  # pairs that are listed where it does not
_MANY = 10  # texts, all wrong, that are no mischance any more


def evaluation_lines(result: Evaluation, chars: str, worst: int) -> Iterator[str]:
    """Yield the whole report: rates with 95 % intervals, confusions, the worst readings.

    The lines are aligned for a terminal of 80 columns, and plain in a pipe.
    """
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
    yield from _matrix(result, chars) if len(chars) <= _MOST_CHARS else _confused(result)
    if result.mistakes and worst > 0:
        shown = result.mistakes[:worst]
        yield ""
        yield f"the worst {len(shown)} of {len(result.mistakes)} wrong readings"
        for mistake in shown:
            sample, reading = mistake.sample, mistake.reading
            read = f"read {reading.text or '-'}  {reading.confidence:.4f}"
            yield f"  {printable(sample.file)}  label {sample.label}  {read}"


def _matrix(result: Evaluation, chars: str) -> Iterator[str]:
    matrix = result.confusion_matrix(chars)
    width = max(4, len(str(max(max(counts) for _, counts in matrix))) + 1)
    yield ""
    yield "label \\ read" + "".join(f"{char:>{width}}" for char in chars) + f"{'other':>7}"
    for char, counts in matrix:
        cells = "".join(f"{count or '.':>{width}}" for count in counts[:-1])
        yield f"{char:>12}{cells}{counts[-1] or '.':>7}"


def _confused(result: Evaluation) -> Iterator[str]:
    """Yield the most frequent wrong characters, where a matrix would not fit."""
    for number, pair in enumerate(result.most_confused(_CONFUSED)):
        if number == 0:
            yield ""
            yield "the most frequent wrong characters"
        yield f"  {pair}"


@click.command("test")
@click.argument("folder", metavar="DIR", type=PATH)
@model_and_jobs
@text_or_json
@click.option("--worst", type=int, default=10, metavar="N", help="How many wrong readings to list.")
@click.option(
    "--report", type=PATH, metavar="FILE.html", help="Write a page with the worst images."
)
@reading_options
@labels_from
@positions
@common
def test_command(
    console: Console,
    folder: Path,
    model: str | None,
    form: str,
    worst: int,
    jobs: int,
    providers: tuple[str, ...] | None,
    report: Path | None,
    label_options: Mapping[str, Any],
    first: int | None,
    last: int | None,
    **limits: Any,
) -> None:
    """Measure a model on captchas that it was not trained on.

    The headline is the exact match: the share of captchas that are right as a whole, measured. With
    --min-confidence the coverage, the share that is answered, and how many of these are right.

    \b
    Examples:
      captchascope test captchas --model mine.onnx --first 4501 --last 5000
      captchascope test captchas --report report.html
      captchascope test captchas --min-confidence 0.9
    """
    from captchascope.data.dataset import read_dataset

    name = model or DEFAULT_MODELS["whole"]
    with closing(load(name, providers=providers, **limits)) as reader:
        warn_of_charset(console, reader)
        dataset = read_dataset(folder, **label_options).select(first, last)
        say_origin(console, dataset)
        paths = [sample.path for sample in dataset.samples]
        say_animations(console, paths, reader.preprocessing.frames)
        report_problems(console, dataset)
        require_fitting_labels(reader, dataset)
        for problem in impossible_labels(reader, dataset):
            console.error(problem)  # it is measured all the same: the model cannot read it
        console.note(f"{len(dataset.samples)} samples, model {reader.model.name}", level=1)
        done = count(1)
        with console.progress("reading", len(dataset.samples)) as progress:

            def on_reading(reading: Reading) -> None:
                progress(next(done))
                if reading.error is not None:
                    console.error(reading.error)

            result = evaluate_reader(reader, dataset, jobs=jobs, on_reading=on_reading)
    _warn_of_labels(console, folder, result)
    chars = reader.charset.chars
    text = evaluation_lines(result, chars, worst)
    console.result(json.dumps(result.to_json()) if form == "json" else "\n".join(text))
    if report is not None:
        from captchascope.draw.report import report_html

        called = Path(reader.model.name).name
        atomic_write(report, report_html(result, model=called, data=str(folder), chars=chars))


def _warn_of_labels(console: Console, folder: Path, result: Evaluation) -> None:
    """Warn of labels that may be of other images: none of many texts is right."""
    given = result.answered
    if given.total >= _MANY and not given.hits:
        console.warning(
            f"none of {given.total} texts is right: do the labels fit the images? "
            f"(captchascope check {printable(str(folder))} --model any looks)"
        )

"""``captchascope bulk``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import click

from captchascope.bulk import Engine, Form
from captchascope.cli.options import (
    common,
    consistently,
    on_model,
    on_provider,
    reading_options,
)
from captchascope.cli.output import Console, need
from captchascope.cli.readings import warn_of_charset
from captchascope.decode import ReadOptions
from captchascope.files import printable
from captchascope.reader import DEFAULT_MODELS, reader_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from captchascope.bulk import BulkProgress, BulkSummary

_EVERY = 30.0  # seconds between two lines of a run that is watched without a terminal
_REASONS = 10  # for which images failed, that are told


def _storage_options(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Return ``K=V`` several times as a mapping."""
    pairs = [one.partition("=") for one in given]
    for one, (name, sign, _) in zip(given, pairs, strict=True):
        if not name or not sign:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE", context, parameter)
    return {name: value for name, _, value in pairs}


@click.command("bulk")
@click.argument("source")
@click.argument("destination", metavar="DEST")
@on_model
@click.option(
    "--column",
    metavar="NAME",
    help="The column of Parquet that has the images, encoded or as paths; found where it is clear.",
)
@click.option(
    "--key", metavar="NAME", help="A column of Parquet that names the rows, beside file and number."
)
@on_provider
@reading_options
@consistently
@click.option("--chars", is_flag=True, help="Write the confidence of each character, too.")
@click.option(
    "--to", type=click.Choice(get_args(Form)), default="parquet", help="What the parts are."
)
@click.option(
    "--storage-option",
    "storage_options",
    multiple=True,
    callback=_storage_options,
    metavar="NAME=VALUE",
    help="What the file system of a URL is told; may be given several times.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(Engine)),
    default="local",
    help="Processes of this machine, or Ray.",
)
@click.option("--address", metavar="ADDRESS", help="Of a running Ray cluster, such as auto.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="How many read at once.  [default: one on each processor]",
)
@click.option(
    "--rows-per-part",
    type=click.IntRange(1),
    default=100_000,
    metavar="N",
    help="About how many rows a part has; fewer where they take over a minute.",
)
@common
def bulk_command(
    console: Console,
    source: str,
    destination: str,
    model: str | None,
    column: str | None,
    key: str | None,
    providers: tuple[str, ...] | None,
    consistent: bool,
    chars: bool,
    to: Form,
    storage_options: dict[str, str],
    engine: Engine,
    address: str | None,
    jobs: int | None,
    rows_per_part: int,
    **limits: Any,
) -> None:
    """Read very many captchas, and write a row for each to parts of Parquet or JSON Lines.

    SOURCE is a folder, a glob or a file: images, Parquet, or tar shards as WebDataset has them; a
    path, or a URL that Arrow or fsspec opens, such as s3://bucket/captchas. The same command goes
    on with a run that was ended, however that was. An image that fails has a row with its error.

    \b
    Examples:
      captchascope bulk captchas readings --model metu
      captchascope bulk 'shards/{000..099}.tar' readings --to jsonl --length 6
      captchascope bulk s3://bucket/captchas s3://bucket/readings --engine ray --address auto
    """
    need("bulk", "bulk")
    if engine == "ray":
        need("ray", "bulk --engine ray")
    from captchascope.bulk import read_bulk

    chosen = model or DEFAULT_MODELS["whole"]
    reader = reader_of(chosen, ReadOptions(**limits), providers=providers)
    warn_of_charset(console, reader)
    with _progress(console) as progressed:
        summary = read_bulk(
            reader,
            source,
            destination,
            column=column,
            key=key,
            to=to,
            chars=chars,
            consistent=consistent,
            storage_options=storage_options,
            engine=engine,
            address=address,
            jobs=jobs,
            rows_per_part=rows_per_part,
            on_line=console.note,
            on_progress=progressed,
        )
    _say_summary(console, destination, summary)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[BulkProgress], None]]:
    """Show a bar on a terminal; elsewhere with -v say a line from time to time."""
    said = time.monotonic()
    with console.progress("reading", 1000, counted=False) as moved:

        def progressed(now: BulkProgress) -> None:
            nonlocal said
            share = now.rows / now.total if now.total else 0.0
            moved(round(1000 * share), _title(now))
            if time.monotonic() - said >= _EVERY:
                said = time.monotonic()
                left = now.seconds_left
                more = "" if left is None else f", {timedelta(seconds=round(left))} left"
                console.note(_title(now) + more, level=1)

        yield progressed


def _title(now: BulkProgress) -> str:
    """Return how far a run is, and how fast."""
    of = "" if now.total is None else f" of {now.total:,}"
    return f"{now.rows:,}{of} rows, {now.rate:,.0f} a second"


def _say_summary(console: Console, destination: str, summary: BulkSummary) -> None:
    failed = sum(summary.failed.values())
    counts = {
        "rows": summary.rows,
        "read": summary.read,
        "abstained": summary.abstained,
        "failed": failed,
    }
    told = [f"{count:,} {what}" for what, count in counts.items()]
    console.result("\t".join([printable(destination), *told, f"{summary.seconds:.1f} s"]))
    for reason, count in [*summary.failed.items()][:_REASONS]:
        console.note(f"{count:,} failed: {printable(reason)}")
    if (more := len(summary.failed) - _REASONS) > 0:
        console.note(f"and {more} more reasons: _manifest/summary.json has them all")
    if summary.unfamiliar:
        what = f"{summary.unfamiliar:,} of {summary.rows:,} images are unlike what the model knows"
        console.note(f"{what} (train on such: captchascope train --help)")
    if failed or summary.abstained:
        console.failed = True

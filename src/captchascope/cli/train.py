"""captchascope train: a model from labelled captchas."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.durations import DURATION
from captchascope.cli.extras import need
from captchascope.cli.options import common, labels_from, positions, scheme_switches
from captchascope.cli.output import Console
from captchascope.errors import UsageError
from captchascope.finding import printable

if TYPE_CHECKING:
    from captchascope.dataset import Dataset
    from captchascope.glyphs.scheme import Scheme
    from captchascope.train.glyphs import Trained
    from captchascope.train.loop import Epoch

__all__ = ["train"]

_TICKS = 1000  # of the progress bar


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="MODEL.onnx",
    type=click.Path(path_type=Path),
    help="The model file to write.",
)
@click.option(
    "--method",
    type=click.Choice(["glyphs"]),
    default="glyphs",
    show_default=True,
    help="How to read.",
)
@click.option(
    "--recipe",
    type=click.Choice(["default", "tutorial"]),
    default="default",
    show_default=True,
    help="How to train.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="S",
    help="Of weights, order and validation rows.",
)
@click.option("--labels", type=int, metavar="N", help="Use only N rows, chosen by the seed.")
@click.option("--time-limit", type=DURATION, metavar="TIME", help="Be done by then: 90s, 10m, 2h.")
@scheme_switches
@labels_from
@positions
@common
def train(
    console: Console,
    folder: Path,
    output: Path,
    method: str,
    recipe: str,
    seed: int,
    labels: int | None,
    time_limit: float | None,
    scheme: str,
    uncleaned: bool,
    no_repair: bool,
    labels_from: str,
    first: int | None,
    last: int | None,
) -> None:
    """Train a model on a folder of labelled captchas.

    \b
    Examples:
      captchascope train captchas -o mine.onnx --first 1 --last 4500
      captchascope train captchas -o mine.onnx --recipe tutorial
    """
    begun = time.monotonic()
    if not 0 <= seed < 2**63:
        raise UsageError("--seed", f"must be 0 to 2**63 - 1, not {seed}", "such as 1")
    need("train", "captchascope train")
    from captchascope.dataset import read_dataset
    from captchascope.glyphs.scheme import chosen
    from captchascope.train.glyphs import usable

    plan = chosen(scheme, uncleaned=uncleaned, repair=not no_repair)
    dataset = usable(read_dataset(folder, labels_from).select(first, last), plan)
    for problem in dataset.problems:
        console.error(problem)
    if labels is not None:
        dataset = dataset.take(labels, seed)
    console.note(f"{len(dataset.samples)} samples, scheme {plan.name}, recipe {recipe}", level=1)
    deadline = None if time_limit is None else begun + time_limit
    trained = _train(console, dataset, plan, recipe, seed, output, deadline)
    for uncut in trained.problems:
        console.error(uncut)
    console.note(f"kept epoch {trained.metadata.metrics['epoch']}")
    seconds = time.monotonic() - begun
    console.result(f"{printable(output)}\t{trained.samples} samples\t{seconds:.1f} s")


def _train(
    console: Console,
    dataset: Dataset,
    plan: Scheme,
    recipe: str,
    seed: int,
    output: Path,
    deadline: float | None,
) -> Trained:
    from captchascope.files import write_whole
    from captchascope.train.glyphs import train_glyphs
    from captchascope.train.output import run_folder, write_log

    with run_folder(output) as folder:
        with console.progress("training", _TICKS) as progress:
            trained = train_glyphs(
                dataset,
                plan,
                recipe=recipe,
                seed=seed,
                deadline=deadline,
                on_share=lambda share: progress(round(share * _TICKS)),
                on_epoch=lambda epoch: console.note(_line(epoch)),
            )
        write_whole(output, trained.data)
        write_log(folder, trained.epochs)
    return trained


def _line(epoch: Epoch) -> str:
    text = f"epoch {epoch.number:2}/{epoch.of}  loss {epoch.loss:.4f}"
    if epoch.character is not None and epoch.captcha is not None:
        text += (
            f"  validation: {epoch.character:.2%} of characters, {epoch.captcha:.2%} of captchas"
        )
    return f"{text}  {epoch.seconds:.1f} s"

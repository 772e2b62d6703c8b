"""captchascope train: a model from labelled captchas."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from captchascope.cli.durations import DURATION
from captchascope.cli.extras import need
from captchascope.cli.options import common, labels_from, positions, scheme_switches
from captchascope.cli.output import Console
from captchascope.cli.trainings import Job, Whole, train_glyphs
from captchascope.errors import UsageError
from captchascope.reader import model_path

__all__ = ["train"]

_LIMIT = 9 * 60.0  # seconds of the whole way, where the user gives none

_RECIPES = {"whole": ("default", "fast", "start"), "glyphs": ("default", "tutorial")}
_OF_GLYPHS = {"scheme": "--scheme", "uncleaned": "--uncleaned", "no_repair": "--no-repair"}
_OF_WHOLE = {
    "source": "--from",
    "unlabelled": "--unlabelled",
    "resume": "--resume",
    "devices": "--devices",
    "nodes": "--nodes",
}


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
    type=click.Choice(["whole", "glyphs"]),
    help="How to read: the whole image at once, or cut into glyphs.  [default: whole; glyphs with "
    "--recipe tutorial]",
)
@click.option(
    "--recipe",
    type=click.Choice(["default", "fast", "start", "tutorial"]),
    default="default",
    show_default=True,
    help="How to train: fast gives a small network, for thousands of labels; start is how the "
    "pretrained start was made, of a hundred thousand captchas; tutorial is the classic way.",
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
@click.option(
    "--time-limit",
    type=DURATION,
    metavar="TIME",
    help="Be done by then: 90s, 10m, 2h.  [default: 9m; none for glyphs]",
)
@click.option(
    "--from",
    "source",
    default="start",
    show_default=True,
    metavar="start|none|FILE",
    help="What to start from: the pretrained start, nothing, or a model file. Recipes but the "
    "default one start from nothing.",
)
@click.option(
    "--unlabelled",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Learn from these images without labels too.",
)
@click.option("--resume", is_flag=True, help="Go on where a training of MODEL.onnx was ended.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Train on N GPUs of this machine, or in N processes.",
)
@click.option(
    "--nodes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Train on N machines: give this command on each, with MASTER_ADDR and MASTER_PORT of the "
    "first one and NODE_RANK, 0 to N - 1, in the environment.",
)
@scheme_switches
@labels_from
@positions
@common
@click.pass_context
def train(
    context: click.Context,
    console: Console,
    folder: Path,
    output: Path,
    method: str | None,
    recipe: str,
    seed: int,
    labels: int | None,
    time_limit: float | None,
    source: str,
    unlabelled: Path | None,
    resume: bool,
    devices: int,
    nodes: int,
    scheme: str,
    uncleaned: bool,
    no_repair: bool,
    labels_from: str,
    first: int | None,
    last: int | None,
) -> None:
    """Train a model on a folder of labelled captchas.

    Ctrl-C ends it early, with the best model so far.

    \b
    Examples:
      captchascope train captchas -o mine.onnx --first 1 --last 4500
      captchascope train captchas -o mine.onnx --recipe tutorial
    """
    begun = time.monotonic()
    if not 0 <= seed < 2**63:
        raise UsageError("--seed", f"must be 0 to 2**63 - 1, not {seed}", "such as 1")
    way = _way(context, method, recipe)
    need("train", "captchascope train")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # do not spin where others need the time
    from captchascope.dataset import read_dataset

    dataset = read_dataset(folder, labels_from).select(first, last)
    if way == "glyphs":
        from captchascope.glyphs.scheme import chosen

        plan = chosen(scheme, uncleaned=uncleaned, repair=not no_repair)
        job = Job(folder, output, recipe, seed, labels, begun, time_limit)
        train_glyphs(console, dataset, plan, job)
    else:
        job = Job(folder, output, recipe, seed, labels, begun, time_limit or _LIMIT)
        if unlabelled is not None and devices * nodes > 1:
            what = "is done by one process"
            raise UsageError("--unlabelled", what, "leave --devices and --nodes away")
        weights = _weights(context, source, recipe)
        Whole(console, job, weights, unlabelled, resume, devices, nodes).train(dataset)


def _weights(context: click.Context, source: str, recipe: str) -> Path | None:
    """Return the model to start from; None for none, as recipes that need no start have it."""
    given = context.get_parameter_source("source")
    default = given is None or given.name == "DEFAULT"
    if source == "none" or (recipe != "default" and default):
        return None
    return model_path(source)


def _way(context: click.Context, method: str | None, recipe: str) -> str:
    """Return the method, having checked that the other options belong to it."""
    way = method or ("glyphs" if recipe == "tutorial" else "whole")
    if recipe not in _RECIPES[way]:
        other = "glyphs" if way == "whole" else "whole"
        raise UsageError("--recipe", f"{recipe} is of --method {other}", f"not of {way}")
    for name, option in (_OF_GLYPHS if way == "whole" else _OF_WHOLE).items():
        given = context.get_parameter_source(name)
        if given is not None and given.name != "DEFAULT":
            other = "glyphs" if way == "whole" else "whole"
            raise UsageError(option, f"has no meaning for --method {way}", f"it is of {other}")
    return way

"""``captchascope train``."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.options import (
    common,
    image_options,
    labels_from,
    offering,
    parse_duration,
    positions,
    scheme_switches,
)
from captchascope.cli.output import Console, need, say_origin
from captchascope.errors import UsageError
from captchascope.files import printable

if TYPE_CHECKING:
    from captchascope.train import Trained

_TICKS = 1000  # of the progress bar
_LIMIT = 9 * 60.0  # seconds without segmentation, where the user gives none

_OF_GLYPHS = {"scheme": "--scheme", "uncleaned": "--uncleaned", "no_repair": "--no-repair"}
_OF_WHOLE = {
    "source": "--from",
    "unlabelled": "--unlabelled",
    "resume": "--resume",
    "devices": "--devices",
    "nodes": "--nodes",
}


@click.command("train")
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
    type=click.Choice(["default", "fast", "tutorial"]),
    default="default",
    show_default=True,
    help="How to train: fast gives a small network, for thousands of labels; tutorial is the "
    "classic way.",
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
    type=parse_duration,
    metavar="TIME",
    help="Be done by then: 90s, 10m, 2h.  [default: 9m; none for glyphs]",
)
@click.option(
    "--from",
    "source",
    default="any",
    show_default=True,
    metavar="any|none|FILE",
    shell_complete=offering(lambda: ["any", "none"]),
    help="What to start from: the model that reads anything, nothing, or a model file. Recipes but "
    "the default one start from nothing.",
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
@image_options
@scheme_switches
@labels_from
@positions
@common
@click.pass_context
def train_command(
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
    frames: str | None,
    rows: str | None,
    ink: str | None,
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
        raise UsageError("seed", f"must be 0 to 2**63 - 1, not {seed}", "such as 1")
    from captchascope.train.recipes import GlyphsRecipe, chosen_recipe

    plan = chosen_recipe(method, recipe)
    glyphs = isinstance(plan, GlyphsRecipe)
    _check_options(context, glyphs)
    need("train", "train")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # do not spin where others need the time
    from captchascope.data.dataset import read_dataset
    from captchascope.glyphs.scheme import load_scheme
    from captchascope.train import train_model
    from captchascope.train.distributed import place_of
    from captchascope.train.request import usable, weights_of

    dataset = read_dataset(folder, labels_from).select(first, last)
    cut = load_scheme(scheme, uncleaned=uncleaned, repair=not no_repair)
    given = context.get_parameter_source("source")
    chosen = None if given is None or given.name == "DEFAULT" else source
    weights = weights_of(plan, chosen, unlabelled, devices * nodes)
    speaks = glyphs or place_of(devices, nodes).rank == 0
    if speaks:
        say_origin(console, dataset)
    dataset = usable(dataset, cut if glyphs else None)
    if speaks:
        for problem in dataset.problems:
            console.error(problem)
    else:
        console.verbosity = -1  # the first process speaks, and shows how far all are
    if labels is not None:
        dataset = dataset.take(labels, seed)
    if glyphs:
        count = len(dataset.samples)
        console.note(f"{count} samples, scheme {cut.name}, recipe {recipe}", level=1)
    elif time_limit is None:
        time_limit = _LIMIT
    with console.progress("training", _TICKS) as progress:
        trained = train_model(
            dataset,
            output,
            method=method,
            recipe=recipe,
            seed=seed,
            scheme=cut,
            source=weights or "none",
            time_limit=time_limit,
            unlabelled=unlabelled,
            frames=frames,
            rows=rows,
            ink=ink,
            resume=resume,
            devices=devices,
            nodes=nodes,
            begun=begun,
            on_line=console.note,
            on_warning=lambda line: console.note(f"warning: {line}"),
            on_progress=lambda share, exact: progress(round(share * _TICKS), _title(exact)),
        )
    if trained.metrics:  # it is the first process
        _say_how(console, trained, time.monotonic() - begun)


def _check_options(context: click.Context, glyphs: bool) -> None:
    """Check that no option is given that belongs to the other method."""
    way, other = ("glyphs", "whole") if glyphs else ("whole", "glyphs")
    for name, option in (_OF_WHOLE if glyphs else _OF_GLYPHS).items():
        given = context.get_parameter_source(name)
        if given is not None and given.name != "DEFAULT":
            raise UsageError(option, f"has no meaning for --method {way}", f"it is of {other}")


def _title(exact: float | None) -> str:
    return "training" if exact is None else f"training, {exact:.1%} right"


def _say_how(console: Console, trained: Trained, seconds: float) -> None:
    for problem in trained.problems:
        console.error(problem)
    kept = "epoch" if "epoch" in trained.metrics else "step"
    console.note(f"kept {kept} {trained.metrics[kept]}")
    console.result(f"{printable(trained.model)}\t{trained.samples} samples\t{seconds:.1f} s")
    if trained.interrupted:
        where = printable(trained.model)
        console.note(f"interrupted: {where} is the best so far (--resume goes on)")
        raise click.exceptions.Exit(130)

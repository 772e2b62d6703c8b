"""``captchascope train``."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from captchascope.cli.output import Console, need, say_animations, say_origin
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.model.metadata import is_calibrated

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset
    from captchascope.data.shards import ParquetDataset
    from captchascope.train import Progress, Trained

_TICKS = 1000  # of the bar, which shows steps or epochs beside it
_LIMIT = 9 * 60.0  # seconds without segmentation, where the user gives none

_OF_GLYPHS = {"scheme": "--scheme", "uncleaned": "--uncleaned", "no_repair": "--no-repair"}
_OF_PARQUET = ("column",)
_OF_FOLDERS = ("labels_from", "file_column", "as_written", "first", "last", "labels")
_OF_WHOLE = {
    "source": "--from",
    "unlabelled": "--unlabelled",
    "resume": "--resume",
    "devices": "--devices",
    "nodes": "--nodes",
}


@click.command("train")
@click.argument("folder", metavar="DIR|FILE.parquet", type=click.Path(path_type=Path))
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
@click.option(
    "--ignore-case",
    is_flag=True,
    help="Take upper and lower case of the labels for one; the model then gives lower case.",
)
@click.option("--column", metavar="NAME", help="The column of Parquet that has the images.")
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
    ignore_case: bool,
    column: str | None,
    scheme: str,
    uncleaned: bool,
    no_repair: bool,
    label_options: Mapping[str, Any],
    first: int | None,
    last: int | None,
    frames: str | None,
    rows: str | None,
    ink: str | None,
) -> None:
    """Train a model on a folder of labelled captchas, or on Parquet, which need not fit in memory.

    Ctrl-C ends it early, with the best model so far.

    \b
    Examples:
      captchascope train captchas -o mine.onnx --first 1 --last 4500
      captchascope train captchas -o mine.onnx --recipe tutorial
      captchascope train 'shards/*.parquet' -o mine.onnx --column image --label-column text
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
    from captchascope.train.request import (
        not_of_glyphs,
        rank_of,
        require_place,
        usable,
        weights_of,
    )

    require_place(output)
    speaks = glyphs or rank_of(devices, nodes) == 0  # the first process does, for all
    if not speaks:
        console.verbosity = -1
    console.note(f"reading the labels of {printable(folder)}")
    from captchascope.data.dataset import Dataset, read_dataset
    from captchascope.data.shards import parquet_files, read_parquet
    from captchascope.glyphs.scheme import load_scheme
    from captchascope.train import train_model

    dataset: Dataset | ParquetDataset
    if parquet_files(folder):
        _check_source(context, _OF_FOLDERS, "Parquet")
        if glyphs:
            raise not_of_glyphs()
        known = {name: label_options[name] for name in ("label_column", "strip_spaces")}
        dataset = read_parquet(folder, column=column, **known)
    else:
        _check_source(context, _OF_PARQUET, "a folder of images")
        dataset = read_dataset(folder, **label_options).select(first, last)
    dataset = dataset.ignoring_case() if ignore_case else dataset
    cut = load_scheme(scheme, uncleaned=uncleaned, repair=not no_repair)
    weights = weights_of(
        plan, source if _is_given(context, "source") else None, unlabelled, devices * nodes
    )
    if not isinstance(dataset, Dataset):
        if speaks:
            _say_rows(console, dataset)
    else:
        if speaks:
            say_origin(console, dataset)
            say_animations(console, [sample.path for sample in dataset.samples], frames)
        dataset = usable(dataset, cut if glyphs else None)
        if speaks:
            _say_what_is_left_out(console, dataset, unlabelled is not None or glyphs)
        dataset = dataset if labels is None else dataset.take(labels, seed)
        if glyphs:
            count = len(dataset.samples)
            console.note(f"{count} samples, scheme {cut.name}, recipe {recipe}", level=1)
    if not glyphs and time_limit is None:
        time_limit = _LIMIT
    with console.progress("loading what trains", _TICKS, counted=False) as progress:
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
            on_warning=console.warning,
            on_progress=lambda now: progress(round(now.share * _TICKS), _title(now)),
        )
    if trained.metrics:  # it is the first process
        _say_how(console, trained, time.monotonic() - begun)


def _check_options(context: click.Context, glyphs: bool) -> None:
    """Check that no option is given that belongs to the other method."""
    way, other = ("glyphs", "whole") if glyphs else ("whole", "glyphs")
    for name, option in (_OF_WHOLE if glyphs else _OF_GLYPHS).items():
        if _is_given(context, name):
            raise UsageError(option, f"has no meaning for --method {way}", f"it is of {other}")


def _check_source(context: click.Context, others: Sequence[str], what: str) -> None:
    """Check that no option is given that belongs to what images do not come from."""
    for name in others:
        if _is_given(context, name):
            raise UsageError(name, f"has no meaning for {what}", "leave it away")


def _is_given(context: click.Context, name: str) -> bool:
    """Tell whether the user gave an option."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _say_rows(console: Console, dataset: ParquetDataset) -> None:
    """Say where labels in Parquet come from, and which rows cannot be trained on."""
    from captchascope.data.labels import shown

    label, where = dataset.first
    counts = f"{dataset.rows:,} of {dataset.size:,} rows"
    console.note(f"labels: from {dataset.origin.what}, {shown(label)} of {where}; {counts}")
    if dataset.unlabelled:
        verb = "has" if dataset.unlabelled == 1 else "have"
        console.note(f"{dataset.unlabelled:,} of {dataset.size:,} rows {verb} no label: left out")
    console.errors(dataset.problems)


def _say_what_is_left_out(console: Console, dataset: Dataset, offered: bool) -> None:
    """Say which images and rows cannot be trained on; that some have no label is no error."""
    from captchascope.data.labels import RowError

    bare = [p for p in dataset.problems if isinstance(p, RowError) and p.unlabelled]
    if bare:
        remedy = "" if offered else "; `--unlabelled DIR` learns from images without labels"
        verb = "has" if len(bare) == 1 else "have"
        console.note(f"{len(bare)} of {dataset.images} images {verb} no label: left out{remedy}")
    console.errors(p for p in dataset.problems if not (isinstance(p, RowError) and p.unlabelled))


def _title(now: Progress) -> str:
    """Return how far a training is, in what its lines count."""
    title = f"{now.unit} {now.done:,}/{now.planned:,}"
    return title if now.exact is None else f"{title}, {now.exact:.1%} of {now.texts} texts right"


def _say_how(console: Console, trained: Trained, seconds: float) -> None:
    console.errors(trained.problems)
    console.note(trained.kept)
    told = [printable(trained.model), f"{trained.samples} samples", f"{seconds:.1f} s"]
    console.result("\t".join([*told, *_measured(trained)]))
    if trained.interrupted:
        further = " (--resume goes on)" if trained.resumable else ""
        console.note(f"interrupted: {printable(trained.model)} is the best so far{further}")
        raise click.exceptions.Exit(130)


def _measured(trained: Trained) -> list[str]:
    """Return what the last line says of the model beside its file, its samples and the time."""
    share, texts = (trained.metrics.get(f"validation_{key}") for key in ("captcha", "samples"))
    told = ["validated on no text"]
    if isinstance(share, float):
        told = [f"{share:.2%} of {texts} validation texts"]
    if not is_calibrated(trained.metrics):
        told.append("confidence uncalibrated")
    if "untrained" in trained.metrics:
        told.append("any untrained, told alphabet and length")
    return told

"""What ``captchascope train`` does, once its options are understood."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.options import DURATION, common, labels_from, positions, scheme_switches
from captchascope.cli.output import Console, need
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.reader import model_path

if TYPE_CHECKING:
    from captchascope.data.dataset import Dataset
    from captchascope.glyphs.scheme import Scheme
    from captchascope.train.ctc.training import Request, Trained
    from captchascope.train.glyphs.loop import Epoch
    from captchascope.train.glyphs.training import Trained as GlyphsTrained


_TICKS = 1000  # of the progress bar


@dataclass(frozen=True, slots=True)
class Job:
    """What the options come to.

    Attributes:
        folder: Of the captchas.
        output: The model file.
        recipe: How to train.
        seed: Of all chance.
        labels: How many rows to use; None for all.
        begun: ``time.monotonic`` when the command began.
        limit: Seconds; None for no limit.
    """

    folder: Path
    output: Path
    recipe: str
    seed: int
    labels: int | None
    begun: float
    limit: float | None

    @property
    def deadline(self) -> float | None:
        """``time.monotonic`` by which all must be done."""
        return None if self.limit is None else self.begun + self.limit


def _taken(console: Console, dataset: Dataset, job: Job) -> Dataset:
    for problem in dataset.problems:
        console.error(problem)
    return dataset if job.labels is None else dataset.take(job.labels, job.seed)


def _say_done(console: Console, job: Job, samples: int) -> None:
    seconds = time.monotonic() - job.begun
    console.result(f"{printable(job.output)}\t{samples} samples\t{seconds:.1f} s")


@dataclass(frozen=True, slots=True)
class Whole:
    """A training of the whole way; the attributes are the options."""

    console: Console
    job: Job
    source: Path | None
    unlabelled: Path | None
    resume: bool
    devices: int
    nodes: int

    def train(self, dataset: Dataset) -> None:
        """Train, alone or with others."""
        from captchascope.train.ctc.together import rank_of, started

        if rank_of(self.devices) > 0:
            self._follow(dataset)
            return
        command = [sys.executable, "-m", "captchascope", *sys.argv[1:]]
        with started(command, self.devices, self.nodes):
            self._lead(dataset)

    def _follow(self, dataset: Dataset) -> None:
        """Train along, and leave all else to the first process."""
        from captchascope.train.ctc.training import Request, readable, train_whole
        from captchascope.train.ctc.watch import Interrupts, Watch

        dataset = readable(dataset)
        if self.job.labels is not None:
            dataset = dataset.take(self.job.labels, self.job.seed)
        with Interrupts() as stop:
            train_whole(
                dataset, self._request(Request), Watch(stop=stop, deadline=self.job.deadline)
            )

    def _lead(self, dataset: Dataset) -> None:
        from captchascope.files import atomic_write
        from captchascope.train.ctc.state import finish, prepare
        from captchascope.train.ctc.training import Request, readable, train_whole
        from captchascope.train.ctc.watch import Interrupts, Watch
        from captchascope.train.output import run_folder

        console, job = self.console, self.job
        dataset = _taken(console, readable(dataset), job)
        with run_folder(job.output) as folder, Interrupts() as stop:
            if prepare(folder, self.resume):
                console.note(f"{printable(folder)} held an unfinished training: beginning anew")
            with console.progress("training", _TICKS) as progress:
                watch = Watch(
                    say=console.note,
                    warn=lambda line: console.note(f"warning: {line}"),
                    share=lambda share, exact: progress(round(share * _TICKS), _title(exact)),
                    stop=stop,
                    deadline=job.deadline,
                    begun=job.begun,
                )
                trained = train_whole(dataset, self._request(Request), watch)
            assert trained is not None
            atomic_write(job.output, trained.data)
            if not stop():
                finish(folder)
        self._say_how(trained, stop())

    def _request(self, made: type[Request]) -> Request:
        return made(
            self.job.output.with_name(self.job.output.name + ".run"),
            self.job.recipe,
            self.job.seed,
            self.source,
            self.unlabelled,
            self.resume,
            self.devices,
            self.nodes,
        )

    def _say_how(self, trained: Trained, stopped: bool) -> None:
        for problem in trained.problems:
            self.console.error(problem)
        self.console.note(f"kept step {trained.metadata.metrics['step']}")
        _say_done(self.console, self.job, trained.samples)
        if stopped:
            where = printable(self.job.output)
            self.console.note(f"interrupted: {where} is the best so far (--resume goes on)")
            raise click.exceptions.Exit(130)


def _title(exact: float | None) -> str:
    return "training" if exact is None else f"training, {exact:.1%} right"


def train_glyphs(console: Console, dataset: Dataset, plan: Scheme, job: Job) -> None:
    """Train the glyphs way, and say how it went."""
    from captchascope.train.glyphs.training import usable

    dataset = _taken(console, usable(dataset, plan), job)
    count = len(dataset.samples)
    console.note(f"{count} samples, scheme {plan.name}, recipe {job.recipe}", level=1)
    trained = _glyphs_trained(console, dataset, plan, job)
    for uncut in trained.problems:
        console.error(uncut)
    console.note(f"kept epoch {trained.metadata.metrics['epoch']}")
    _say_done(console, job, trained.samples)


def _glyphs_trained(console: Console, dataset: Dataset, plan: Scheme, job: Job) -> GlyphsTrained:
    from captchascope.files import atomic_write
    from captchascope.train.glyphs import training as glyphs
    from captchascope.train.output import run_folder, write_log

    with run_folder(job.output) as folder:
        with console.progress("training", _TICKS) as progress:
            trained = glyphs.train_glyphs(
                dataset,
                plan,
                recipe=job.recipe,
                seed=job.seed,
                deadline=job.deadline,
                on_share=lambda share: progress(round(share * _TICKS)),
                on_epoch=lambda epoch: console.note(_line(epoch)),
            )
        atomic_write(job.output, trained.data)
        write_log(folder, trained.epochs)
    return trained


def _line(epoch: Epoch) -> str:
    text = f"epoch {epoch.number:2}/{epoch.of}  loss {epoch.loss:.4f}"
    if epoch.character is not None and epoch.captcha is not None:
        text += (
            f"  validation: {epoch.character:.2%} of characters, {epoch.captcha:.2%} of captchas"
        )
    return f"{text}  {epoch.seconds:.1f} s"


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
    from captchascope.data.dataset import read_dataset

    dataset = read_dataset(folder, labels_from).select(first, last)
    if way == "glyphs":
        from captchascope.glyphs.scheme import load_scheme

        plan = load_scheme(scheme, uncleaned=uncleaned, repair=not no_repair)
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

"""What ``captchascope train`` does, once its options are understood."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.output import Console
from captchascope.finding import printable

if TYPE_CHECKING:
    from captchascope.dataset import Dataset
    from captchascope.glyphs.scheme import Scheme
    from captchascope.train.glyphs import Trained as GlyphsTrained
    from captchascope.train.loop import Epoch
    from captchascope.train.whole.training import Request, Trained

__all__ = ["Job", "Whole", "train_glyphs"]

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
        from captchascope.train.whole.together import rank_of, started

        if rank_of(self.devices) > 0:
            self._follow(dataset)
            return
        command = [sys.executable, "-m", "captchascope", *sys.argv[1:]]
        with started(command, self.devices, self.nodes):
            self._lead(dataset)

    def _follow(self, dataset: Dataset) -> None:
        """Train along, and leave all else to the first process."""
        from captchascope.train.whole.training import Request, readable, train_whole
        from captchascope.train.whole.watch import Interrupts, Watch

        dataset = readable(dataset)
        if self.job.labels is not None:
            dataset = dataset.take(self.job.labels, self.job.seed)
        with Interrupts() as stop:
            train_whole(
                dataset, self._request(Request), Watch(stop=stop, deadline=self.job.deadline)
            )

    def _lead(self, dataset: Dataset) -> None:
        from captchascope.files import write_whole
        from captchascope.train.output import run_folder
        from captchascope.train.whole.state import finish, prepare
        from captchascope.train.whole.training import Request, readable, train_whole
        from captchascope.train.whole.watch import Interrupts, Watch

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
            write_whole(job.output, trained.data)
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
    from captchascope.train.glyphs import usable

    dataset = _taken(console, usable(dataset, plan), job)
    count = len(dataset.samples)
    console.note(f"{count} samples, scheme {plan.name}, recipe {job.recipe}", level=1)
    trained = _glyphs_trained(console, dataset, plan, job)
    for uncut in trained.problems:
        console.error(uncut)
    console.note(f"kept epoch {trained.metadata.metrics['epoch']}")
    _say_done(console, job, trained.samples)


def _glyphs_trained(console: Console, dataset: Dataset, plan: Scheme, job: Job) -> GlyphsTrained:
    from captchascope.files import write_whole
    from captchascope.train import glyphs
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
        write_whole(job.output, trained.data)
        write_log(folder, trained.epochs)
    return trained


def _line(epoch: Epoch) -> str:
    text = f"epoch {epoch.number:2}/{epoch.of}  loss {epoch.loss:.4f}"
    if epoch.character is not None and epoch.captcha is not None:
        text += (
            f"  validation: {epoch.character:.2%} of characters, {epoch.captcha:.2%} of captchas"
        )
    return f"{text}  {epoch.seconds:.1f} s"

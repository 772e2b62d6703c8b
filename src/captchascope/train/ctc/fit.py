"""Train a whole-image network: Lightning's loop, set up to lose nothing and to say nothing."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cv2
import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy, Strategy

from captchascope.errors import TrainingError
from captchascope.train.ctc.batches import Batches
from captchascope.train.ctc.callbacks import BetweenSteps
from captchascope.train.ctc.clock import Clock
from captchascope.train.ctc.course import Course
from captchascope.train.ctc.logs import Row
from captchascope.train.ctc.module import WholeModule
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.plan import Plan
from captchascope.train.ctc.rounds import Rounds
from captchascope.train.ctc.samples import WholeSet
from captchascope.train.ctc.state import CHECKPOINT, Checkpoints, Facts
from captchascope.train.ctc.together import parted, rank_of
from captchascope.train.ctc.watch import Watch

_LONGEST_WAIT = timedelta(seconds=300)  # of a process for the others


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins with.

    Attributes:
        network: The first weights.
        fresh: Makes an untrained network from a seed, should the first come to nothing.
        scratch: Whether the first are untrained.
        seed: Of order, augmentation and dropout.
    """

    network: CtcNet
    fresh: Callable[[int], CtcNet]
    scratch: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Where:
    """Where training happens.

    Attributes:
        folder: The run folder.
        resume: Whether to go on from its checkpoint.
        facts: What that must have been made with.
        devices: Processes on this machine.
        nodes: Machines.
    """

    folder: Path
    resume: bool
    facts: Facts
    devices: int = 1
    nodes: int = 1

    @property
    def world(self) -> int:
        """How many processes there are."""
        return self.devices * self.nodes


@dataclass(frozen=True, slots=True)
class Fitted:
    """The trained network.

    Attributes:
        network: In evaluation mode, on the CPU.
        rows: Of every round, in order.
        step: The step that its weights are from.
        stuck: Whether it says the same of every image, and is wrong.
    """

    network: CtcNet
    rows: tuple[Row, ...]
    step: int
    stuck: bool


def fit(
    train: WholeSet,
    validation: WholeSet,
    plan: Plan,
    start: Start,
    where: Where,
    watch: Watch,
) -> Fitted:
    """Train until the plan, the time, or somebody ends it; return the best averaged network.

    torch's global seed and number of threads are set, and stay so.

    Raises:
        TrainingError: If the loss stays no number, or no time was left for a step.
    """
    clock = Clock(plan.steps(len(train), start.scratch, where.world), watch.deadline)
    if not where.resume and clock.progress >= 1:
        raise TrainingError("train", "no time was left for a step", "give a longer time limit")
    start.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    course = Course.begun(start.scratch)
    batches = Batches(
        train,
        plan.share_of_batch(where.world),
        clock.planned + 1,
        plan.strength,
        start.seed,
        (rank_of(where.devices), where.world),
    )
    module = WholeModule(start.network, start.fresh, plan, clock, course, batches, where.facts)
    checkpoints = Checkpoints()
    rounds = Rounds(train, validation, watch)
    between = BetweenSteps(rounds, watch, checkpoints, where.folder)
    with _quiet(), _single_threaded_opencv():
        torch.set_num_threads(max(1, torch.get_num_threads() // where.devices))
        trainer = _trainer(plan, where, checkpoints, between)
        path = where.folder / CHECKPOINT if where.resume else None
        try:
            trainer.fit(module, batches, ckpt_path=path)
        except RuntimeError as error:
            if where.world == 1:
                raise
            what = "another process of the training is gone"
            raise TrainingError("train", what, "--resume goes on") from error
        finally:
            between.close()
            parted()
    network = module.averaged.network.cpu()
    if module.best is not None:
        network.load_state_dict(module.best)
    assert isinstance(network, CtcNet)
    return Fitted(
        network.eval(), tuple(rounds.rows), int(module.kept.get("step", clock.steps)), rounds.stuck
    )


def _trainer(
    plan: Plan, where: Where, checkpoints: Checkpoints, between: BetweenSteps
) -> pl.Trainer:
    cuda = torch.cuda.is_available()
    elastic = TorchElasticEnvironment.detect()
    return pl.Trainer(
        accelerator="cuda" if cuda else "cpu",
        devices=where.devices,
        num_nodes=where.nodes,
        strategy=_strategy(where, "nccl" if cuda else "gloo"),
        plugins=[checkpoints, TorchElasticEnvironment() if elastic else LightningEnvironment()],
        callbacks=[between],
        max_epochs=-1,
        gradient_clip_val=plan.clip,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        default_root_dir=where.folder,
    )


def _strategy(where: Where, backend: str) -> Strategy | str:
    if where.world == 1:
        return "auto"
    return DDPStrategy(process_group_backend=backend, timeout=_LONGEST_WAIT)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Lightning says of itself, and torch of it, from the user."""
    loggers = [
        logging.getLogger(name) for name in ("lightning", "lightning.pytorch", "lightning.fabric")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    """Leave the processors to the network; an image is too small to be shared among them."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)

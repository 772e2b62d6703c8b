"""The training loop of both methods: steps, averaging, validations, checkpoints, and the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from captchascope.errors import OutputError, TrainingError
from captchascope.train.checkpoint import CHECKPOINT, Facts, write_checkpoint
from captchascope.train.distributed import Place, all_max, broadcast
from captchascope.train.log import EventLog, write_log
from captchascope.train.recipes import Recipe
from captchascope.train.schedule import Clock, Curriculum, learning_rate
from captchascope.train.watch import Progress, Watch

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LONGEST = 60.0  # seconds between two validations
_COST = 8  # a validation may take one of so many parts of the time


class Interrupted(Exception):  # noqa: N818  # no error: somebody wants to stop
    """A validation was left in the middle, because somebody wants to stop."""


class Decision(IntEnum):
    """The decision after a validation."""

    CONTINUE = 0
    STOP = 1
    RESTART = 2
    INTERRUPTED = 3


class Training:
    """All that a training consists of at any moment.

    Args:
        network: What is trained; it is moved to the device of ``place``.
        recipe: How.
        clock: How far it is.
        curriculum: Which way it has gone.
        place: Which of the processes this is.

    Attributes:
        averaged: The exponential moving average of the network, which is validated and given out
            in the end; None where the recipe has no averaging.
        best: The weights of the best validation, on the CPU; None before there is one.
        kept: What is known of that validation.
        rows: What every validation gave.
        losses: Of every step since the last validation, with the number of its inputs.
        progress: How far the training is, by all processes.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, clock: Clock, curriculum: Curriculum, place: Place
    ) -> None:
        self.network, self.recipe, self.place = network.to(place.device), recipe, place
        self.clock, self.curriculum = clock, curriculum
        self.averaged = None
        if recipe.averaging is not None:
            self.averaged = averaged_model(network, recipe.averaging)
        self.optimizer = _optimizer(recipe, network)
        self.best: dict[str, Tensor] | None = None
        self.kept: dict[str, float] = {}
        self.rows: list[DataclassInstance] = []
        self.losses: list[tuple[float, int]] = []
        self.progress = 0.0

    @property
    def rate(self) -> float:
        """The learning rate now."""
        cycled = self.curriculum.cycled(self.progress)
        return self.curriculum.slower * learning_rate(self.recipe, cycled)

    @property
    def validated(self) -> nn.Module:
        """The network that is validated, in evaluation mode until the next step."""
        return self.network.eval() if self.averaged is None else self.averaged.module

    @property
    def loss(self) -> float:
        """The mean loss since the last validation."""
        return sum(loss * count for loss, count in self.losses) / sum(n for _, n in self.losses)

    def keep(self, **known: float) -> None:
        """Take what was validated for the best so far, with what is ``known`` of it."""
        state = self.validated.state_dict()
        self.best = {name: value.detach().cpu().clone() for name, value in state.items()}
        self.kept = known

    def result(self) -> nn.Module:
        """Return the best network, in evaluation mode, on the CPU; it can be trained on."""
        network = self.validated.cpu()
        if self.best is not None:
            network.load_state_dict(self.best)
        return network.eval().requires_grad_()

    def restart(self, network: nn.Module) -> None:
        """Forget all weights, and begin another cycle with those of ``network``."""
        self.curriculum.begin_anew(self.progress, self.clock.steps)
        self.network.load_state_dict(network.state_dict())
        if self.averaged is not None:
            self.averaged.module.load_state_dict(network.state_dict())
            self.averaged.n_averaged.fill_(1)
        self.optimizer.state.clear()
        self.best, self.kept = None, {}

    def weights(self) -> dict[str, Any]:
        """Return what a step changes."""
        return {
            "network": self.network.state_dict(),
            "averaged": {} if self.averaged is None else self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_weights(self, held: Mapping[str, Any]) -> None:
        """Take up what ``weights`` gave."""
        self.network.load_state_dict(held["network"])
        self.optimizer.load_state_dict(deepcopy(held["optimizer"]))
        if self.averaged is not None:
            self.averaged.load_state_dict(held["averaged"])

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds: tensors and plain numbers."""
        return self.weights() | {
            "best": self.best,
            "kept": self.kept,
            "rows": [asdict(row) for row in self.rows],
            "curriculum": asdict(self.curriculum),
            "steps": self.clock.steps,
            "seconds": self.clock.seconds,
        }

    def load(self, held: Mapping[str, Any], row: Callable[..., DataclassInstance]) -> None:
        """Take up what ``state`` gave; its rows are of this class."""
        self.load_weights(held)
        self.best, self.kept = held["best"], held["kept"]
        self.rows = [row(**values) for values in held["rows"]]
        self.curriculum = Curriculum(**held["curriculum"])
        self.clock.steps, self.clock.spent = held["steps"], held["seconds"]


def averaged_model(network: nn.Module, keep: float) -> AveragedModel:
    """Return an exponential moving average (Polyak and Juditsky 1992), running statistics included.

    At first it follows fast, as the weights that it started from, which count as the first that
    are averaged, mean nothing; later ``keep`` of it stays in a step.
    """

    @torch.no_grad()
    def follow(means: Sequence[Tensor], news: Sequence[Tensor], count: Tensor | int) -> None:
        stays = min(keep, (1 + int(count)) / (10 + int(count)))
        for mean, new in zip(means, news, strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(new, 1 - stays)
            else:
                mean.copy_(new)

    model = AveragedModel(network, multi_avg_fn=follow, use_buffers=True)
    model.n_averaged.fill_(1)
    return model.eval().requires_grad_(False)


def _optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), recipe.rate, momentum=0.9)
    return torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.weight_decay)


class Task(Protocol):
    """A task that the loop is given to train."""

    def batches(self, number: int) -> Generator[tuple[Tensor, ...]]:
        """Yield batches without end from the one of this number on, the inputs first in each."""
        ...

    def loss(self, network: nn.Module, batch: Any, training: Training) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch to be minimised, and that to be told."""
        ...

    def validate(self, training: Training) -> Decision:
        """Add a row to the training, keep its weights if they are the best, and decide.

        Raises:
            Interrupted: If somebody wants to stop; it is then as if there had been no validation.
        """
        ...

    def line(self, training: Training) -> str:
        """Return the newest row as the user is told it."""
        ...

    def fresh(self, attempt: int) -> nn.Module:
        """Return an untrained network for an attempt, counted from 0."""
        ...


class Loop:
    """Trains.

    Only the first process validates and writes; the others follow its decision.

    Args:
        training: Where it begins.
        task: What is trained.
        watch: Who is told, and when to stop.
        folder: Where checkpoint and logs go after each validation; None for nowhere.
        facts: What a checkpoint of this training must have been made with.
        every: Steps from one validation to the next; None for as many as the recipe has.
    """

    def __init__(
        self,
        training: Training,
        task: Task,
        watch: Watch,
        folder: Path | None = None,
        facts: Facts | None = None,
        every: int | None = None,
    ) -> None:
        self._training, self._task, self._watch = training, task, watch
        self._folder, self._facts, self._every = folder, facts or {}, every
        self._events = EventLog(folder) if folder is not None else None
        self._leads, self._model = training.place.rank == 0, training.network
        if training.place.world > 1:
            own = [training.place.device] if training.place.device.type == "cuda" else None
            self._model = DistributedDataParallel(training.network, device_ids=own)
        self._mode = training.network.training  # fine-tuning leaves normalisation as it is
        self._cost = 0.0  # seconds of the last validation
        self._ended = training.clock.seconds, training.clock.progress  # when that was over
        self._logged = len(training.rows)
        self._warned = ""
        self._good: dict[str, Any] | None = None

    def run(self) -> None:
        """Train until the recipe, the time, or somebody ends it.

        Raises:
            TrainingError: If the loss is no number any more.
        """
        training = self._training
        training.progress = all_max(training.clock.progress)[0]
        self._remember()
        over = training.progress >= 1
        try:
            with closing(self._task.batches(training.clock.steps)) as batches:
                while not over:
                    over = self._after(self._step(next(batches)))
                    if self._leads:
                        self._watch.progress(self._progress())
        finally:
            if self._events is not None:
                self._events.close()

    def _progress(self) -> Progress:
        """Return how far the training is, in what its lines count."""
        training, each = self._training, self._every or 1
        clock, newest = training.clock, training.rows[-1] if training.rows else None
        return Progress(
            min(training.progress, 1.0),
            "step" if self._every is None else "epoch",
            clock.steps // each,
            clock.planned // each,
            getattr(newest, "exact", None),
            getattr(newest, "texts", 0),
        )

    def _step(self, batch: tuple[Tensor, ...]) -> float:
        """Take a step and return its loss; leave it where somebody wants to stop."""
        training, recipe = self._training, self._training.recipe
        for group in training.optimizer.param_groups:
            group["lr"] = training.rate
        loss, told = self._task.loss(self._model, batch, training)
        alone = training.place.world == 1 and not self._mode  # nothing was changed by it so far
        if alone and self._watch.stop():
            return told.item()  # of wide images the other half takes long, and somebody waits
        training.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(training.network.parameters(), recipe.clip)
        training.optimizer.step()
        training.clock.steps += 1
        if training.averaged is not None:
            training.averaged.update_parameters(training.network)
        value = told.item()
        training.losses.append((value, len(batch[0])))
        return value

    def _after(self, loss: float) -> bool:
        """Do what is due after a step; return whether training is over."""
        training, broken = self._training, not math.isfinite(loss)
        training.progress, stop, broke, due, worst = all_max(
            training.clock.progress,
            self._watch.stop(),
            broken,
            self._leads and self._is_due(),
            0.0 if broken else loss,
        )
        training.curriculum.learn(worst, training.progress)
        if broke:
            self._mend()
        elif stop:
            self._write()
            return True
        elif due or training.progress >= 1:
            return self._validate()
        return False

    def _is_due(self) -> bool:
        training = self._training
        if self._every is not None:
            return training.clock.steps % self._every == 0
        seconds = training.clock.seconds - self._ended[0]
        if seconds < _COST * self._cost:
            return False
        gone = training.clock.progress - self._ended[1]
        return gone >= 1 / training.recipe.validations or seconds >= _LONGEST

    def _validate(self) -> bool:
        """Validate in the first process, do everywhere what it says; return whether it is over."""
        training, begun, decision = self._training, time.monotonic(), Decision.CONTINUE
        if self._leads:
            try:
                decision = self._task.validate(training)
            except Interrupted:
                decision = Decision.INTERRUPTED
        decision = Decision(broadcast(decision))
        if decision is Decision.RESTART:
            training.restart(self._task.fresh(training.curriculum.attempt + 1))
        self._remember()
        self._write()
        if self._leads and decision is not Decision.INTERRUPTED:
            self._watch.say(self._task.line(training))
        if decision is Decision.RESTART:
            self._watch.warn("the network says the same of every image: it begins anew")
        training.losses.clear()
        training.network.train(self._mode)
        self._ended = training.clock.seconds, training.clock.progress
        self._cost = time.monotonic() - begun
        return decision in (Decision.STOP, Decision.INTERRUPTED) or training.progress >= 1

    def _remember(self) -> None:
        """Keep a copy of everything that a step changes, unless it is broken."""
        if not self._training.recipe.mended:
            return
        weights = deepcopy(self._training.weights())
        values = [*weights["network"].values(), *weights["averaged"].values()]
        if all(bool(value.isfinite().all()) for value in values):
            self._good = weights

    def _mend(self) -> None:
        """Go back to where all was well, once, and go on more slowly."""
        training, what = self._training, "the loss is not a number any more"
        if not training.recipe.mended:
            raise TrainingError("train", what, "try another seed")
        if self._good is None or training.curriculum.slower < 1:
            remedy = "look for odd images, or try another seed"
            raise TrainingError("train", f"{what}, even at half the rate", remedy)
        self._watch.warn(f"{what}: going back, on at half the rate")
        training.load_weights(self._good)
        training.curriculum.slower = 0.5
        training.losses.clear()

    def _write(self) -> None:
        """Write all down in the first process, and say once what cannot be written."""
        if self._folder is None or self._events is None or not self._leads:
            return
        failures, training = [], self._training
        try:
            write_checkpoint(self._folder / CHECKPOINT, training.state(), self._facts)
        except OutputError as error:  # the other processes wait, and must not wait in vain
            failures.append(error)
        try:
            if training.rows:
                write_log(self._folder, training.rows)
            if len(training.rows) > self._logged:
                self._events.write(training.clock.steps, training.rows[-1])
                self._logged = len(training.rows)
        except OutputError as error:
            failures.append(error)
        warning = f"{failures[0]}; training goes on" if failures else ""
        if warning and warning != self._warned:
            self._watch.warn(warning)
        self._warned = warning

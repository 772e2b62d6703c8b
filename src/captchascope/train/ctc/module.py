"""One step of training, and all that a training consists of at any moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from captchascope.train.ctc.average import Averaged
from captchascope.train.ctc.batches import Batch, Batches
from captchascope.train.ctc.clock import Clock
from captchascope.train.ctc.course import Course
from captchascope.train.ctc.measure import ctc_loss
from captchascope.train.ctc.plan import Plan
from captchascope.train.ctc.scratch import aligned_loss, text_span
from captchascope.train.ctc.state import Facts


class WholeModule(pl.LightningModule):
    """A network under training.

    Args:
        network: What is trained.
        fresh: Makes an untrained network from a seed.
        plan: How.
        clock: How far it is.
        course: Which way it has gone.
        batches: Where the steps come from.
        facts: What a checkpoint of this training must have been made with.

    Attributes:
        averaged: The averaged network: what is validated, and given out in the end.
        best: The averaged weights of the best round; None before there is one.
        kept: Of that round the step and the loss; and record, the highest exact match so far.
        history: A row of every round.
        progress: How far the training is, by all processes.
    """

    def __init__(
        self,
        network: nn.Module,
        fresh: Callable[[int], nn.Module],
        plan: Plan,
        clock: Clock,
        course: Course,
        batches: Batches,
        facts: Facts,
    ) -> None:
        super().__init__()
        self.network, self.fresh, self.plan = network, fresh, plan
        self.clock, self.course, self.batches, self.facts = clock, course, batches, facts
        self.averaged = Averaged(network, plan.averaging)
        self.best: dict[str, Tensor] | None = None
        self.kept: dict[str, float] = {}
        self.history: list[dict[str, float | None]] = []
        self.progress = 0.0

    @property
    def rate(self) -> float:
        """The learning rate now."""
        return self.course.rate(self.plan, self.progress)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW over the network."""
        plan = self.plan
        return torch.optim.AdamW(
            self.network.parameters(), plan.rate, weight_decay=plan.weight_decay
        )

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the rate, and the seed of dropout: a step is the same in a run taken up again."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.rate
        seed = (self.batches.seed * 1_000_003 + self.clock.steps) * 257 + self.global_rank
        torch.manual_seed(seed % 2**63)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Return the loss of a batch, and the part of it that CTC is."""
        logits = self.network(batch.images)
        ctc = ctc_loss(logits, batch.targets, batch.lengths).mean()
        loss, helped = ctc, self.course.helped
        if helped:
            span = text_span(batch.images)
            loss = ctc + helped * aligned_loss(logits, batch.targets, batch.lengths, span)
        return {"loss": loss, "ctc": ctc.detach()}

    def begin_anew(self) -> None:
        """Forget all weights, and begin another cycle with others."""
        self.course.begin_anew(self.progress, self.clock.steps)
        fresh = self.fresh(self.batches.seed + self.course.attempt)
        self.network.load_state_dict(fresh.state_dict())
        self.averaged.restart(self.network)
        self.trainer.optimizers[0].state.clear()
        self.best, self.kept = None, {}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what is not a weight."""
        checkpoint |= {
            "facts": dict(self.facts),
            "best": self.best,
            "kept": self.kept,
            "history": self.history,
            "course": asdict(self.course),
            "steps": self.clock.steps,
            "seconds": self.clock.seconds,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up what ``on_save_checkpoint`` gave."""
        self.best, self.kept = checkpoint["best"], checkpoint["kept"]
        self.history = checkpoint["history"]
        self.course = Course(**checkpoint["course"])
        self.clock.steps = self.batches.given = checkpoint["steps"]
        self.clock.spent = checkpoint["seconds"]

"""One step of training, and all that a training consists of at any moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from captchascope.train.whole.average import Averaged
from captchascope.train.whole.batches import Batch, Batches
from captchascope.train.whole.clock import Clock, rate_at
from captchascope.train.whole.measure import ctc_loss
from captchascope.train.whole.plan import Plan
from captchascope.train.whole.scratch import aligned_loss, ink_span
from captchascope.train.whole.state import Facts

__all__ = ["WholeModule"]


class WholeModule(pl.LightningModule):
    """A network under training.

    Args:
        network: What is trained.
        fresh: Makes an untrained network from a seed.
        plan: How.
        clock: How far it is.
        seed: Of what a step leaves to chance.
        scratch: Whether the network has never been trained before.
        facts: What a checkpoint of this training must have been made with.

    Attributes:
        batches: Where the steps come from; told where to begin by a checkpoint.
        averaged: The averaged network: what is validated, and given out in the end.
        best: The averaged weights of the best round; None before there is one.
        history: A row of every round.
        slower: What the rate is multiplied by since the loss was no number.
        cycle: The progress at which the cycle of the rate began.
        attempt: How often training began anew with other weights.
        progress: How far the training is, by all processes.
    """

    def __init__(
        self,
        network: nn.Module,
        fresh: Callable[[int], nn.Module],
        plan: Plan,
        clock: Clock,
        seed: int,
        scratch: bool,
        facts: Facts,
    ) -> None:
        super().__init__()
        self.fresh = fresh
        self.network, self.plan, self.clock, self.seed = network, plan, clock, seed
        self.scratch, self.facts = scratch, facts
        self.averaged = Averaged(network, plan.averaging)
        self.best: dict[str, Tensor] | None = None
        self.history: list[dict[str, float | None]] = []
        self.kept: dict[str, float] = {}
        self.slower, self.cycle, self.attempt = 1.0, 0.0, 0
        self.progress = 0.0
        self.batches: Batches | None = None

    @property
    def rate(self) -> float:
        """The learning rate now."""
        return self.slower * rate_at(self.cycled, self.plan.rate, self.plan.warmup)

    @property
    def cycled(self) -> float:
        """How far the cycle of the rate is."""
        return (self.progress - self.cycle) / max(1 - self.cycle, 1e-9)

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
        torch.manual_seed(
            (self.seed * 1_000_003 + self.clock.steps * 257 + self.global_rank) % 2**63
        )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        logits = self.network(batch.images)
        loss = ctc_loss(logits, batch.targets, batch.lengths).mean()
        if self.scratch and self.cycled < self.plan.aligned:
            weight = 1 - self.cycled / self.plan.aligned
            span = ink_span(batch.images)
            loss = loss + weight * aligned_loss(logits, batch.targets, batch.lengths, span)
        return loss

    def begin_anew(self) -> None:
        """Forget all weights, and begin another cycle with others."""
        self.attempt += 1
        self.network.load_state_dict(self.fresh(self.seed + self.attempt).state_dict())
        self.averaged.restart(self.network)
        self.trainer.optimizers[0].state.clear()
        self.scratch, self.cycle = True, self.progress
        self.best, self.kept = None, {}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what is not a weight."""
        checkpoint |= {
            "facts": dict(self.facts),
            "best": self.best,
            "history": self.history,
            "kept": self.kept,
            "clock": {"steps": self.clock.steps, "seconds": self.clock.seconds},
            "begun": {"slower": self.slower, "cycle": self.cycle, "attempt": self.attempt},
            "scratch": self.scratch,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up what ``on_save_checkpoint`` gave."""
        self.best, self.history = checkpoint["best"], checkpoint["history"]
        self.kept, self.scratch = checkpoint["kept"], checkpoint["scratch"]
        self.clock.steps = checkpoint["clock"]["steps"]
        self.clock.spent = checkpoint["clock"]["seconds"]
        if self.batches is not None:
            self.batches.start = self.clock.steps
        begun = checkpoint["begun"]
        self.slower, self.cycle, self.attempt = begun["slower"], begun["cycle"], begun["attempt"]

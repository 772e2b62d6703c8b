"""The recipes of the whole way: which network, and how it is trained. Every number is here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Plan:
    """How a whole-image network is trained.

    Attributes:
        name: As the command line has it.
        size: Of the network, a name of ``network.SIZES``.
        height: What images are scaled to, pixels; None for what they have, or about that.
        rate: The peak of the learning rate.
        weight_decay: Of AdamW.
        warmup: The share of the training in which the rate goes up; it goes down in the rest.
        clip: The greatest norm of a gradient.
        batch: Images per step.
        views: Images seen in total, each in another variation, of a few labels.
        views_each: As many more for every sample.
        most_views: At most so many; from scratch it takes them all.
        min_steps: At least so many steps, however large the batch.
        max_steps: At most so many.
        averaging: How much of the averaged weights stays in a step, 0 to 1.
        strength: Of the augmentation.
        best: What tells whether a round is as good as those before: its right texts, or its loss.
        rounds: Validations, if each step takes as long as planned.
        patience: Rounds without gain, in the second half of the training, after which it ends;
            where nearly every text is right, that says little, and the last rounds are the best.
        narrow: Whether the margins where no text stands are left out of what is looked at.
        known: From scratch, nats per character below which a network is left to CTC alone; a half
            is about what they are when half of the texts are right.
    """

    name: str
    size: str
    height: int | None
    rate: float
    weight_decay: float
    warmup: float
    clip: float
    batch: int
    views: int
    views_each: int
    most_views: int
    min_steps: int
    max_steps: int
    averaging: float
    strength: float
    best: Literal["exact", "loss"]
    rounds: int
    patience: int
    narrow: bool
    known: float

    def steps(self, samples: int, scratch: bool, world: int = 1) -> int:
        """Return how many steps ``world`` processes take."""
        views = self.views + self.views_each * samples
        views = self.most_views if scratch else min(views, self.most_views)
        wanted = math.ceil(views / (self.share_of_batch(world) * world))
        return min(max(wanted, self.min_steps), self.max_steps)

    def share_of_batch(self, world: int) -> int:
        """Return how many images of a step each of ``world`` processes takes."""
        return max(min(self.batch, 8), -(-self.batch // world))


_DEFAULT = Plan(
    name="default",
    size="base",
    height=40,
    rate=1e-3,
    weight_decay=0.02,
    warmup=0.1,
    clip=2.0,
    batch=32,
    views=8_000,
    views_each=40,
    most_views=100_000,
    min_steps=200,
    max_steps=20_000,
    averaging=0.995,
    strength=1.0,
    best="exact",
    rounds=30,
    patience=8,
    narrow=False,
    known=1.0,
)

_FAST = replace(
    _DEFAULT,
    name="fast",
    size="fast",
    height=None,
    rate=5e-3,
    batch=64,
    most_views=1_000_000,
    max_steps=40_000,
    averaging=0.999,
    strength=0.15,
    best="loss",
    patience=30,
    narrow=True,
)

_START = replace(
    _DEFAULT,
    name="start",
    rate=2e-3,
    batch=48,
    most_views=330_000,
    averaging=0.998,
    strength=0.5,
    known=2.0,
)

PLANS = {plan.name: plan for plan in (_DEFAULT, _FAST, _START)}
"""What ``--recipe`` names. ``start`` made the pretrained start: of a hundred thousand captchas in
as many styles, of which few networks ever read most."""

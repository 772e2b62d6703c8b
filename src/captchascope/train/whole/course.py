"""Which way a training has gone: what it draws from, how fast it learns, how often it began.

A network that has never been trained begins by saying nothing at all, which CTC rewards at first,
and the more there is to learn the longer it stays so: for ever, if need be. Given a few images as
they are, it learns them by heart, and has then understood what it is about. So from scratch the
first images are few, and there are more, and variations of them, whenever it knows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from captchascope.train.whole.batches import Stage
from captchascope.train.whole.clock import rate_at
from captchascope.train.whole.plan import Plan

__all__ = ["Course"]

_GROWTH = 4  # more images in each stage
_MEMORY = 0.9  # of the mean loss, per step
_LATEST = 0.4  # of the cycle: from then on all is trained on, known or not


@dataclass(slots=True)
class Course:
    """Plain numbers, so that a checkpoint can hold them.

    Attributes:
        samples: Images to train on in the end.
        pool: Images trained on now.
        varied: Whether they are augmented now.
        scratch: Whether the network has not yet shown that it can read.
        recent: The mean loss of the last steps; 0 before there is one.
        cycle: The progress at which the cycle of the rate began.
        step: The step before which it began.
        attempt: How often training began anew with other weights.
        slower: What the rate is multiplied by.
    """

    samples: int
    pool: int
    varied: bool
    scratch: bool
    recent: float = 0.0
    cycle: float = 0.0
    step: int = 0
    attempt: int = 0
    slower: float = 1.0

    @classmethod
    def begun(cls, plan: Plan, samples: int, scratch: bool) -> Course:
        """Return where a training begins."""
        course = cls(samples, samples, True, scratch)
        if scratch:
            course.begin_anew(plan, 0.0, 0)
            course.attempt = 0
        return course

    def begin_anew(self, plan: Plan, progress: float, step: int) -> None:
        """Go back to a few images, with all of the rate before it."""
        self.pool, self.varied, self.scratch = min(plan.pool, self.samples), False, True
        self.recent, self.cycle, self.step = 0.0, progress, step
        self.attempt += 1

    def learn(self, plan: Plan, loss: float, progress: float) -> bool:
        """Note the loss of a step; tell whether there is more to train on from now on."""
        if not self.scratch:
            return False
        self.recent = _MEMORY * self.recent + (1 - _MEMORY) * loss if self.recent else loss
        late = self.cycled(progress) >= _LATEST
        if self.recent >= plan.known and not late:
            return False
        if self.varied and self.pool == self.samples:
            self.scratch = False
            return False
        self.pool = self.samples if late else min(_GROWTH * self.pool, self.samples)
        self.varied, self.recent = True, 0.0
        return True

    def cycled(self, progress: float) -> float:
        """Return how far the cycle of the rate is, 0 to 1."""
        return (progress - self.cycle) / max(1 - self.cycle, 1e-9)

    def rate(self, plan: Plan, progress: float) -> float:
        """Return the learning rate."""
        return self.slower * rate_at(self.cycled(progress), plan.rate, plan.warmup)

    def stage(self, plan: Plan) -> Stage:
        """Return what batches are made of now."""
        return Stage(self.pool, plan.strength if self.varied else 0.0)

"""The schedule of a training: how far it is, and the learning rate and curriculum that follow."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from captchascope.train.recipes import Recipe

_LEAST = 1e-3  # of the peak
_MEMORY = 0.9  # of the mean loss, per step
_LATEST = 0.4  # of the cycle: from then on a network must do without guidance
_FADING = 100  # steps in which the guidance becomes less, to nothing


@dataclass(slots=True)
class Clock:
    """The steps and seconds of a training, those before it was taken up again included.

    Attributes:
        planned: Steps in total.
        deadline: ``time.monotonic`` at which the last step must be done; None for no limit.
        steps: Steps done.
        spent: Seconds spent in earlier runs.
        begun: ``time.monotonic`` at which this run began.
    """

    planned: int
    deadline: float | None = None
    steps: int = 0
    spent: float = 0.0
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self.spent + time.monotonic() - self.begun

    @property
    def progress(self) -> float:
        """How far the training is by its steps or its time, whichever is further: 0 to 1, or more.

        The learning rate follows it, so that its cycle ends when the time is up.
        """
        done = self.steps / self.planned
        if self.deadline is None:
            return done
        allowed = self.spent + max(self.deadline - self.begun, 1e-9)
        return max(done, self.seconds / allowed)


def learning_rate(recipe: Recipe, done: float) -> float:
    """Return the learning rate when a share ``done`` of its cycle is over.

    It is constant, or goes up to its peak and down again in a cosine (Smith 2018, one cycle).
    """
    if recipe.schedule == "constant":
        return recipe.rate
    done, warmup = min(max(done, 0.0), 1.0), recipe.warmup
    if done >= warmup:
        return recipe.rate * max(_cosine((done - warmup) / (1 - warmup)), _LEAST)
    if recipe.schedule == "linear":
        return recipe.rate * max(done / warmup, 10 * _LEAST)
    return recipe.rate * max(1 - _cosine(done / warmup), _LEAST)


def _cosine(share: float) -> float:
    """Return a half wave from 1 down to 0."""
    return (1 + math.cos(math.pi * share)) / 2


@dataclass(slots=True)
class Curriculum:
    """Whether a network reads yet, how fast it learns, and how often it began.

    From scratch, a network is guided off the plateau where it says the same of every image, until
    its loss shows that it needs no guidance any more. Plain numbers, for a checkpoint to hold.

    Attributes:
        known: Nats per character below which a network is left to CTC alone.
        guidance: How much the places of characters count beside the texts, 1 to 0.
        recent: The mean loss of the last steps; 0 before there is one.
        cycle: The progress at which the cycle of the learning rate began.
        step: The step before which it began.
        attempt: How often training began anew with other weights.
        slower: What the learning rate is multiplied by.
    """

    known: float = 0.0
    guidance: float = 0.0
    recent: float = 0.0
    cycle: float = 0.0
    step: int = 0
    attempt: int = 0
    slower: float = 1.0

    def begin_anew(self, progress: float, step: int) -> None:
        """Go back to untrained weights, with a whole cycle of the learning rate before them."""
        self.guidance, self.recent = 1.0, 0.0
        self.cycle, self.step = progress, step
        self.attempt += 1

    def learn(self, loss: float, progress: float) -> None:
        """Note the loss of a step, and guide less once the mean is low enough."""
        if not self.guidance:
            return
        self.recent = _MEMORY * self.recent + (1 - _MEMORY) * loss if self.recent else loss
        late = self.cycled(progress) >= _LATEST
        if self.guidance < 1 or self.recent < self.known or late:  # what fades goes on fading
            self.guidance = max(0.0, self.guidance - 1 / _FADING)

    def cycled(self, progress: float) -> float:
        """Return how far the cycle of the learning rate is, 0 to 1."""
        return (progress - self.cycle) / max(1 - self.cycle, 1e-9)

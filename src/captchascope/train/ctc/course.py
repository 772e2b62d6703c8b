"""Which way a training has gone: whether it reads yet, how fast it learns, how often it began.

From scratch, a network is helped off the plateau where it says the same of every image, until its
loss shows that it needs no help any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from captchascope.train.ctc.clock import rate_at
from captchascope.train.ctc.plan import Plan

_MEMORY = 0.9  # of the mean loss, per step
_LATEST = 0.4  # of the cycle: from then on it must do without help
_FADING = 100  # steps in which the help becomes less, to nothing


@dataclass(slots=True)
class Course:
    """Plain numbers, so that a checkpoint can hold them.

    Attributes:
        helped: How much the places of characters count beside the texts, 1 to 0.
        recent: The mean loss of the last steps; 0 before there is one.
        cycle: The progress at which the cycle of the rate began.
        step: The step before which it began.
        attempt: How often training began anew with other weights.
        slower: What the rate is multiplied by.
    """

    helped: float
    recent: float = 0.0
    cycle: float = 0.0
    step: int = 0
    attempt: int = 0
    slower: float = 1.0

    @classmethod
    def begun(cls, scratch: bool) -> Course:
        """Return where a training begins."""
        return cls(helped=float(scratch))

    def begin_anew(self, progress: float, step: int) -> None:
        """Go back to untrained weights, with all of the rate before them."""
        self.helped, self.recent = 1.0, 0.0
        self.cycle, self.step = progress, step
        self.attempt += 1

    def learn(self, plan: Plan, loss: float, progress: float) -> None:
        """Note the loss of a step, and help less once that is low enough."""
        if not self.helped:
            return
        self.recent = _MEMORY * self.recent + (1 - _MEMORY) * loss if self.recent else loss
        late = self.cycled(progress) >= _LATEST
        if self.helped < 1 or self.recent < plan.known or late:  # what fades goes on fading
            self.helped = max(0.0, self.helped - 1 / _FADING)

    def cycled(self, progress: float) -> float:
        """Return how far the cycle of the rate is, 0 to 1."""
        return (progress - self.cycle) / max(1 - self.cycle, 1e-9)

    def rate(self, plan: Plan, progress: float) -> float:
        """Return the learning rate."""
        return self.slower * rate_at(self.cycled(progress), plan.rate, plan.warmup)

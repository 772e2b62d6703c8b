"""How far a training is: by its steps or by its time, whichever is further."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

_LEAST = 1e-3  # of the peak


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
        """How far the training is, 0 to 1 and beyond.

        The learning rate follows it, so that its cycle ends when the time is up.
        """
        done = self.steps / self.planned
        if self.deadline is None:
            return done
        allowed = self.spent + max(self.deadline - self.begun, 1e-9)
        return max(done, self.seconds / allowed)


def rate_at(progress: float, peak: float, warmup: float) -> float:
    """Return the learning rate: up in a line, down in a cosine (Smith 2018, one cycle)."""
    done = min(max(progress, 0.0), 1.0)
    if done < warmup:
        return peak * max(done / warmup, 10 * _LEAST)
    return peak * max((1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2, _LEAST)

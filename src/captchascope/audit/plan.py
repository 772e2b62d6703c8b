"""Which measurements are made, in which order, and how long they are expected to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from captchascope.audit.setting import Measurement

LABELS = 25, 100, 500
"""Labels of the trainings that a default audit makes."""

SEEDS = 3

ALL_LABELS = 25, 50, 100, 200, 500, 1000
"""Labels of all trainings."""

ALL_SEEDS = 5


def sizes(full: bool) -> tuple[int, ...]:
    """Return the numbers of labels that are trained on, all or those of a default audit."""
    return ALL_LABELS if full else LABELS


def trainings_of(pool: int, seed: int, full: bool) -> list[tuple[int, int]]:
    """Return the labels and the seed of each training that so many labelled images allow.

    One of each number of labels comes first: whatever the time allows then says the most.
    """
    seeds = ALL_SEEDS if full else SEEDS
    return [(n, seed + i) for i in range(seeds) for n in sizes(full) if n <= pool]


@dataclass(slots=True)
class Pace:
    """How far an audit is, in the seconds that its measurements are expected to take.

    Attributes:
        expected: Of each measurement, by its key, in their order.
        taken: Of those that are made, what they took in truth.
    """

    expected: dict[str, float]
    taken: dict[str, float] = field(default_factory=dict)
    _skipped: set[str] = field(default_factory=set)

    def make(self, key: str, seconds: float) -> None:
        """Count a measurement as made."""
        self.taken[key] = seconds

    def skip(self, key: str) -> None:
        """Count a measurement as one that is not made."""
        self._skipped.add(key)

    @property
    def slowness(self) -> float:
        """How many times longer than expected all has taken so far."""
        known = sum(self.expected[key] for key in self.taken)
        return sum(self.taken.values()) / known if known else 1.0

    def left(self, key: str, share: float) -> float:
        """Return the seconds that are left, where so much of a measurement is done."""
        rest = [
            seconds * (1 - share if key == other else 1)
            for other, seconds in self.expected.items()
            if other not in self.taken and other not in self._skipped
        ]
        return sum(rest) * self.slowness

    def share(self, key: str, share: float) -> float:
        """Return how much of all is done, 0 to 1."""
        left = self.left(key, share)
        done = sum(self.taken.values())
        if key in self.expected and key not in self.taken:
            done += share * self.expected[key] * self.slowness
        return done / (done + left) if done + left else 1.0


def expected_of(
    measurements: Sequence[Measurement[object]], trainings: Mapping[str, float]
) -> dict[str, float]:
    """Return the seconds that each measurement is expected to take, in their order."""
    return {each.key: each.seconds for each in measurements} | dict(trainings)

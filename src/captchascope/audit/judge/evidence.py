"""What findings are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from captchascope.audit.figures import Figures, Picture, Reads
from captchascope.audit.judge.grading import BROKEN, MANY, attacks_of, labels_doubtful
from captchascope.audit.results import Attack, Cost, Curve, Finding, LabelsNeeded, Subjected


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a scheme."""

    figures: Figures
    curve: Curve | None
    cost: Cost | None
    subject: Subjected

    @property
    def doubtful(self) -> bool:
        """Whether the labels contradict what is read, so that no rate that counts them holds."""
        return labels_doubtful(self.figures)

    @property
    def best_read(self) -> Reads | None:
        """What the general reader makes of it: told what anybody sees, where that is known."""
        untrained = self.figures.untrained
        if untrained is None:
            return None
        told, untold = untrained.told, untrained.untold
        return untold if told is None or solved(told) < solved(untold) else told

    def needed(self, share: float) -> LabelsNeeded | None:
        """Return the labels that a solve rate takes; None where that is not known."""
        found = self.curve.needed if self.curve is not None and not self.doubtful else ()
        return next((needed for needed in found if abs(needed.share - share) < 1e-9), None)

    @property
    def cheapest(self) -> Attack | None:
        """The attack of least labels that breaks the scheme; None where none does."""
        attacks = self.cost.attacks if self.cost is not None and not self.doubtful else ()
        broken = [attack for attack in attacks if attack.exact >= BROKEN]
        return min(broken, key=lambda attack: (attack.labels, -attack.exact), default=None)

    @property
    def strongest(self) -> Attack | None:
        """The attack that solves most; None where none solves anything."""
        attacks = self.cost.attacks if self.cost is not None and not self.doubtful else ()
        solving = [attack for attack in attacks if attack.exact > 0]
        return max(solving, key=lambda attack: attack.exact, default=None)

    @property
    def withstood(self) -> bool:
        """Whether trainings were tried, and all that they solve is less than counts as broken."""
        tried = [a for a in attacks_of(self.figures, self.curve) if a.way == "trained"]
        return bool(tried) and all(a.exact < BROKEN for a in tried if a.labels <= MANY)


Finder: TypeAlias = Callable[[Evidence], Finding | None]
"""Looks for one kind of finding."""


def solved(reads: Reads) -> float:
    """Return the solve rate; without labels, the one that the reader expects."""
    return reads.expected if reads.exact is None else reads.exact.value


def shown(*pictures: Picture | None) -> tuple[Picture, ...]:
    """Return the pictures that there are."""
    return tuple(picture for picture in pictures if picture is not None)

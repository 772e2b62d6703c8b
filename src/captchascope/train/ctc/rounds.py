"""A round: what the network reads by now, whether it is the best so far, and what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from captchascope.records import GrayImage, RgbImage
from captchascope.train.ctc.logs import Row
from captchascope.train.ctc.measure import Score, outputs_of, score
from captchascope.train.ctc.module import WholeModule
from captchascope.train.ctc.samples import WholeSet
from captchascope.train.ctc.watch import Watch

FEWEST = 20
"""With fewer validation images the last weights are taken, not those that seem best on them."""

_PROBED = 64  # training images that are read in every round
_SETTLED = 0.25  # of the cycle: by then a network reads something, or never will
_SEEN = 5_000  # images, before which nobody can expect it to
_LATEST = 0.6  # of the training: later there is no time for another beginning
_ATTEMPTS = 3


class Verdict(IntEnum):
    """What to do after a round."""

    ON = 0
    STOP = 1
    ANEW = 2
    BROKEN_OFF = 3


class Rounds:
    """Measures, notes, and judges.

    Args:
        train: What is trained on.
        validation: What the best weights are chosen by.
        watch: Who is told.

    Attributes:
        rows: Of every round so far.
        stuck: Whether the network, when last seen, said the same of every image, and was wrong.
    """

    def __init__(self, train: WholeSet, validation: WholeSet, watch: Watch) -> None:
        probed = range(0, len(train), -(-len(train) // _PROBED))
        self._probe = [train.images[i] for i in probed], [train.targets[i] for i in probed]
        self._validation, self._watch = validation, watch
        self.rows: list[Row] = []
        self.stuck = False

    def take_up(self, module: WholeModule) -> None:
        """Go on after the rounds that a checkpoint held."""
        self.rows = [Row.of(row) for row in module.history]

    def judge(self, module: WholeModule, losses: Sequence[float]) -> Verdict:
        """Read some training images and all of validation; keep what is best.

        Args:
            module: The training.
            losses: Of the steps since the round before, at least one.

        Raises:
            Stopped: If somebody wants to stop; it is then as if there had been no round.
        """
        probe = self._score(module, *self._probe)
        held = None
        if len(self._validation):
            held = self._score(module, self._validation.images, self._validation.targets)
        self.rows.append(_row(module, losses, probe, held))
        module.history = [asdict(row) for row in self.rows]
        self._keep(module, held)
        self.stuck = _is_stuck(probe, held)
        if self._is_hopeless(module):
            return Verdict.ANEW
        return Verdict.STOP if self._is_in_vain(module) else Verdict.ON

    def told(self, planned: int) -> str:
        """Return the newest row as the user is told it, of so many steps."""
        row = self.rows[-1]
        text = f"step {row.step:,}/{planned:,}  loss {row.loss:.4f}"
        if row.exact is not None and row.character is not None:
            text += f"  validation: {row.character:.2%} of characters, {row.exact:.2%} of texts"
        return f"{text}  {row.seconds:.1f} s"

    def _score(
        self,
        module: WholeModule,
        images: Sequence[GrayImage | RgbImage],
        targets: Sequence[NDArray[np.int64]],
    ) -> Score:
        network = module.averaged.network
        return score(outputs_of(network, images, self._watch.stop, module.device), targets)

    def _keep(self, module: WholeModule, held: Score | None) -> None:
        """Keep these weights, unless earlier ones were better."""
        new = {"step": float(module.clock.steps), "loss": math.inf, "record": 0.0}
        count = len(self._validation)
        if held is not None and count >= FEWEST:
            if module.kept and not is_as_good(held, module.kept, module.plan.best, count):
                return
            record = max(held.exact, module.kept.get("record", 0.0))
            new |= {"loss": held.loss, "record": record}
        module.kept = new
        state = module.averaged.network.state_dict()
        module.best = {name: value.detach().cpu().clone() for name, value in state.items()}

    def _is_hopeless(self, module: WholeModule) -> bool:
        """Tell whether other weights might do better, and there is time for them."""
        course, steps = module.course, module.clock.steps - module.course.step
        seen = steps * module.plan.share_of_batch(module.trainer.world_size)
        early = course.cycled(module.progress) < _SETTLED or seen < _SEEN
        late = module.progress > _LATEST or course.attempt + 1 >= _ATTEMPTS
        return self.stuck and not early and not late

    def _is_in_vain(self, module: WholeModule) -> bool:
        """Tell whether the second half of the training has long brought nothing better."""
        if module.progress < 0.5 or len(self._validation) < FEWEST:
            return False
        since = [row for row in self.rows if row.step > module.kept["step"]]
        return len(since) >= module.plan.patience


def _row(module: WholeModule, losses: Sequence[float], probe: Score, held: Score | None) -> Row:
    clock, world = module.clock, module.trainer.world_size
    return Row(
        step=clock.steps,
        views=clock.steps * world * module.plan.share_of_batch(world),
        seconds=round(clock.seconds, 1),
        loss=float(np.mean(losses)),
        validation_loss=None if held is None else held.loss,
        exact=None if held is None else held.exact,
        character=None if held is None else held.character,
        rate=module.rate,
        trained=probe.exact,
    )


def is_as_good(new: Score, old: Mapping[str, float], by: str, count: int) -> bool:
    """Tell whether to go on with a round's weights rather than with the last that were kept.

    Later weights have learnt more at a lower rate. So by exact match they are as good as the best
    unless ``count`` images show the difference: by two standard errors of a share (after Breiman
    et al. 1984, who take one), with one right and one wrong text added, as nothing is ever certain.
    """
    if by == "loss":
        return new.loss <= old["loss"]
    share = (old["record"] * count + 1) / (count + 2)
    return new.exact >= old["record"] - 2 * math.sqrt(share * (1 - share) / count)


def _is_stuck(probe: Score, held: Score | None) -> bool:
    """Tell whether the network says the same, or nothing, of every image, and is wrong."""
    scores = [probe] if held is None else [probe, held]
    return all(score.exact == 0 and (score.distinct == 1 or score.empty > 0.9) for score in scores)

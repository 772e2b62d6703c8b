"""What happens between the steps: rounds of validation, the best weights, checkpoints, mending."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from captchascope.errors import OutputError, TrainingError
from captchascope.train.whole.logs import Logs, Row
from captchascope.train.whole.measure import Score, Stopped, outputs_of, score
from captchascope.train.whole.module import WholeModule
from captchascope.train.whole.samples import WholeSet
from captchascope.train.whole.state import CHECKPOINT, Checkpoints
from captchascope.train.whole.together import agreed, told
from captchascope.train.whole.watch import Watch

__all__ = ["FEWEST", "Rounds"]

FEWEST = 20
"""With fewer validation images the last weights are taken, not those that seem best on them."""

_LONGEST = 60.0  # seconds between two rounds
_COST = 8  # a round may take one of so many parts of the time
_PROBED = 64  # training images that are read in every round
_SETTLED = 0.2  # of the cycle: by then a network reads something, or never will
_LATEST = 0.6  # of the training: later there is no time for another beginning
_ATTEMPTS = 3


class _Verdict(IntEnum):
    ON = 0
    STOP = 1
    ANEW = 2


class Rounds(pl.Callback):
    """Validates, keeps the best, writes checkpoints and logs, and ends the training.

    Only the first process validates and writes; the others follow its verdict.

    Args:
        train: What is trained on.
        validation: What the best weights are chosen by.
        watch: Who is told.
        checkpoints: What writes them.
        folder: The run folder.
    """

    def __init__(
        self,
        train: WholeSet,
        validation: WholeSet,
        watch: Watch,
        checkpoints: Checkpoints,
        folder: Path,
    ) -> None:
        probed = range(0, len(train), -(-len(train) // _PROBED))
        self._probe = [train.images[i] for i in probed], [train.targets[i] for i in probed]
        self._validation, self._watch = validation, watch
        self._checkpoints, self._folder = checkpoints, folder
        self._logs = Logs(folder)
        self._losses: list[float] = []
        self._cost = 0.0
        self._ended = 0.0, 0.0  # seconds and progress at the end of the last round
        self._said = ""
        self._good: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.rows: list[Row] = []
        self.stuck = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the signals back from Lightning, and remember where to go back to."""
        module = _typed(pl_module)
        self._watch.stop.listen()
        self.rows = [Row(**row) for row in module.history]  # type: ignore[arg-type]
        self._ended = module.clock.seconds, module.clock.progress
        module.progress = agreed(module.clock.progress)[0]
        self._remember(trainer, module)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the step, and do what is due."""
        module = _typed(pl_module)
        module.clock.steps += 1
        module.averaged.follow(module.network)
        loss = float(outputs["loss"])
        self._losses.append(loss)
        progress, stop, broken, due = agreed(
            module.clock.progress,
            float(self._watch.stop()),
            float(not math.isfinite(loss)),
            float(trainer.is_global_zero and self._is_due(module)),
        )
        module.progress = progress
        if broken:
            self._mend(trainer, module)
        elif stop:
            trainer.save_checkpoint(self._folder / CHECKPOINT)
            trainer.should_stop = True
        elif due or progress >= 1:
            self._round(trainer, module)
        if trainer.is_global_zero:
            self._watch.share(min(progress, 1.0), self.rows[-1].exact if self.rows else None)

    def close(self) -> None:
        """Close what is open."""
        self._logs.close()

    def _is_due(self, module: WholeModule) -> bool:
        seconds = module.clock.seconds - self._ended[0]
        if seconds < _COST * self._cost:
            return False
        gone = module.clock.progress - self._ended[1]
        return gone >= 1 / module.plan.rounds or seconds >= _LONGEST

    def _round(self, trainer: pl.Trainer, module: WholeModule) -> None:
        begun = time.monotonic()
        verdict = _Verdict.ON
        if trainer.is_global_zero:
            try:
                verdict = self._validate(trainer, module)
            except Stopped:
                verdict = _Verdict.STOP
        verdict = _Verdict(told(int(verdict)))
        if verdict is _Verdict.ANEW:
            module.begin_anew()
        self._remember(trainer, module)
        trainer.save_checkpoint(self._folder / CHECKPOINT)
        if trainer.is_global_zero:
            self._report()
        trainer.should_stop = verdict is _Verdict.STOP or module.progress >= 1
        self._losses = []
        self._ended = module.clock.seconds, module.clock.progress
        self._cost = time.monotonic() - begun

    def _validate(self, trainer: pl.Trainer, module: WholeModule) -> _Verdict:
        """Measure, note, keep what is best, and say what to do."""
        probe = self._score(module, *self._probe)
        held = None
        if len(self._validation):
            held = self._score(module, self._validation.images, self._validation.targets)
        self.rows.append(self._row(module, probe, held))
        module.history = [asdict(row) for row in self.rows]
        self._keep(module, held)
        self._watch.say(_line(self.rows[-1], module.clock.planned))
        self.stuck = _is_stuck(probe, held)
        hopeless = self.stuck and module.cycled >= _SETTLED
        if hopeless and module.attempt + 1 < _ATTEMPTS and module.progress < _LATEST:
            self._watch.warn("the network says the same of every image: it begins anew")
            return _Verdict.ANEW
        return _Verdict.STOP if self._is_in_vain(module) else _Verdict.ON

    def _score(self, module: WholeModule, images: Any, targets: Any) -> Score:
        network = module.averaged.network
        return score(outputs_of(network, images, self._watch.stop, module.device), targets)

    def _row(self, module: WholeModule, probe: Score, held: Score | None) -> Row:
        clock, world = module.clock, module.trainer.world_size
        return Row(
            step=clock.steps,
            views=clock.steps * world * module.plan.share_of_batch(world),
            seconds=round(clock.seconds, 1),
            loss=sum(self._losses) / len(self._losses),
            validation_loss=None if held is None else held.loss,
            exact=None if held is None else held.exact,
            character=None if held is None else held.character,
            rate=module.rate,
            trained=probe.exact,
        )

    def _keep(self, module: WholeModule, held: Score | None) -> None:
        """Keep these weights if none were better."""
        new = {"step": module.clock.steps, "exact": 0.0, "loss": math.inf}
        if held is not None and len(self._validation) >= FEWEST:
            new |= {"exact": held.exact, "loss": held.loss}
            if module.kept and not _is_better(new, module.kept, module.plan.best):
                return
        module.kept = new
        state = module.averaged.network.state_dict()
        module.best = {name: value.detach().cpu().clone() for name, value in state.items()}

    def _is_in_vain(self, module: WholeModule) -> bool:
        if module.progress < 0.5 or len(self._validation) < FEWEST:
            return False
        since = [row for row in self.rows if row.step > module.kept["step"]]
        return len(since) >= module.plan.patience

    def _remember(self, trainer: pl.Trainer, module: WholeModule) -> None:
        """Keep a copy of everything that training changes, unless it is broken."""
        state = deepcopy(module.state_dict())
        if all(bool(value.isfinite().all()) for value in state.values()):
            self._good = state, deepcopy(trainer.optimizers[0].state_dict())

    def _mend(self, trainer: pl.Trainer, module: WholeModule) -> None:
        """Go back to where all was well, once, and go on more slowly."""
        if self._good is None or module.slower < 1:
            what = "the loss is not a number any more, even at half the rate"
            raise TrainingError("train", what, "look for odd images, or try another seed")
        self._watch.warn("the loss is not a number any more: going back, on at half the rate")
        module.load_state_dict(self._good[0])
        trainer.optimizers[0].load_state_dict(deepcopy(self._good[1]))
        module.slower = 0.5
        self._losses = []

    def _report(self) -> None:
        """Write the logs, and say once what cannot be written."""
        failure = self._checkpoints.failure
        try:
            if self.rows:
                self._logs.write(self.rows)
        except OutputError as error:
            failure = failure or error
        said = "" if failure is None else f"{failure}; training goes on"
        if said and said != self._said:
            self._watch.warn(said)
        self._said = said


def _typed(module: pl.LightningModule) -> WholeModule:
    assert isinstance(module, WholeModule)
    return module


def _is_better(new: dict[str, float], old: dict[str, float], by: str) -> bool:
    """Compare two rounds; of those with as many right texts the surer one is better."""
    if by == "exact" and new["exact"] != old["exact"]:
        return new["exact"] > old["exact"]
    return new["loss"] <= old["loss"]


def _is_stuck(probe: Score, held: Score | None) -> bool:
    """Tell whether the network says the same, or nothing, of every image, and is wrong."""
    scores = [probe] if held is None else [probe, held]
    return all(score.exact == 0 and (score.distinct == 1 or score.empty > 0.9) for score in scores)


def _line(row: Row, planned: int) -> str:
    text = f"step {row.step:,}/{planned:,}  loss {row.loss:.4f}"
    if row.exact is not None and row.character is not None:
        text += f"  validation: {row.character:.2%} of characters, {row.exact:.2%} of texts"
    return f"{text}  {row.seconds:.1f} s"

"""What happens between the steps: counting, rounds, checkpoints, logs, mending, and the end."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from captchascope.errors import OutputError, TrainingError
from captchascope.train.ctc.logs import Logs
from captchascope.train.ctc.measure import Stopped
from captchascope.train.ctc.module import WholeModule
from captchascope.train.ctc.rounds import Rounds, Verdict
from captchascope.train.ctc.state import CHECKPOINT, Checkpoints
from captchascope.train.ctc.together import agreed, told
from captchascope.train.ctc.watch import Watch

_LONGEST = 60.0  # seconds between two rounds
_COST = 8  # a round may take one of so many parts of the time


class BetweenSteps(pl.Callback):
    """Looks after a training.

    Only the first process validates and writes; the others follow its verdict.

    Args:
        rounds: What judges.
        watch: Who is told.
        checkpoints: What writes them.
        folder: The run folder.
    """

    def __init__(
        self, rounds: Rounds, watch: Watch, checkpoints: Checkpoints, folder: Path
    ) -> None:
        self._rounds, self._watch, self._checkpoints = rounds, watch, checkpoints
        self._path, self._logs = folder / CHECKPOINT, Logs(folder)
        self._losses: list[float] = []
        self._cost = 0.0
        self._ended = 0.0, 0.0  # seconds and progress at the end of the last round
        self._said = ""
        self._good: tuple[dict[str, Any], dict[str, Any]] | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the signals back from Lightning, and remember where to go back to."""
        module = _typed(pl_module)
        self._watch.stop.listen()
        self._rounds.take_up(module)
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
        loss = float(outputs["ctc"])
        broken = not math.isfinite(loss)
        module.progress, stop, broke, due, worst = agreed(
            module.clock.progress,
            self._watch.stop(),
            broken,
            trainer.is_global_zero and self._is_due(module),
            0.0 if broken else loss,
        )
        self._losses.append(loss)
        module.course.learn(module.plan, worst, module.progress)
        if broke:
            self._mend(trainer, module)
        elif stop:
            self._write(trainer, stop=True)
        elif due or module.progress >= 1:
            self._round(trainer, module)
        if trainer.is_global_zero:
            rows = self._rounds.rows
            self._watch.share(min(module.progress, 1.0), rows[-1].exact if rows else None)

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
        """Validate in the first process, and do everywhere what it says."""
        begun, verdict = time.monotonic(), Verdict.ON
        if trainer.is_global_zero:
            try:
                verdict = self._rounds.judge(module, self._losses)
            except Stopped:
                verdict = Verdict.BROKEN_OFF
        verdict = Verdict(told(verdict))
        if verdict is Verdict.ANEW:
            module.begin_anew()
        self._remember(trainer, module)
        over = verdict in (Verdict.STOP, Verdict.BROKEN_OFF) or module.progress >= 1
        self._write(trainer, over)
        if trainer.is_global_zero and verdict is not Verdict.BROKEN_OFF:
            self._watch.say(self._rounds.told(module.clock.planned))
        if verdict is Verdict.ANEW:
            self._watch.warn("the network says the same of every image: it begins anew")
        self._losses = []
        self._ended = module.clock.seconds, module.clock.progress
        self._cost = time.monotonic() - begun

    def _write(self, trainer: pl.Trainer, stop: bool) -> None:
        """Write all down, and end the training if it is to be ended."""
        trainer.save_checkpoint(self._path)
        if trainer.is_global_zero:
            self._report()
        trainer.should_stop = stop

    def _remember(self, trainer: pl.Trainer, module: WholeModule) -> None:
        """Keep a copy of everything that training changes, unless it is broken."""
        state = deepcopy(module.state_dict())
        if all(bool(value.isfinite().all()) for value in state.values()):
            self._good = state, deepcopy(trainer.optimizers[0].state_dict())

    def _mend(self, trainer: pl.Trainer, module: WholeModule) -> None:
        """Go back to where all was well, once, and go on more slowly."""
        if self._good is None or module.course.slower < 1:
            what = "the loss is not a number any more, even at half the rate"
            raise TrainingError("train", what, "look for odd images, or try another seed")
        self._watch.warn("the loss is not a number any more: going back, on at half the rate")
        module.load_state_dict(self._good[0])
        trainer.optimizers[0].load_state_dict(deepcopy(self._good[1]))
        module.course.slower = 0.5
        self._losses = []

    def _report(self) -> None:
        """Write the logs, and say once what cannot be written."""
        failure = self._checkpoints.failure
        try:
            if self._rounds.rows:
                self._logs.write(self._rounds.rows)
        except OutputError as error:
            failure = failure or error
        said = "" if failure is None else f"{failure}; training goes on"
        if said and said != self._said:
            self._watch.warn(said)
        self._said = said


def _typed(module: pl.LightningModule) -> WholeModule:
    assert isinstance(module, WholeModule)
    return module

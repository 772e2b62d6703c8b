"""The task of training a network that reads without segmentation, as the loop takes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from captchascope.errors import TrainingError
from captchascope.train.checkpoint import CHECKPOINT, Facts, is_kept, read_checkpoint
from captchascope.train.ctc.data import Batch, Batches, TextImages
from captchascope.train.ctc.losses import aligned_loss, ctc_loss, text_span
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.stream import StreamedBatches
from captchascope.train.ctc.validate import Score, is_as_good, outputs_of, score
from captchascope.train.distributed import Place, broadcast_state, connected
from captchascope.train.loop import Decision, Interrupted, Loop, Training
from captchascope.train.recipes import CtcRecipe
from captchascope.train.schedule import Clock, Curriculum
from captchascope.train.watch import Watch

FEWEST = 20
"""With fewer validation images the last weights are taken, not those that seem best on them."""

_PROBED = 64  # training images that are read in every validation
_SETTLED = 0.25  # of the cycle: by then a network reads something, or never will
_SEEN = 5_000  # images, before which nobody can expect it to
_LATEST = 0.6  # of the training: later there is no time for another beginning
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a training.

    Attributes:
        network: The first weights.
        fresh: Makes an untrained network from a seed, should the first come to nothing.
        scratch: Whether the first are untrained.
        seed: Of order, augmentation and dropout.
    """

    network: CtcNet
    fresh: Callable[[int], CtcNet]
    scratch: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Where:
    """Where training happens.

    Attributes:
        folder: The run folder; None where nothing is kept to go on from.
        resume: Whether to go on from its checkpoint.
        facts: What that must have been made with.
        place: Which of the processes this is.
    """

    folder: Path | None
    resume: bool
    facts: Facts
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of a validation; what is measured on validation images is None without any.

    Attributes:
        step: Steps so far.
        views: Images seen so far.
        seconds: Of training so far.
        loss: Mean of the training loss since the row before, nats.
        validation_loss: CTC loss per character, nats.
        exact: Share of the validation texts that are right.
        character: Share of their characters that are right.
        rate: The learning rate.
        trained: Share of some training texts that are right.
        texts: How many validation texts there are.
    """

    step: int
    views: int
    seconds: float
    loss: float
    validation_loss: float | None
    exact: float | None
    character: float | None
    rate: float
    trained: float
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """The trained network.

    Attributes:
        network: In evaluation mode, on the CPU.
        rows: Of every validation, in order.
        step: The step that its weights are from.
        stuck: Whether it says the same of every image, and is wrong.
        restarted: Whether it began anew with other weights than its first.
        kept: Which step's weights these are, and why.
        untrained: Whether they are those of the model that reads anything, as it is.
    """

    network: CtcNet
    rows: tuple[Row, ...]
    step: int
    stuck: bool
    restarted: bool = False
    kept: str = ""
    untrained: bool = False


class BatchSource(Protocol):
    """What gives the batches of a training."""

    def after(self, given: int) -> Generator[Batch]:
        """Yield without end the batches that come after so many that were given."""
        ...


class CtcTask:
    """The task of training a CTC network.

    Args:
        source: What is trained on.
        probe: Some images that are trained on, or are like them.
        held: What the best weights are chosen by; may be empty.
        recipe: How.
        start: What training begins with.
        place: Which of the processes this is.
        stop: Whether somebody wants to stop.

    Attributes:
        stuck: Whether the network, when last seen, said the same of every image, and was wrong.
    """

    def __init__(
        self,
        source: BatchSource,
        probe: TextImages,
        held: TextImages,
        recipe: CtcRecipe,
        start: Start,
        place: Place,
        stop: Callable[[], bool],
    ) -> None:
        self._seen = recipe.share_of_batch(place.world) * place.world
        self._source, self._probe = source, probe
        self._held, self._recipe, self._start, self._stop = held, recipe, start, stop
        self.stuck = False

    def batches(self, number: int) -> Generator[Batch]:
        """Yield batches without end from the one of this number on."""
        return self._source.after(number)

    def loss(self, network: nn.Module, batch: Batch, training: Training) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch, and the part of it that CTC is.

        Dropout has a seed for each step, which so is the same in a training taken up again.
        """
        seed = (self._start.seed * 1_000_003 + training.clock.steps) * 257 + training.place.rank
        torch.manual_seed(seed % 2**63)
        device = training.place.device
        images, targets, lengths = (part.to(device) for part in batch)
        rough = self._recipe.bfloat16 and has_fast_bfloat16(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=rough):
            logits = network(images)
        ctc = ctc_loss(logits, targets, lengths).mean()
        loss, guidance = ctc, training.curriculum.guidance
        if guidance:
            loss = ctc + guidance * aligned_loss(logits, targets, lengths, text_span(images))
        return loss, ctc.detach()

    def begin(self, training: Training) -> None:
        """Keep the first weights, of a network that may read already, until others are as good."""
        if len(self._held) >= FEWEST:
            self._keep(training, self._score(training, self._held))

    def validate(self, training: Training) -> Decision:
        """Read some training images and all held out; keep the weights if they are the best.

        Raises:
            Interrupted: If somebody wants to stop; it is then as if there had been no validation.
        """
        probe = self._score(training, self._probe)
        held = self._score(training, self._held) if len(self._held) else None
        training.rows.append(
            Row(
                step=training.clock.steps,
                views=training.clock.steps * self._seen,
                seconds=round(training.clock.seconds, 1),
                loss=training.loss,
                validation_loss=None if held is None else held.loss,
                exact=None if held is None else held.exact,
                character=None if held is None else held.character,
                rate=training.rate,
                trained=probe.exact,
                texts=len(self._held),
            )
        )
        self._keep(training, held)
        self.stuck = all(_is_stuck(score) for score in (probe, held) if score is not None)
        if self._is_hopeless(training):
            return Decision.RESTART
        return Decision.STOP if self._is_in_vain(training) else Decision.CONTINUE

    def line(self, training: Training) -> str:
        """Return the newest row as the user is told it."""
        row = rows_of(training)[-1]
        text = f"step {row.step:,}/{training.clock.planned:,}  loss {row.loss:.4f}"
        if row.exact is not None and row.character is not None:
            held = f"{row.exact:.2%} of {row.texts} texts, {row.character:.2%} of characters"
            text += f"  validation: {held}"
        return f"{text}  {row.seconds:.1f} s"

    def why(self, training: Training) -> str:
        """Return why the weights that were kept were, rather than any others."""
        rows, count = rows_of(training), len(self._held)
        last = not rows or training.kept.get("step", math.inf) >= rows[-1].step
        if self._recipe.best == "last" or count == 0:
            return "the last"
        if count < FEWEST:
            return f"the last, as {count} validation texts are too few to choose by"
        if self._recipe.best == "loss":
            return f"no other has a lower loss on the {count} validation texts"
        if last:
            return (
                f"the last, and no earlier one reads clearly more of the {count} validation texts"
            )
        return f"every later one reads clearly fewer of the {count} validation texts"

    def fresh(self, attempt: int) -> nn.Module:
        """Return an untrained network."""
        return self._start.fresh(self._start.seed + attempt)

    def _score(self, training: Training, data: TextImages) -> Score:
        network, device = training.validated, training.place.device
        return score(outputs_of(network, data.images, self._stop, device), data.targets)

    def _keep(self, training: Training, held: Score | None) -> None:
        """Keep these weights, unless earlier ones were better."""
        loss, record, count = math.inf, 0.0, len(self._held)
        if held is not None and count >= FEWEST:
            kept = training.kept
            if kept and not is_as_good(held, kept, self._recipe.best, count):
                return
            loss, record = held.loss, max(held.exact, kept.get("record", 0.0))
        training.keep(step=float(training.clock.steps), loss=loss, record=record)

    def _is_hopeless(self, training: Training) -> bool:
        """Tell whether other weights might do better, and there is time for them."""
        curriculum, progress = training.curriculum, training.progress
        seen = (training.clock.steps - curriculum.step) * self._seen
        early = curriculum.cycled(progress) < _SETTLED or seen < _SEEN
        late = progress > _LATEST or curriculum.attempt + 1 >= _ATTEMPTS
        return self.stuck and not early and not late

    def _is_in_vain(self, training: Training) -> bool:
        """Tell whether the second half of the training has long brought nothing better."""
        if training.progress < 0.5 or len(self._held) < FEWEST:
            return False
        since = [row for row in rows_of(training) if row.step > training.kept["step"]]
        return len(since) >= self._recipe.patience


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether a device computes in bfloat16 itself; one that emulates it takes far longer."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())


def rows_of(training: Training) -> tuple[Row, ...]:
    """Return what the validations of a training gave."""
    return tuple(row for row in training.rows if isinstance(row, Row))


def _is_stuck(score: Score) -> bool:
    """Tell whether a network said the same, or nothing, of every image, and was wrong."""
    return score.exact == 0 and (score.distinct == 1 or score.empty > 0.9)


def fit_ctc(
    train: TextImages,
    held: TextImages,
    recipe: CtcRecipe,
    start: Start,
    where: Where,
    watch: Watch,
    stream: StreamedBatches | None = None,
) -> Fitted:
    """Train until the recipe, the time, or somebody ends it; return the best averaged network.

    torch's global seed is set, and stays so.

    Args:
        train: At least one sample.
        held: The validation samples, which choose the best weights; may be none.
        recipe: How.
        start: What it begins with.
        where: The run folder, and this process's place among others.
        watch: Who is told, and when to stop.
        stream: What is trained on, where ``train`` is but some of it.

    Raises:
        TrainingError: If the loss stays no number, or no time was left for a step.
        UsageError: If the checkpoint to go on from was made with something else.
    """
    place, share = where.place, recipe.share_of_batch(where.place.world)
    own = place.rank, place.world
    batches = stream or Batches(train, share, recipe.strength, start.seed, own)
    samples = len(train) if stream is None else stream.samples
    every = -(-len(train) // _PROBED)
    probe = TextImages(train.images[::every], train.targets[::every])
    task = CtcTask(batches, probe, held, recipe, start, place, watch.stop)
    clock = Clock(recipe.steps(samples, start.scratch, place.world), watch.deadline)
    return fit_task(task, clock, recipe, start, where, watch)


def fit_task(
    task: CtcTask, clock: Clock, recipe: CtcRecipe, start: Start, where: Where, watch: Watch
) -> Fitted:
    """Train on a task until its clock has run down; else as ``fit_ctc``, which makes one."""
    place = where.place
    if not where.resume and clock.progress >= 1:
        raise TrainingError("train", "no time was left for a step", "give a longer time limit")
    start.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    curriculum = Curriculum(recipe.known, float(start.scratch))
    training = Training(start.network, recipe, clock, curriculum, place)
    try:
        with connected(place):
            if where.resume and where.folder is not None:  # which only the first machine need have
                checkpoint = where.folder / CHECKPOINT
                held = read_checkpoint(checkpoint, where.facts) if place.rank == 0 else None
                training.load(broadcast_state(held), Row)
            if place.rank == 0 and not start.scratch and not where.resume:
                with suppress(Interrupted):  # a step from here, all processes are asked and end
                    task.begin(training)
            Loop(training, task, watch, where.folder, where.facts).run()
    except RuntimeError as error:
        if place.world == 1:
            raise
        what = "another process of the training is gone"
        raise TrainingError("train", what, _what_is_left(where)) from error
    network = training.result()
    assert isinstance(network, CtcNet)
    step = int(training.kept.get("step", clock.steps))
    restarted = training.curriculum.attempt > 0
    kept = f"kept step {step:,} of {clock.steps:,}: {task.why(training)}"
    return Fitted(network, rows_of(training), step, task.stuck, restarted, kept)


def _what_is_left(where: Where) -> str:
    """Return how to train on after a failure; other machines cannot see what the first one kept."""
    if where.folder is not None and is_kept(where.folder):
        return "--resume goes on"
    if where.place.rank > 0:
        return "--resume goes on, where the first process has kept a checkpoint"
    return "train again"

"""Training a network that reads without segmentation: what the loop is told of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from captchascope.errors import TrainingError
from captchascope.train.checkpoint import CHECKPOINT, Facts, read_checkpoint
from captchascope.train.ctc.data import Batch, Batches, TextImages
from captchascope.train.ctc.losses import aligned_loss, ctc_loss, text_span
from captchascope.train.ctc.network import CtcNet
from captchascope.train.ctc.validate import Row, Validation, rows_of
from captchascope.train.distributed import Place, connected
from captchascope.train.loop import Decision, Loop, Training
from captchascope.train.recipes import CtcRecipe
from captchascope.train.schedule import Clock, Curriculum
from captchascope.train.watch import Watch


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins with.

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
        folder: The run folder.
        resume: Whether to go on from its checkpoint.
        facts: What that must have been made with.
        place: Which of the processes this is.
    """

    folder: Path
    resume: bool
    facts: Facts
    place: Place = Place()  # noqa: RUF009  # frozen


@dataclass(frozen=True, slots=True)
class Fitted:
    """The trained network.

    Attributes:
        network: In evaluation mode, on the CPU.
        rows: Of every validation, in order.
        step: The step that its weights are from.
        stuck: Whether it says the same of every image, and is wrong.
    """

    network: CtcNet
    rows: tuple[Row, ...]
    step: int
    stuck: bool


class CtcTask:
    """What ``loop.Loop`` is to train.

    Args:
        batches: Where the steps come from.
        validation: What decides.
        start: What training begins with.
    """

    def __init__(self, batches: Batches, validation: Validation, start: Start) -> None:
        self._batches, self._validation, self._start = batches, validation, start

    def batches(self, number: int) -> Generator[Batch]:
        """Yield batches without end from the one of this number on."""
        return self._batches.after(number)

    def loss(self, network: nn.Module, batch: Batch, training: Training) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch, and the part of it that CTC is.

        Dropout has a seed for each step, which so is the same in a training taken up again.
        """
        seed = (self._start.seed * 1_000_003 + training.clock.steps) * 257 + training.place.rank
        torch.manual_seed(seed % 2**63)
        images, targets, lengths = (part.to(training.place.device) for part in batch)
        logits = network(images)
        ctc = ctc_loss(logits, targets, lengths).mean()
        loss, guidance = ctc, training.curriculum.guidance
        if guidance:
            loss = ctc + guidance * aligned_loss(logits, targets, lengths, text_span(images))
        return loss, ctc.detach()

    def validate(self, training: Training) -> Decision:
        """Add a row, keep the weights if they are the best, and decide."""
        return self._validation.decide(training)

    def line(self, training: Training) -> str:
        """Return the newest row as the user is told it."""
        row = rows_of(training)[-1]
        text = f"step {row.step:,}/{training.clock.planned:,}  loss {row.loss:.4f}"
        if row.exact is not None and row.character is not None:
            text += f"  validation: {row.character:.2%} of characters, {row.exact:.2%} of texts"
        return f"{text}  {row.seconds:.1f} s"

    def fresh(self, attempt: int) -> nn.Module:
        """Return an untrained network."""
        return self._start.fresh(self._start.seed + attempt)


def fit(
    train: TextImages,
    held: TextImages,
    recipe: CtcRecipe,
    start: Start,
    where: Where,
    watch: Watch,
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

    Raises:
        TrainingError: If the loss stays no number, or no time was left for a step.
        UsageError: If the checkpoint to go on from was made with something else.
    """
    place = where.place
    clock = Clock(recipe.steps(len(train), start.scratch, place.world), watch.deadline)
    if not where.resume and clock.progress >= 1:
        raise TrainingError("train", "no time was left for a step", "give a longer time limit")
    start.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    curriculum = Curriculum(recipe.known, float(start.scratch))
    training = Training(start.network, recipe, clock, curriculum, place)
    if where.resume:
        training.load(read_checkpoint(where.folder / CHECKPOINT, where.facts), Row)
    share = recipe.share_of_batch(place.world)
    own = place.rank, place.world
    batches = Batches(train, share, recipe.strength, start.seed, own)
    validation = Validation(train, held, recipe, watch.stop)
    task = CtcTask(batches, validation, start)
    try:
        with connected(place):
            Loop(training, task, watch, where.folder, where.facts).run()
    except RuntimeError as error:
        if place.world == 1:
            raise
        what = "another process of the training is gone"
        raise TrainingError("train", what, "--resume goes on") from error
    network = training.result()
    assert isinstance(network, CtcNet)
    step = int(training.kept.get("step", clock.steps))
    return Fitted(network, rows_of(training), step, validation.stuck)

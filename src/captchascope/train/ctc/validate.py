"""What a network reads by now, whether it is the best so far, and what to do next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from captchascope.charset import BLANK
from captchascope.ctc.inputs import normalise
from captchascope.records import FloatArray, GrayImage, RgbImage
from captchascope.train.ctc.data import TextImages
from captchascope.train.ctc.losses import ctc_loss
from captchascope.train.loop import Decision, Interrupted, Training
from captchascope.train.recipes import CtcRecipe

FEWEST = 20
"""With fewer validation images the last weights are taken, not those that seem best on them."""

_PIXELS_AT_ONCE = 400_000  # of a batch: its largest layer then has about 40 MB
_PROBED = 64  # training images that are read in every validation
_SETTLED = 0.25  # of the cycle: by then a network reads something, or never will
_SEEN = 5_000  # images, before which nobody can expect it to
_LATEST = 0.6  # of the training: later there is no time for another beginning
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Score:
    """What a network did on some images.

    Attributes:
        loss: Mean over the images of the CTC loss per character, nats.
        exact: Share of texts that are right.
        character: One less the mean edit distance per character, at least 0.
        distinct: How many different texts were read.
        empty: Share of texts that are empty.
    """

    loss: float
    exact: float
    character: float
    distinct: int
    empty: float


@dataclass(frozen=True, slots=True)
class Row:
    """What a validation gave; what is measured on validation images is None without any.

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


class Validation:
    """Measures, notes, and decides.

    Args:
        train: What is trained on.
        held: What the best weights are chosen by; may be empty.
        recipe: How.
        stop: Whether somebody wants to stop.

    Attributes:
        stuck: Whether the network, when last seen, said the same of every image, and was wrong.
    """

    def __init__(
        self, train: TextImages, held: TextImages, recipe: CtcRecipe, stop: Callable[[], bool]
    ) -> None:
        every = -(-len(train) // _PROBED)
        self._probe = TextImages(train.images[::every], train.targets[::every])
        self._held, self._recipe, self._stop = held, recipe, stop
        self.stuck = False

    def decide(self, training: Training) -> Decision:
        """Read some training images and all of validation; keep what is best.

        Raises:
            Interrupted: If somebody wants to stop; it is then as if there had been no validation.
        """
        probe = self._score(training, self._probe)
        held = self._score(training, self._held) if len(self._held) else None
        clock, world = training.clock, training.place.world
        training.rows.append(
            Row(
                step=clock.steps,
                views=clock.steps * world * self._recipe.share_of_batch(world),
                seconds=round(clock.seconds, 1),
                loss=training.loss,
                validation_loss=None if held is None else held.loss,
                exact=None if held is None else held.exact,
                character=None if held is None else held.character,
                rate=training.rate,
                trained=probe.exact,
            )
        )
        self._keep(training, held)
        self.stuck = _is_stuck(probe, held)
        if self._is_hopeless(training):
            return Decision.RESTART
        return Decision.STOP if self._is_in_vain(training) else Decision.CONTINUE

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
        steps = training.clock.steps - curriculum.step
        seen = steps * self._recipe.share_of_batch(training.place.world)
        early = curriculum.cycled(progress) < _SETTLED or seen < _SEEN
        late = progress > _LATEST or curriculum.attempt + 1 >= _ATTEMPTS
        return self.stuck and not early and not late

    def _is_in_vain(self, training: Training) -> bool:
        """Tell whether the second half of the training has long brought nothing better."""
        if training.progress < 0.5 or len(self._held) < FEWEST:
            return False
        since = [row for row in rows_of(training) if row.step > training.kept["step"]]
        return len(since) >= self._recipe.patience


def rows_of(training: Training) -> tuple[Row, ...]:
    """Return what the validations of a training gave."""
    return tuple(row for row in training.rows if isinstance(row, Row))


def is_as_good(new: Score, old: Mapping[str, float], by: str, count: int) -> bool:
    """Tell whether to go on with these weights rather than with the last that were kept.

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


@torch.no_grad()
def outputs_of(
    network: Callable[[Tensor], Tensor],
    images: Sequence[GrayImage | RgbImage],
    stopped: Callable[[], bool] = lambda: False,
    on: torch.device | None = None,
) -> list[FloatArray]:
    """Return what ``network``, in evaluation mode, gives for each image, in order.

    Raises:
        Interrupted: If ``stopped()`` between two batches.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(images):
        groups.setdefault(image.shape, []).append(index)
    outputs: dict[int, FloatArray] = {}
    for shape, group in groups.items():
        size = max(1, min(128, _PIXELS_AT_ONCE // (shape[0] * shape[1])))
        for begin in range(0, len(group), size):
            if stopped():
                raise Interrupted
            part = group[begin : begin + size]
            batch = torch.from_numpy(normalise([images[i] for i in part])).to(on)
            given = network(batch.contiguous(memory_format=torch.channels_last)).cpu().numpy()
            outputs.update(zip(part, given, strict=True))
    return [outputs[i] for i in range(len(images))]


def best_path(logits: FloatArray) -> NDArray[np.int64]:
    """Return the ids that the best path of logits (T, K) spells."""
    path = logits.argmax(axis=1)
    new = np.concatenate(([True], path[1:] != path[:-1]))
    ids: NDArray[np.int64] = path[new & (path != BLANK)]
    return ids


def score(logits: Sequence[FloatArray], targets: Sequence[NDArray[np.int64]]) -> Score:
    """Compare what was given for some images, at least one, with their texts."""
    losses, right, characters, texts = [], [], [], []
    for given, target in zip(logits, targets, strict=True):
        wanted = torch.from_numpy(target)
        losses.append(ctc_loss(torch.from_numpy(given)[None], wanted, torch.tensor([len(wanted)])))
        text = best_path(given).tolist()
        texts.append(tuple(text))
        right.append(text == target.tolist())
        characters.append(Levenshtein.distance(text, target.tolist()) / len(target))
    return Score(
        loss=float(torch.cat(losses).mean()),
        exact=float(np.mean(right)),
        character=max(0.0, 1 - float(np.mean(characters))),
        distinct=len(set(texts)),
        empty=float(np.mean([not text for text in texts])),
    )

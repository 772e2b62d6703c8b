"""The training loop: epochs, validation, and the best weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs.augment import augment
from captchascope.train.glyphs.data import GlyphSet
from captchascope.train.glyphs.recipes import Recipe


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the data gave; accuracies are None without validation data.

    Attributes:
        number: From 1.
        of: How many are planned.
        loss: Mean cross-entropy of the training glyphs, nats.
        character: Share of the validation characters that are right.
        captcha: Share of the validation captchas that are right as a whole.
        seconds: How long it took.
    """

    number: int
    of: int
    loss: float
    character: float | None
    captcha: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told, and when to stop.

    Attributes:
        share: Called with how much of the training is done, 0 to 1.
        epoch: Called after every epoch.
        deadline: ``time.monotonic`` at which training must end; None for no limit.
    """

    share: Callable[[float], None] = lambda share: None
    epoch: Callable[[Epoch], None] = lambda epoch: None
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The trained network, the epoch that it is from, and all epochs.

    Attributes:
        network: In evaluation mode, on the CPU.
        best: The epoch whose weights it has.
        epochs: Every epoch, in order.
        logits: Of the validation glyphs, shape (M, C), and their targets, shape (M,).
    """

    network: nn.Module
    best: Epoch
    epochs: tuple[Epoch, ...]
    logits: tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class _Best:
    score: float
    epoch: Epoch
    weights: dict[str, Tensor]


def device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fit(
    recipe: Recipe,
    spec: InputSpec,
    classes: int,
    train: GlyphSet,
    validation: GlyphSet,
    seed: int,
    watch: Watch,
) -> Fitted:
    """Train a network by ``recipe``.

    The validation glyphs choose the epoch whose weights are kept; without any, it is the last.
    torch's global seed and number of threads are set, and stay so.

    Raises:
        TrainingError: If the loss is not a number any more, or no time was left for an epoch.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # more gain a fifth on an idle machine, and lose tenfold on a busy one
    run = _Run(recipe, spec, recipe.network(spec, classes).to(device()), watch)
    inputs, targets = _tensors(train)
    held, held_targets = _tensors(validation)
    held = _cropped(held, spec, recipe.augmentation.margin)
    run.plan(len(inputs))
    best: _Best | None = None
    while run.goes_on():
        loss = run.train_once(inputs, targets)
        logits = _logits(run.network, held)
        right = (logits.argmax(1) == held_targets).reshape(validation.targets.shape)
        epoch = run.finish_epoch(loss, right, len(validation.problems))
        score = _score(epoch, logits, held_targets)
        if best is None or score >= best.score:
            best = _Best(score, epoch, deepcopy(run.network.state_dict()))
    if best is None:
        raise TrainingError("train", "no time was left for an epoch", "give a longer time limit")
    run.network.load_state_dict(best.weights)
    network = run.network.cpu().eval()
    logits = _logits(network, held.cpu())
    return Fitted(network, best.epoch, tuple(run.epochs), (logits, held_targets.cpu()))


class _Run:
    """One training under way: the network, its optimizer, and how far it is.

    Progress counts steps or time, whichever is further, so that the learning rate ends its cycle
    when the time is up.
    """

    def __init__(self, recipe: Recipe, spec: InputSpec, network: nn.Module, watch: Watch) -> None:
        self.recipe, self.spec, self.network, self.watch = recipe, spec, network, watch
        self.optimizer = _optimizer(recipe, network)
        self.epochs: list[Epoch] = []
        self.begun = self.epoch_begun = time.monotonic()
        self.steps_done = self.steps_per_epoch = self.count = 0

    def plan(self, glyphs: int) -> None:
        """Set how many epochs of how many steps there will be."""
        self.count = self.recipe.epochs_for(glyphs)
        self.steps_per_epoch = -(-glyphs // self.recipe.batch)

    @property
    def progress(self) -> float:
        """How far the training is, 0 to 1 and beyond."""
        done = self.steps_done / (self.count * self.steps_per_epoch)
        if self.watch.deadline is None:
            return done
        allowed = max(self.watch.deadline - self.begun, 1e-9)
        return max(done, (time.monotonic() - self.begun) / allowed)

    def goes_on(self) -> bool:
        """Tell whether there is a further epoch to train."""
        return self.progress < 1

    def train_once(self, inputs: Tensor, targets: Tensor) -> float:
        """Go through the data once, or until the time is up; return the mean loss."""
        self.epoch_begun = time.monotonic()
        self.network.train()
        loss, seen = 0.0, 0
        for number, batch in enumerate(self._batches(inputs, targets), 1):
            loss += self._step(*batch) * len(batch[0])
            seen += len(batch[0])
            if number % 50 == 0 or number == self.steps_per_epoch:
                self.watch.share(min(self.progress, 1.0))
                if not self.goes_on():
                    break
        if not math.isfinite(loss):
            raise TrainingError("train", "the loss is not a number any more", "try another seed")
        return loss / seen

    def finish_epoch(self, loss: float, right: Tensor, uncut: int) -> Epoch:
        """Record and report an epoch; ``right`` has shape (samples, glyphs).

        The ``uncut`` further captchas, which could not be cut, count as wrong.
        """
        character = captcha = None
        if right.numel():
            cut = len(right) / (len(right) + uncut)
            character = cut * right.float().mean().item()
            captcha = cut * right.all(1).float().mean().item()
        seconds = time.monotonic() - self.epoch_begun
        number = len(self.epochs) + 1
        self.epochs.append(Epoch(number, self.count, loss, character, captcha, seconds))
        self.watch.epoch(self.epochs[-1])
        return self.epochs[-1]

    def _step(self, glyphs: Tensor, astray: Tensor, targets: Tensor) -> float:
        self.optimizer.param_groups[0]["lr"] = self._rate()
        loss = _loss(self.network(glyphs), targets, astray)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.steps_done += 1
        return loss.item()

    def _rate(self) -> float:
        """Return the learning rate: constant, or up and down again (Smith 2018, one cycle)."""
        if self.recipe.optimizer == "sgd":
            return self.recipe.rate
        done, warm = min(self.progress, 1.0), 0.3
        angle = done / warm if done < warm else 1 + (done - warm) / (1 - warm)
        return self.recipe.rate * max((1 - math.cos(math.pi * angle)) / 2, 1e-3)

    def _batches(self, inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield shuffled batches, each input changed in its own way: glyphs, astray, targets."""
        order = torch.randperm(len(inputs)).to(inputs.device)
        for chosen in torch.split(order, self.recipe.batch):
            glyphs, astray = augment(inputs[chosen], self.spec, self.recipe.augmentation)
            yield glyphs, astray, targets[chosen]


def _loss(logits: Tensor, targets: Tensor, astray: Tensor) -> Tensor:
    """Return the mean cross-entropy; a window astray should be every character alike."""
    each = nn.functional.cross_entropy(logits, targets, reduction="none")
    alike = -nn.functional.log_softmax(logits, 1).mean(1)
    return torch.where(astray, alike, each).mean()


def _optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), recipe.rate, momentum=0.9)
    return torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=0.01)


def _tensors(glyphs: GlyphSet) -> tuple[Tensor, Tensor]:
    inputs = torch.from_numpy(glyphs.inputs).flatten(0, 1).unsqueeze(1)
    return inputs.to(device()), torch.from_numpy(glyphs.targets).flatten().to(device())


def _cropped(inputs: Tensor, spec: InputSpec, jitter: int) -> Tensor:
    return inputs[:, :, jitter : jitter + spec.height, jitter : jitter + spec.width].float() / 255


@torch.no_grad()
def _logits(network: nn.Module, inputs: Tensor) -> Tensor:
    network.eval()
    return torch.cat([network(part) for part in torch.split(inputs, 1024)])


def _score(epoch: Epoch, logits: Tensor, targets: Tensor) -> float:
    """Rank epochs by the validation loss: of few samples it says more than the accuracy does."""
    if len(targets) == 0:
        return float(epoch.number)
    return -nn.functional.cross_entropy(logits, targets).item()

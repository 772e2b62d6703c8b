"""Training of the glyphs method: a data set in, the bytes of a model file out."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn

from captchascope import __version__
from captchascope.charset import Charset
from captchascope.data.dataset import Dataset
from captchascope.errors import TrainingError
from captchascope.files import printable
from captchascope.glyphs.inputs import NORMALISATION, InputSpec
from captchascope.glyphs.scheme import Scheme
from captchascope.model.metadata import FORMAT, Metadata
from captchascope.train.calibrate import class_temperature
from captchascope.train.distributed import Place
from captchascope.train.export import export_model
from captchascope.train.glyphs.augment import augment_windows
from captchascope.train.glyphs.data import GlyphSet, glyphs_of
from captchascope.train.glyphs.network import NETWORKS
from captchascope.train.loop import Decision, Loop, Training
from captchascope.train.recipes import GlyphsRecipe
from captchascope.train.request import Product, TrainRequest
from captchascope.train.room import require_room
from captchascope.train.schedule import Clock, Curriculum
from captchascope.train.watch import Watch

_EXPORT_SECONDS = 15.0  # kept free at the end of a time limit


@dataclass(frozen=True, slots=True)
class Epoch:
    """The outcome of one pass over the data; accuracies are None without validation data.

    Attributes:
        number: From 1.
        of: How many are planned.
        loss: Mean cross-entropy of the training glyphs, nats.
        character: Share of the validation characters that are right.
        captcha: Share of the validation captchas that are right as a whole.
        seconds: How long it took.
        texts: How many validation captchas there are.
    """

    number: int
    of: int
    loss: float
    character: float | None
    captcha: float | None
    seconds: float
    texts: int = 0


class GlyphsTask:
    """The task of training a glyph network; torch's global generator decides all that is random.

    Args:
        recipe: How.
        spec: What the network looks at.
        classes: The number of characters.
        train: What is trained on.
        held: What the best epoch is chosen by; without any, it is the last.
        seed: Of the weights.
    """

    def __init__(
        self,
        recipe: GlyphsRecipe,
        spec: InputSpec,
        classes: int,
        train: GlyphSet,
        held: GlyphSet,
        seed: int,
    ) -> None:
        self._recipe, self._spec, self._classes, self._seed = recipe, spec, classes, seed
        self._inputs, self._targets = _tensors(train)
        margin, self._uncut = recipe.augmentation.margin, len(held.problems)
        wide, self.held_targets = _tensors(held)
        inner = wide[:, :, margin : margin + spec.height, margin : margin + spec.width]
        self.held, self._shape = inner.float() / 255, held.targets.shape
        self.epochs = recipe.epochs_for(len(self._inputs))
        self.steps_per_epoch = -(-len(self._inputs) // recipe.batch)
        self._begun = time.monotonic()

    def fresh(self, attempt: int) -> nn.Module:
        """Return an untrained network."""
        torch.manual_seed(self._seed + attempt)
        return NETWORKS[self._recipe.network](self._spec, self._classes)

    def batches(self, number: int) -> Generator[tuple[Tensor, Tensor, Tensor]]:
        """Yield shuffled batches, each input changed in its own way: glyphs, astray, targets."""
        while True:
            order = torch.randperm(len(self._inputs)).to(self._inputs.device)
            for chosen in torch.split(order, self._recipe.batch):
                inputs = self._inputs[chosen]
                glyphs, astray = augment_windows(inputs, self._spec, self._recipe.augmentation)
                yield glyphs, astray, self._targets[chosen]

    def loss(
        self, network: nn.Module, batch: tuple[Tensor, Tensor, Tensor], training: Training
    ) -> tuple[Tensor, Tensor]:
        """Return the mean cross-entropy; a window astray should be every character alike."""
        glyphs, astray, targets = batch
        logits = network(glyphs)
        each = nn.functional.cross_entropy(logits, targets, reduction="none")
        alike = -nn.functional.log_softmax(logits, 1).mean(1)
        loss = torch.where(astray, alike, each).mean()
        return loss, loss.detach()

    def validate(self, training: Training) -> Decision:
        """Add an epoch, and keep its weights if they are the best.

        Epochs are ranked by the validation loss: of few samples it says more than the accuracy
        does. Captchas that could not be cut count as wrong.
        """
        logits = logits_of(training.validated, self.held)
        number, character, captcha, score = len(training.rows) + 1, None, None, 0.0
        texts = len(self.held_targets) and self._shape[0] + self._uncut
        if len(self.held_targets):
            right = (logits.argmax(1) == self.held_targets).reshape(self._shape)
            cut = len(right) / (len(right) + self._uncut)
            character = cut * right.float().mean().item()
            captcha = cut * right.all(1).float().mean().item()
            score = -nn.functional.cross_entropy(logits, self.held_targets).item()
        seconds, self._begun = time.monotonic() - self._begun, time.monotonic()
        epoch = Epoch(number, self.epochs, training.loss, character, captcha, seconds, texts)
        training.rows.append(epoch)
        if not training.kept or score >= training.kept["score"]:
            training.keep(epoch=number, score=score)
        return Decision.CONTINUE

    def line(self, training: Training) -> str:
        """Return the newest epoch as the user is told it."""
        epoch = epochs_of(training)[-1]
        text = f"epoch {epoch.number:2}/{epoch.of}  loss {epoch.loss:.4f}"
        if epoch.character is not None and epoch.captcha is not None:
            text += (
                f"  validation: {epoch.captcha:.2%} of {epoch.texts} captchas, "
                f"{epoch.character:.2%} of characters"
            )
        return f"{text}  {epoch.seconds:.1f} s"


def epochs_of(training: Training) -> tuple[Epoch, ...]:
    """Return every epoch of a training, in order."""
    return tuple(row for row in training.rows if isinstance(row, Epoch))


def _tensors(glyphs: GlyphSet) -> tuple[Tensor, Tensor]:
    inputs = torch.from_numpy(glyphs.inputs).flatten(0, 1).unsqueeze(1)
    device = Place().device
    return inputs.to(device), torch.from_numpy(glyphs.targets).flatten().to(device)


@torch.no_grad()
def logits_of(network: nn.Module, inputs: Tensor) -> Tensor:
    """Return what a network, in evaluation mode, makes of glyphs, a part at a time."""
    return torch.cat([network(part) for part in torch.split(inputs, 1024)])


def fit_glyphs(task: GlyphsTask, recipe: GlyphsRecipe, watch: Watch) -> Training:
    """Train a network by ``recipe``; torch's global seed is set, and stays so.

    Raises:
        TrainingError: If the loss is not a number any more, or no time was left for an epoch.
    """
    clock = Clock(task.epochs * task.steps_per_epoch, watch.deadline)
    training = Training(task.fresh(0), recipe, clock, Curriculum(), Place())
    Loop(training, task, watch, every=task.steps_per_epoch).run()
    if not training.rows:
        raise TrainingError("train", "no time was left for an epoch", "give a longer time limit")
    return training


def train_glyphs(request: TrainRequest, watch: Watch) -> Product:
    """Train a glyph network and export it.

    Args:
        request: How; its data set is as ``usable`` returns it.
        watch: Who is told.

    Raises:
        TrainingError: If there is nothing to train on, or training fails.
        OutputError: If there is no room for the model.
    """
    recipe, scheme, seed = request.recipe, request.scheme, request.seed
    assert isinstance(recipe, GlyphsRecipe)
    assert scheme is not None
    spec = InputSpec.of_scheme(scheme, recipe.looks_at)
    train, held = _sets(request, scheme, recipe, spec)
    if watch.deadline is not None:
        watch = replace(watch, deadline=watch.deadline - _EXPORT_SECONDS)
    task = GlyphsTask(recipe, spec, len(scheme.charset), train, held, seed)
    require_room(request.model, task.fresh(0), False, None, watch)
    training = fit_glyphs(task, recipe, watch)
    network, epochs = training.result(), epochs_of(training)
    logits = logits_of(network, task.held.cpu())
    samples, best = len(train.inputs) + len(held.inputs), epochs[int(training.kept["epoch"]) - 1]
    metrics = {"epoch": best.number, "epochs": len(epochs), "loss": best.loss}
    if best.captcha is not None and best.character is not None:
        metrics |= {
            "validation_samples": best.texts,
            "validation_character": best.character,
            "validation_captcha": best.captcha,
        }
    metadata = Metadata(
        format=FORMAT,
        method="glyphs",
        charset=Charset(scheme.charset),
        input=asdict(spec),
        normalisation=NORMALISATION,
        scheme=asdict(scheme),
        temperature=class_temperature(logits, task.held_targets.cpu()),
        version=__version__,
        seed=seed,
        data=json.dumps({"samples": samples, "recipe": recipe.name}),
        metrics=metrics,
        preprocessing=request.preprocessing,
    )
    problems = (*train.problems, *held.problems)
    data = export_model(network, example(spec), metadata)
    why = "the last, as none are held out to choose by"
    if best.texts:
        why = f"no other has a lower loss on the {best.texts} validation captchas"
    kept = f"kept epoch {best.number} of {len(epochs)}: {why}"
    return Product(data, metadata, samples, problems, epochs, kept)


def example(spec: InputSpec) -> Tensor:
    """Return a batch of noise, to export and compare with, shape (5, 1, height, width)."""
    return torch.rand(5, 1, spec.height, spec.width, generator=torch.Generator().manual_seed(0))


def _sets(
    request: TrainRequest, scheme: Scheme, recipe: GlyphsRecipe, spec: InputSpec
) -> tuple[GlyphSet, GlyphSet]:
    """Cut the samples to train on and those held out."""
    dataset, margin, done = request.dataset, recipe.augmentation.margin, request.preprocessing
    held = Dataset(dataset.folder, ())
    if recipe.validation:
        dataset, held = dataset.hold_out(recipe.validation, seed=request.seed)
    train = glyphs_of(dataset, scheme, spec, margin, done)
    if len(train.inputs) == 0:
        what, remedy = "no sample can be trained on", "label some captchas of the scheme"
        if train.problems:
            first = train.problems[0]
            what, remedy = f"{what}: {first.where}: {first.what}", first.remedy
        raise TrainingError(printable(dataset.folder), what, remedy)
    return train, glyphs_of(held, scheme, spec, margin, done)

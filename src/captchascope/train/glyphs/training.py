"""Train the glyphs way: a data set in, the bytes of a model file out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from captchascope import __version__
from captchascope.charset import Charset
from captchascope.data.dataset import Dataset
from captchascope.errors import CaptchascopeError, TrainingError
from captchascope.files import printable
from captchascope.glyphs.inputs import NORMALISATION, InputSpec
from captchascope.glyphs.scheme import Scheme
from captchascope.model.metadata import FORMAT, Metadata
from captchascope.train.export import calibrate, export
from captchascope.train.glyphs.data import GlyphSet, glyphs_of
from captchascope.train.glyphs.loop import Epoch, Fitted, Watch, fit
from captchascope.train.glyphs.recipes import RECIPES, Recipe

_EXPORT_SECONDS = 15.0  # kept free at the end of a time limit


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and how it came about.

    Attributes:
        data: The model file.
        metadata: What it says about itself.
        samples: How many captchas it was trained and validated on.
        epochs: Every epoch, in order.
        problems: Samples that were left out, and why.
    """

    data: bytes
    metadata: Metadata
    samples: int
    epochs: tuple[Epoch, ...]
    problems: tuple[CaptchascopeError, ...]


def train_glyphs(
    dataset: Dataset,
    scheme: Scheme,
    *,
    recipe: str = "default",
    seed: int = 0,
    deadline: float | None = None,
    on_share: Callable[[float], None] = lambda share: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Trained:
    """Train a glyph network on ``dataset`` and export it.

    Args:
        dataset: Its samples; those with a wrong length or character become problems.
        scheme: How to cut them.
        recipe: A name of ``RECIPES``.
        seed: Of the weights, the order and the validation samples.
        deadline: ``time.monotonic`` by which all must be done; None for no limit.
        on_share: Told how much of the training is done, 0 to 1.
        on_epoch: Told every epoch.
    Raises:
        TrainingError: If there is nothing to train on, or training fails.
    """
    plan = RECIPES[recipe]
    spec = InputSpec.of_scheme(scheme, plan.looks_at)
    train, validation = _sets(dataset, scheme, plan, spec, seed)
    watch = Watch(on_share, on_epoch, None if deadline is None else deadline - _EXPORT_SECONDS)
    fitted = fit(plan, spec, len(scheme.charset), train, validation, seed, watch)
    samples = len(train.inputs) + len(validation.inputs)
    metadata = _metadata(scheme, spec, plan, seed, samples, fitted)
    problems = (*train.problems, *validation.problems)
    data = export(fitted.network, example(spec), metadata)
    return Trained(data, metadata, samples, fitted.epochs, problems)


def example(spec: InputSpec) -> Tensor:
    """Return a batch of noise, to export and compare with, shape (5, 1, height, width)."""
    return torch.rand(5, 1, spec.height, spec.width, generator=torch.Generator().manual_seed(0))


def usable(dataset: Dataset, scheme: Scheme) -> Dataset:
    """Return ``dataset`` with the labels that the scheme cannot have moved to its problems."""
    charset = Charset(scheme.charset)
    return dataset.require_length(scheme.split.count).require_charset(charset)


def _sets(
    dataset: Dataset,
    scheme: Scheme,
    plan: Recipe,
    spec: InputSpec,
    seed: int,
) -> tuple[GlyphSet, GlyphSet]:
    """Cut the samples to train on and those held out."""
    held = Dataset(dataset.folder, ())
    if plan.validation:
        dataset, held = dataset.hold_out(plan.validation, seed=seed)
    train = glyphs_of(dataset, scheme, spec, plan.augmentation.margin)
    if len(train.inputs) == 0:
        what, remedy = "no sample can be trained on", "label some captchas of the scheme"
        if train.problems:
            first = train.problems[0]
            what, remedy = f"{what}: {first.where}: {first.what}", first.remedy
        raise TrainingError(printable(dataset.folder), what, remedy)
    return train, glyphs_of(held, scheme, spec, plan.augmentation.margin)


def _metadata(
    scheme: Scheme, spec: InputSpec, plan: Recipe, seed: int, samples: int, fitted: Fitted
) -> Metadata:
    best = fitted.best
    metrics = {"epoch": best.number, "epochs": len(fitted.epochs), "loss": best.loss}
    if best.captcha is not None and best.character is not None:
        metrics |= {"validation_character": best.character, "validation_captcha": best.captcha}
    data = {"samples": samples, "recipe": plan.name}
    return Metadata(
        format=FORMAT,
        method="glyphs",
        charset=Charset(scheme.charset),
        input=asdict(spec),
        normalisation=NORMALISATION,
        scheme=asdict(scheme),
        temperature=calibrate(*fitted.logits),
        version=__version__,
        seed=seed,
        data=json.dumps(data),
        metrics=metrics,
    )

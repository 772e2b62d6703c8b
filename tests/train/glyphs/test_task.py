"""Training of the glyphs method: epochs, the best one, and what the model says about itself."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import captchascope
from captchascope.data.dataset import Dataset
from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import InputSpec
from captchascope.model.file import open_model_bytes
from captchascope.train.distributed import Place
from captchascope.train.glyphs.task import (
    Epoch,
    GlyphsTask,
    epochs_of,
    fit_glyphs,
    logits_of,
    train_glyphs,
)
from captchascope.train.loop import Loop, Training
from captchascope.train.recipes import GLYPHS_RECIPES, Augmentation, GlyphsRecipe
from captchascope.train.request import Product, TrainRequest, usable
from captchascope.train.schedule import Clock, Curriculum
from captchascope.train.watch import Progress, Watch
from train.glyphs.tiny import METU, WINDOW, drawn, quick, stripes

SPEC = InputSpec("window", 12, 12)
MOVED = Augmentation(jitter=1, scale=0.05, rows=0.1, noise=0.02, astray=0)
DEFAULT = replace(GLYPHS_RECIPES["default"], epochs=6, min_steps=0, batch=16, augmentation=MOVED)
TUTORIAL = replace(GLYPHS_RECIPES["tutorial"], epochs=4)


def task_of(recipe: GlyphsRecipe, seed: int = 0, made: type[GlyphsTask] = GlyphsTask) -> GlyphsTask:
    """Return 60 samples of two stripes as a task; the default recipe is validated on 20 others."""
    size = 12 + 2 * recipe.augmentation.margin
    held = stripes(20 if recipe.validation else 0, size, seed=1)
    return made(recipe, SPEC, 3, stripes(60, size), held, seed)


def fitted(recipe: GlyphsRecipe, seed: int = 0, watch: Watch | None = None) -> Training:
    """Train on it."""
    return fit_glyphs(task_of(recipe, seed), recipe, watch or Watch())


def best_of(training: Training) -> Epoch:
    """Return the epoch whose weights were kept."""
    return epochs_of(training)[int(training.kept["epoch"]) - 1]


def stepped(
    recipe: GlyphsRecipe, made: type[GlyphsTask] = GlyphsTask, deadline: float | None = None
) -> tuple[Training, list[float]]:
    """Train as ``fitted`` does, and return the learning rate of every step as well."""
    task = task_of(recipe, made=made)
    clock = Clock(task.epochs * task.steps_per_epoch, deadline)
    training = Training(task.fresh(0), recipe, clock, Curriculum(), Place())
    rates: list[float] = []

    def note(now: Progress) -> None:
        rates.append(training.optimizer.param_groups[0]["lr"])

    Loop(training, task, Watch(progress=note), every=task.steps_per_epoch).run()
    return training, rates


def test_it_learns_what_can_be_learnt() -> None:
    """The loss falls, and the glyphs that were held out are read."""
    result = fitted(DEFAULT)
    best, epochs = best_of(result), epochs_of(result)
    assert best.character is not None
    assert best.character > 0.9
    assert epochs[-1].loss < epochs[0].loss / 2


def test_the_best_epoch_is_kept() -> None:
    """The weights are those that it had, and the accuracies those of its weights."""
    task = task_of(DEFAULT)
    result = fit_glyphs(task, DEFAULT, Watch())
    best, epochs = best_of(result), epochs_of(result)
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert {epoch.of for epoch in epochs} == {6}
    network = result.result()
    right = (logits_of(network, task.held.cpu()).argmax(1) == task.held_targets.cpu()).reshape(
        20, 2
    )
    assert best.captcha == pytest.approx(right.all(1).float().mean().item())
    assert best.character == pytest.approx(right.float().mean().item())
    assert not network.training


class Unlearning(GlyphsTask):
    """A task whose targets are wrong after the fourth epoch."""

    def loss(
        self, network: nn.Module, batch: tuple[Tensor, Tensor, Tensor], training: Training
    ) -> tuple[Tensor, Tensor]:
        """Take each glyph for another."""
        glyphs, astray, targets = batch
        wrong = training.clock.steps >= 4 * self.steps_per_epoch
        return super().loss(network, (glyphs, astray, (targets + wrong) % 3), training)


def test_a_worse_epoch_does_not_replace_the_best() -> None:
    """The weights go back to where the validation loss was least."""
    spoilt, _ = stepped(replace(DEFAULT, schedule="constant", rate=5e-3, epochs=8), Unlearning)
    good, _ = stepped(replace(DEFAULT, schedule="constant", rate=5e-3, epochs=4))
    assert len(spoilt.rows) == 8
    assert spoilt.kept == good.kept
    wanted, kept = good.result().state_dict(), spoilt.result().state_dict()
    assert all(torch.equal(wanted[name], kept[name]) for name in wanted)


def test_without_validation_the_last_epoch_is_kept() -> None:
    """As in the tutorial; nothing is known of its accuracy."""
    best, epochs = best_of(fitted(TUTORIAL)), epochs_of(fitted(TUTORIAL))
    assert (best.number, len(epochs)) == (4, 4)
    assert (best.character, best.captcha) == (None, None)


@pytest.mark.parametrize("recipe", [DEFAULT, TUTORIAL], ids=["default", "tutorial"])
def test_the_seed_decides(recipe: GlyphsRecipe) -> None:
    """The same gives the same weights to the bit, another gives others."""
    first, second, other = fitted(recipe, 1), fitted(recipe, 1), fitted(recipe, 2)
    for name, weights in first.network.state_dict().items():
        assert torch.equal(weights, second.network.state_dict()[name])
    losses, same, others = ([e.loss for e in epochs_of(one)] for one in (first, second, other))
    assert losses == same
    assert losses != others


def test_everything_is_told() -> None:
    """Each epoch once and in order; progress counts them too, and rises to all of them."""
    lines: list[str] = []
    told: list[Progress] = []
    watch = Watch(say=lines.append, progress=told.append)
    result = fitted(DEFAULT, watch=watch)
    assert [line.split("  loss")[0] for line in lines] == [f"epoch  {n}/6" for n in range(1, 7)]
    assert f" captchas, {epochs_of(result)[-1].character:.2%} of characters  " in lines[-1]
    shares = [now.share for now in told]
    assert shares == sorted(shares)
    last = told[-1]
    assert (last.share, last.unit, last.done, last.planned) == (1, "epoch", 6, 6)


def test_the_tutorials_optimizer() -> None:
    """SGD at a constant 0.001 with momentum 0.9, one step per eight glyphs."""
    training, rates = stepped(TUTORIAL)
    assert isinstance(training.optimizer, torch.optim.SGD)
    assert training.optimizer.param_groups[0]["momentum"] == 0.9
    assert (set(rates), len(rates)) == ({0.001}, 4 * 15)


def test_the_defaults_optimizer() -> None:
    """AdamW, up to its peak in the first third and down to almost nothing."""
    training, rates = stepped(DEFAULT)
    assert isinstance(training.optimizer, torch.optim.AdamW)
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(DEFAULT.rate, rel=0.05)
    assert 0.2 < peak / len(rates) < 0.4
    assert rates[0] < DEFAULT.rate / 100
    assert rates[-1] < DEFAULT.rate / 100
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_it_ends_when_the_time_is_up() -> None:
    """With what was learnt until then, and the learning rate at the end of its cycle."""
    begun = time.monotonic()
    training, rates = stepped(replace(DEFAULT, epochs=10**6), deadline=begun + 1)
    assert time.monotonic() - begun >= 1
    assert 1 < len(training.rows) < 10**6
    assert max(rates) > DEFAULT.rate * 0.9
    assert rates[-1] < DEFAULT.rate / 10


def test_it_ends_in_the_middle_of_an_epoch() -> None:
    """Where one takes very long."""
    recipe = replace(DEFAULT, batch=1, epochs=10**6)
    task = GlyphsTask(recipe, SPEC, 3, stripes(3000, 14), stripes(0, 14), 0)
    training = fit_glyphs(task, recipe, Watch(deadline=time.monotonic() + 0.5))
    assert len(training.rows) == 1
    assert 0 < training.clock.steps < task.steps_per_epoch


def test_no_time_for_an_epoch() -> None:
    """It is an error that says what to change."""
    with pytest.raises(TrainingError, match="no time was left for an epoch"):
        fitted(DEFAULT, watch=Watch(deadline=time.monotonic() - 1))


@pytest.mark.parametrize("rate", [float("inf"), 1e30])
def test_a_loss_that_is_no_number(rate: float) -> None:
    """It ends the training: nothing comes after it."""
    with pytest.raises(TrainingError, match="not a number any more"):
        fitted(replace(TUTORIAL, rate=rate))


def test_augmentation_leaves_the_data_alone() -> None:
    """What is trained on is a changed copy."""
    train, nothing = stripes(10, 14, seed=3), stripes(0, 14)
    before = train.inputs.copy()
    recipe = replace(DEFAULT, epochs=2)
    fit_glyphs(GlyphsTask(recipe, SPEC, 3, train, nothing, 0), recipe, Watch())
    assert np.array_equal(train.inputs, before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Draw thirty captchas."""
    return drawn(tmp_path_factory.mktemp("data") / "made", 30)


ONCE = quick(epochs=1)


def made(
    data: Dataset, recipe: GlyphsRecipe = ONCE, seed: int = 0, watch: Watch | None = None
) -> Product:
    """Train on captchas."""
    request = TrainRequest(data, Path("nowhere"), recipe, seed, scheme=METU)
    return train_glyphs(request, watch or Watch())


def test_the_tutorial_trains_on_all_rows(data: Dataset) -> None:
    """Nothing is held out, so the last epoch is taken and nothing can be said of its accuracy."""
    trained = made(data, quick("tutorial", epochs=3))
    last = trained.rows[-1]
    assert isinstance(last, Epoch)
    assert trained.samples == 30
    assert trained.metadata.metrics == {"epoch": 3, "epochs": 3, "loss": last.loss}
    assert trained.metadata.temperature == 1


def test_a_single_captcha_can_be_trained_on(data: Dataset) -> None:
    """There is nothing to hold out then."""
    trained = made(data.take(1, 0))
    assert trained.samples == 1
    assert "validation_captcha" not in trained.metadata.metrics


def test_the_model_says_what_it_is(data: Dataset) -> None:
    """Seed, recipe, alphabet, input, scheme, version; and the file has the same metadata."""
    trained = made(data, quick(epochs=2), seed=7)
    meta = trained.metadata
    assert (meta.format, meta.method, meta.seed) == (1, "glyphs", 7)
    assert (meta.charset.chars, meta.version) == ("0123456789", captchascope.__version__)
    assert meta.input == asdict(WINDOW)
    assert meta.scheme == asdict(METU)
    assert json.loads(meta.data) == {"samples": 30, "recipe": "default"}
    assert set(meta.metrics) >= {"epoch", "epochs", "loss", "validation_captcha"}
    assert 0.25 <= meta.temperature <= 4
    assert len(trained.rows) == 2
    assert open_model_bytes(trained.data, "trained").metadata.to_props() == meta.to_props()


def test_the_seed_decides_the_file(data: Dataset) -> None:
    """The same gives the same bytes."""
    first, second = (made(data, quick(epochs=1), seed=1).data for _ in range(2))
    assert first == second


def test_what_cannot_be_cut_is_reported(tmp_path: Path) -> None:
    """Wherever it is, among the rows to train on or those held out, which the seed has chosen."""
    data = drawn(tmp_path / "made", 10)
    held = data.hold_out(0.1, seed=0)[1].samples[0]
    trained = next(sample for sample in data.samples if sample != held)
    for sample in (held, trained):
        Image.new("L", (150, 50), 255).save(sample.path)
    product = made(data)
    assert [problem.where for problem in product.problems] == [str(trained.path), str(held.path)]
    assert product.samples == 8
    assert "validation_captcha" not in product.metadata.metrics


def test_nothing_that_can_be_cut(tmp_path: Path) -> None:
    """It is an error that says why, of the first captcha."""
    data = drawn(tmp_path / "made", 3)
    for sample in data.samples:
        Image.new("L", (150, 50), 255).save(sample.path)
    with pytest.raises(TrainingError, match=r"no sample can be trained on: .*: no ink"):
        made(data)
    with pytest.raises(TrainingError, match="no sample can be trained on"):
        made(replace(data, samples=()))


def test_labels_that_the_scheme_cannot_have(data: Dataset) -> None:
    """They become problems before anything is cut."""
    changed = replace(data.samples[0], label="12345a"), replace(data.samples[1], label="1234567")
    part = usable(replace(data, samples=(*changed, *data.samples[2:])), METU)
    assert part.samples == data.samples[2:]
    assert len(part.problems) == 2


def test_the_export_has_its_time(data: Dataset) -> None:
    """The deadline is that of the written file: a training that could not end before is none."""
    with pytest.raises(TrainingError, match="no time was left"):
        made(data, quick(), watch=Watch(deadline=time.monotonic() + 5))

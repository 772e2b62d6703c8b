"""The loop: epochs, the best one, the learning rate, and the end of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs import loop
from captchascope.train.glyphs.augment import Augmentation
from captchascope.train.glyphs.loop import Epoch, Fitted, Watch, fit
from captchascope.train.glyphs.recipes import RECIPES, Recipe
from train.glyphs.tiny import stripes

SPEC = InputSpec("window", 12, 12)
MOVED = Augmentation(jitter=1, scale=0.05, rows=0.1, noise=0.02, astray=0)
DEFAULT = replace(RECIPES["default"], epochs=6, min_steps=0, batch=16, augmentation=MOVED)
TUTORIAL = replace(RECIPES["tutorial"], epochs=4)


def fitted(recipe: Recipe, seed: int = 0, watch: Watch | None = None) -> Fitted:
    """Train on 60 samples of two stripes; the default recipe is validated on 20 others."""
    size = 12 + 2 * recipe.augmentation.margin
    validation = stripes(20 if recipe.validation else 0, size, seed=1)
    return fit(recipe, SPEC, 3, stripes(60, size), validation, seed, watch or Watch())


def test_it_learns_what_can_be_learnt() -> None:
    """The loss falls, and the glyphs that were held out are read."""
    result = fitted(DEFAULT)
    assert result.best.character is not None
    assert result.best.character > 0.9
    assert result.epochs[-1].loss < result.epochs[0].loss / 2


def loss_of(result: Fitted) -> float:
    """Return the validation loss of the weights that were kept."""
    return torch.nn.functional.cross_entropy(*result.logits).item()


def test_the_best_epoch_is_kept() -> None:
    """The weights are those that it had, and the accuracies those of its weights."""
    result = fitted(DEFAULT)
    assert [epoch.number for epoch in result.epochs] == [1, 2, 3, 4, 5, 6]
    assert {epoch.of for epoch in result.epochs} == {6}
    assert result.best in result.epochs
    logits, targets = result.logits
    right = (logits.argmax(1) == targets).reshape(20, 2)
    assert result.best.captcha == pytest.approx(right.all(1).float().mean().item())
    assert result.best.character == pytest.approx(right.float().mean().item())
    assert not result.network.training


def test_a_worse_epoch_does_not_replace_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights go back to where the validation loss was least."""
    good = fitted(replace(DEFAULT, epochs=4), watch=steady(monkeypatch, 1000))
    spoilt = fitted(replace(DEFAULT, epochs=8), watch=steady(monkeypatch, 4 * 8))
    assert len(spoilt.epochs) == 8
    assert spoilt.best == replace(good.best, of=8, seconds=spoilt.best.seconds)
    assert loss_of(spoilt) == loss_of(good)


def steady(monkeypatch: pytest.MonkeyPatch, steps: int) -> Watch:
    """Let the learning rate be constant for so many steps, and absurd from then on."""
    rates = iter([DEFAULT.rate] * steps + [50.0] * 1000)
    monkeypatch.setattr(loop._Run, "_rate", lambda self: next(rates))
    return Watch()


def test_without_validation_the_last_epoch_is_kept() -> None:
    """As in the tutorial; nothing is known of its accuracy."""
    result = fitted(TUTORIAL)
    assert (result.best.number, len(result.epochs)) == (4, 4)
    assert (result.best.character, result.best.captcha) == (None, None)
    assert len(result.logits[1]) == 0


@pytest.mark.parametrize("recipe", [DEFAULT, TUTORIAL], ids=["default", "tutorial"])
def test_the_seed_decides(recipe: Recipe) -> None:
    """The same gives the same weights to the bit, another gives others."""
    first, second, other = fitted(recipe, 1), fitted(recipe, 1), fitted(recipe, 2)
    for name, weights in first.network.state_dict().items():
        assert torch.equal(weights, second.network.state_dict()[name])
    assert [e.loss for e in first.epochs] == [e.loss for e in second.epochs]
    assert [e.loss for e in first.epochs] != [e.loss for e in other.epochs]


def test_everything_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each epoch once and in order; the share done rises to all of it."""
    epochs: list[Epoch] = []
    shares: list[float] = []
    result = fitted(DEFAULT, watch=Watch(shares.append, epochs.append))
    assert tuple(epochs) == result.epochs
    assert shares == sorted(shares)
    assert shares[-1] == 1


def spied(monkeypatch: pytest.MonkeyPatch, name: str) -> list[tuple[float, ...]]:
    """Record learning rate, momentum (where there is one) and batch size of every step."""
    seen: list[tuple[float, ...]] = []
    base: type[torch.optim.Optimizer] = getattr(torch.optim, name)

    class Spy(base):  # type: ignore[misc, valid-type]
        def step(self, closure: None = None) -> None:
            group = self.param_groups[0]
            seen.append((group["lr"], group.get("momentum", 0.0)))
            super().step(closure)

    monkeypatch.setattr(torch.optim, name, Spy)
    return seen


def test_the_tutorials_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """SGD at a constant 0.001 with momentum 0.9, one step per eight glyphs."""
    steps = spied(monkeypatch, "SGD")
    fitted(TUTORIAL)
    assert set(steps) == {(0.001, 0.9)}
    assert len(steps) == 4 * 15


def test_the_defaults_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """AdamW, up to its peak in the first third and down to almost nothing."""
    steps = [rate for rate, _ in spied_steps(monkeypatch)]
    peak = steps.index(max(steps))
    assert max(steps) == pytest.approx(DEFAULT.rate, rel=0.05)
    assert 0.2 < peak / len(steps) < 0.4
    assert steps[0] < DEFAULT.rate / 100
    assert steps[-1] < DEFAULT.rate / 100
    assert steps[:peak] == sorted(steps[:peak])
    assert steps[peak:] == sorted(steps[peak:], reverse=True)


def spied_steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, ...]]:
    """Return the steps of a default training."""
    steps = spied(monkeypatch, "AdamW")
    fitted(DEFAULT)
    return steps


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """Give the loop a clock of which every look takes a hundredth of a second."""
    looks = count()

    def monotonic() -> float:
        return next(looks) / 100

    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=monotonic))
    return monotonic


def test_it_ends_when_the_time_is_up(clock: Callable[[], float]) -> None:
    """With what was learnt until then."""
    long = replace(DEFAULT, epochs=10**6)
    result = fitted(long, watch=Watch(deadline=clock() + 5))
    assert 1 < len(result.epochs) < 100
    assert 5 <= clock() < 6


def test_it_ends_in_the_middle_of_an_epoch(
    clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one takes very long: a look at the clock every fifty steps."""
    steps = spied(monkeypatch, "AdamW")
    long = replace(DEFAULT, batch=1, epochs=10**6)
    result = fitted(long, watch=Watch(deadline=clock() + 0.7))
    assert (len(result.epochs), len(steps)) == (1, 100)


def test_the_rate_ends_its_cycle_when_the_time_is_up(
    clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress is the time where that is further than the steps."""
    steps = spied(monkeypatch, "AdamW")
    long = replace(DEFAULT, epochs=10**6)
    fitted(long, watch=Watch(deadline=clock() + 5))
    assert max(rate for rate, _ in steps) > DEFAULT.rate * 0.9
    assert steps[-1][0] < DEFAULT.rate / 10


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
    fit(replace(DEFAULT, epochs=2), SPEC, 3, train, nothing, 0, Watch())
    assert np.array_equal(train.inputs, before)

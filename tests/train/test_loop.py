"""What the loop keeps: the average of the weights, and its beginning anew."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from captchascope.train.distributed import Place
from captchascope.train.loop import Training, averaged_model
from captchascope.train.recipes import CTC_RECIPES
from captchascope.train.schedule import Clock, Curriculum


def network(value: float) -> nn.Module:
    """Return a network of one weight and running statistics."""
    made = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(made[0].weight, value)  # type: ignore[arg-type]
    return made


def weight(averaged: AveragedModel) -> float:
    """Return that weight."""
    return float(averaged.module.state_dict()["0.weight"])


def test_it_follows_fast_at_first_and_slowly_later() -> None:
    """So the weights that it began with are soon forgotten; later a step is a tenth of the way."""
    averaged, goal = averaged_model(network(0.0), 0.9), network(1.0)
    averaged.update_parameters(goal)
    assert 0.7 < weight(averaged) < 1
    for _ in range(100):
        averaged.update_parameters(goal)
    assert weight(averaged) > 0.9999
    averaged.update_parameters(network(2.0))
    assert abs(weight(averaged) - 1.1) < 0.001


def test_running_statistics_and_counters_come_along() -> None:
    """Or it would read with those of another network."""
    averaged, goal = averaged_model(network(0.0), 0.0), network(1.0)
    goal.train()(torch.full((4, 1), 5.0) + torch.arange(4.0)[:, None])
    averaged.update_parameters(goal)
    for name, value in goal.state_dict().items():
        torch.testing.assert_close(averaged.module.state_dict()[name], value, rtol=0.2, atol=0.2)


def test_it_never_trains() -> None:
    """It is always ready to be validated."""
    averaged = averaged_model(network(0.0), 0.9)
    assert not any(module.training for module in averaged.modules())
    assert not any(parameter.requires_grad for parameter in averaged.parameters())


def test_it_can_begin_anew() -> None:
    """With the network, as if neither had ever been trained."""
    recipe = CTC_RECIPES["default"]
    training = Training(network(0.0), recipe, Clock(10), Curriculum(), Place())
    assert training.averaged is not None
    for _ in range(5):
        training.averaged.update_parameters(network(1.0))
    training.keep(step=5)
    training.restart(network(3.0))
    assert (weight(training.averaged), int(training.averaged.n_averaged)) == (3.0, 1)
    assert float(training.network.state_dict()["0.weight"]) == 3.0
    assert (training.best, training.kept, training.curriculum.attempt) == (None, {}, 1)

"""The averaged network: where it goes, and that it never trains."""

from __future__ import annotations

import torch
from torch import nn

from captchascope.train.ctc.average import Averaged


def network(value: float) -> nn.Module:
    """Return a network of one weight and running statistics."""
    made = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(made[0].weight, value)  # type: ignore[arg-type]
    return made


def weight(averaged: Averaged) -> float:
    """Return that weight."""
    return float(averaged.network.state_dict()["0.weight"])


def test_it_follows_fast_at_first_and_slowly_later() -> None:
    """So the weights that it began with are soon forgotten; later a step is a tenth of the way."""
    averaged, goal = Averaged(network(0.0), 0.9), network(1.0)
    averaged.follow(goal)
    assert weight(averaged) > 0.7
    for _ in range(100):
        averaged.follow(goal)
    assert weight(averaged) > 0.9999
    averaged.follow(network(2.0))
    assert abs(weight(averaged) - 1.1) < 0.001


def test_running_statistics_and_counters_come_along() -> None:
    """Or it would read with those of another network."""
    averaged, goal = Averaged(network(0.0), 0.0), network(1.0)
    goal.train()(torch.full((4, 1), 5.0) + torch.arange(4.0)[:, None])
    averaged.follow(goal)
    for name, value in goal.state_dict().items():
        torch.testing.assert_close(averaged.network.state_dict()[name], value, rtol=0.2, atol=0.2)


def test_it_never_trains() -> None:
    """Not even as a part of what does."""
    outer = nn.ModuleList([Averaged(network(0.0), 0.9)])
    outer.train()
    assert not any(module.training for module in outer[0].modules())
    assert not any(parameter.requires_grad for parameter in outer.parameters())


def test_it_can_begin_anew() -> None:
    """As if it had never followed another."""
    averaged = Averaged(network(0.0), 0.9)
    for _ in range(5):
        averaged.follow(network(1.0))
    averaged.restart(network(3.0))
    assert (weight(averaged), int(averaged.updates)) == (3.0, 0)

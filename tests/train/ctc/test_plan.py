"""The recipes: how long each takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.train.ctc.network import SIZES
from captchascope.train.ctc.plan import PLANS

PLAN = replace(
    PLANS["default"],
    batch=32,
    views=3200,
    views_each=32,
    most_views=64_000,
    min_steps=50,
    max_steps=1500,
)


def test_each_recipe_knows_its_name_and_a_network() -> None:
    """As the command line has them."""
    assert {"default", "fast"} <= PLANS.keys()
    assert all(plan.name == name for name, plan in PLANS.items())
    assert all(plan.size in SIZES for plan in PLANS.values())


@pytest.mark.parametrize(
    ("samples", "scratch", "world", "steps"),
    [(100, False, 1, 200), (100, True, 1, 1500), (10**6, False, 2, 1500), (100, False, 16, 50)],
)
def test_more_samples_take_more_steps(samples: int, scratch: bool, world: int, steps: int) -> None:
    """Within bounds; several processes share them; from scratch it takes all there may be."""
    assert PLAN.steps(samples, scratch, world) == steps


def test_processes_share_a_batch_but_not_down_to_nothing() -> None:
    """Normalisation needs some images in each."""
    assert [PLAN.share_of_batch(world) for world in (1, 2, 3, 16)] == [32, 16, 11, 8]
    assert replace(PLAN, batch=4).share_of_batch(2) == 4

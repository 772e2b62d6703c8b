"""The recipes: how long each takes, and what of them is the tutorial's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from captchascope.errors import UsageError
from captchascope.train.ctc.network import SIZES
from captchascope.train.glyphs.network import NETWORKS
from captchascope.train.recipes import CTC_RECIPES, GLYPHS_RECIPES, Augmentation, chosen_recipe

PLAN = replace(
    CTC_RECIPES["default"],
    batch=32,
    views=3200,
    views_each=32,
    most_views=64_000,
    min_steps=50,
    max_steps=1500,
)


def test_each_recipe_knows_its_name_and_a_network() -> None:
    """As the command line has them."""
    assert list(CTC_RECIPES) == ["default", "fast", "general"]
    assert list(GLYPHS_RECIPES) == ["default", "tutorial"]
    for recipes, networks in ((CTC_RECIPES, SIZES), (GLYPHS_RECIPES, NETWORKS)):
        assert [recipe.name for recipe in recipes.values()] == list(recipes)
        assert {recipe.network for recipe in recipes.values()} <= networks.keys()


def test_a_recipe_has_a_method() -> None:
    """The other way round it is refused by name."""
    assert chosen_recipe(None, "tutorial") is GLYPHS_RECIPES["tutorial"]
    assert chosen_recipe(None, "default") is CTC_RECIPES["default"]
    assert chosen_recipe("glyphs", "default") is GLYPHS_RECIPES["default"]
    for method, name, says in (
        ("glyphs", "fast", "recipe: fast is of --method whole (not of glyphs)"),
        ("whole", "slow", "recipe: there is no slow (name one of default, fast, general)"),
        ("none", "default", "method: there is no none (name one of whole, glyphs)"),
    ):
        with pytest.raises(UsageError, match=re.escape(says)):
            chosen_recipe(method, name)


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


def test_the_tutorial_is_as_it_was_written() -> None:
    """SGD 0.001, batch 8, 20 epochs, all rows, no augmentation, on the binary glyphs."""
    recipe = GLYPHS_RECIPES["tutorial"]
    assert (recipe.optimizer, recipe.rate, recipe.batch) == ("sgd", 0.001, 8)
    assert (recipe.epochs, recipe.min_steps, recipe.validation) == (20, 0, 0)
    assert recipe.augmentation == Augmentation()
    assert (recipe.looks_at, recipe.network) == ("glyph", "tutorial")


def test_the_default_holds_a_tenth_out() -> None:
    """As the contract says; it looks at the gray image."""
    recipe = GLYPHS_RECIPES["default"]
    assert recipe.validation == 0.1
    assert (recipe.looks_at, recipe.network) == ("window", "window")


@pytest.mark.parametrize(("glyphs", "epochs"), [(24_300, 12), (8_000, 12), (640, 150), (1, 1500)])
def test_little_data_gets_more_epochs(glyphs: int, epochs: int) -> None:
    """As many as it takes for the least number of steps."""
    recipe = replace(GLYPHS_RECIPES["default"], batch=64, epochs=12, min_steps=1500)
    assert recipe.epochs_for(glyphs) == epochs


@pytest.mark.parametrize("glyphs", [6, 27_000])
def test_the_tutorials_epochs_are_fixed(glyphs: int) -> None:
    """However much data there is."""
    assert GLYPHS_RECIPES["tutorial"].epochs_for(glyphs) == 20

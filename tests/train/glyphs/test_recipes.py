"""The recipes, and what of them is the tutorial's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.train.glyphs.augment import NONE
from captchascope.train.glyphs.network import TutorialNet, WindowNet
from captchascope.train.glyphs.recipes import RECIPES


def test_the_names_are_those_of_the_command_line() -> None:
    """And each recipe knows its own."""
    assert list(RECIPES) == ["default", "tutorial"]
    assert all(recipe.name == name for name, recipe in RECIPES.items())


def test_the_tutorial_is_as_it_was_written() -> None:
    """SGD 0.001, batch 8, 20 epochs, all rows, no augmentation, on the binary glyphs."""
    recipe = RECIPES["tutorial"]
    assert (recipe.optimizer, recipe.rate, recipe.batch) == ("sgd", 0.001, 8)
    assert (recipe.epochs, recipe.min_steps, recipe.validation) == (20, 0, 0)
    assert recipe.augmentation == NONE
    assert (recipe.looks_at, recipe.network) == ("glyph", TutorialNet)


def test_the_default_holds_a_tenth_out() -> None:
    """As the contract says; it looks at the gray image."""
    recipe = RECIPES["default"]
    assert recipe.validation == 0.1
    assert (recipe.looks_at, recipe.network) == ("window", WindowNet)


@pytest.mark.parametrize(("glyphs", "epochs"), [(24_300, 12), (8_000, 12), (640, 150), (1, 1500)])
def test_little_data_gets_more_epochs(glyphs: int, epochs: int) -> None:
    """As many as it takes for the least number of steps."""
    recipe = replace(RECIPES["default"], batch=64, epochs=12, min_steps=1500)
    assert recipe.epochs_for(glyphs) == epochs


@pytest.mark.parametrize("glyphs", [6, 27_000])
def test_the_tutorials_epochs_are_fixed(glyphs: int) -> None:
    """However much data there is."""
    assert RECIPES["tutorial"].epochs_for(glyphs) == 20

"""The recipes of the glyphs way: what to look at, which network, and how to train it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn

from captchascope.glyphs.inputs import InputSpec
from captchascope.train.glyphs.augment import NONE, Augmentation
from captchascope.train.glyphs.network import TutorialNet, WindowNet


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a glyph network is trained.

    Attributes:
        name: As the command line has it.
        looks_at: The repaired binary glyph, or the window of the gray image around its cut.
        network: Makes the network for an input and a number of classes.
        optimizer: ``sgd`` with momentum 0.9 and a constant rate, ``adamw`` with a one-cycle one.
        rate: The learning rate, or its peak.
        batch: Glyphs per step.
        epochs: Passes over the data.
        min_steps: Where there is little data, there are as many more epochs as this needs.
        augmentation: How windows are changed, each time they are seen.
        validation: The share of the samples held out, of which the best epoch is chosen; where
            it is 0, the last epoch is taken.
    """

    name: str
    looks_at: Literal["glyph", "window"]
    network: Callable[[InputSpec, int], nn.Module]
    optimizer: Literal["sgd", "adamw"]
    rate: float
    batch: int
    epochs: int
    min_steps: int
    augmentation: Augmentation
    validation: float

    def epochs_for(self, glyphs: int) -> int:
        """Return the number of epochs for so many glyphs."""
        steps = -(-glyphs // self.batch)
        return max(self.epochs, -(-self.min_steps // steps))


_VARIED = Augmentation(jitter=3, scale=0.08, rows=0.1, noise=0.03, astray=0.15)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("default", "window", WindowNet, "adamw", 4e-3, 64, 16, 2000, _VARIED, 0.1),
        Recipe("tutorial", "glyph", TutorialNet, "sgd", 1e-3, 8, 20, 0, NONE, 0.0),
    )
}

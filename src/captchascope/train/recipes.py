"""The recipes of both methods: which network, and how it is trained. Every number is here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from captchascope.errors import UsageError

_HALF_AS_LONG = 100  # labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained, whatever it is.

    Attributes:
        name: As the command line has it.
        network: The network's name in its own module.
        optimizer: ``sgd`` with momentum 0.9, or ``adamw``.
        rate: The learning rate, or its peak.
        schedule: Of the learning rate: constant, or up in a line or a cosine and down in a cosine.
        warmup: The share of the training in which the rate goes up; it goes down in the rest.
        weight_decay: Of AdamW.
        clip: The greatest norm of a gradient; None for any.
        batch: Inputs per step.
        averaging: How much of the averaged weights stays in a step, 0 to 1; None for no averaging.
        mended: Whether a loss that is no number is gone back from, once, instead of the end.
        validations: How many, if each step takes as long as planned; 0 for one after each epoch.
    """

    name: str
    network: str
    optimizer: Literal["sgd", "adamw"] = "adamw"
    rate: float
    schedule: Literal["constant", "linear", "cosine"]
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None
    batch: int
    averaging: float | None = None
    mended: bool = False
    validations: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CtcRecipe(Recipe):
    """How a network that reads without segmentation is trained.

    Attributes:
        height: What images are scaled to, pixels; None for what they have, or about that.
        views: Images seen in total, each in another variation, of a few labels.
        views_each: As many more for every sample.
        most_views: At most so many; from scratch it takes them all.
        min_steps: At least so many steps, however large the batch.
        max_steps: At most so many.
        strength: Of the augmentation.
        best: What tells whether a validation is as good as those before: right texts, or the loss;
            or nothing, and the last weights count, where no image is ever seen again.
        patience: Validations without gain, in the second half of the training, after which it ends
            (early stopping); where nearly every text is right, that says little, and the last
            weights are the best.
        cropped: Whether the margins where no text stands are left out of what is looked at.
        bfloat16: Whether the steps, though no validation, compute in bfloat16 where that is fast: a
            network of this size then learns about three times as fast, and as well.
        half: Whether the file holds weights in half precision, which makes it half as long.
        known: From scratch, nats per character below which a network is left to CTC alone; a half
            is about what they are when half of the texts are right.
    """

    height: int | None
    views: int
    views_each: int
    most_views: int
    min_steps: int
    max_steps: int
    strength: float
    best: Literal["exact", "loss", "last"]
    patience: int
    cropped: bool
    bfloat16: bool
    half: bool
    known: float

    def steps(self, samples: int, scratch: bool, world: int = 1) -> int:
        """Return how many steps ``world`` processes take."""
        views = self.views + self.views_each * samples
        views = self.most_views if scratch else min(views, self.most_views)
        wanted = math.ceil(views / (self.share_of_batch(world) * world))
        return min(max(wanted, self.min_steps), self.max_steps)

    def shorter(self, times: int) -> CtcRecipe:
        """Return it with so many times fewer views of a few labels."""
        return replace(
            self,
            views=self.views // times,
            views_each=self.views_each // times,
            min_steps=self.min_steps // times,
        )

    def for_labels(self, count: int) -> CtcRecipe:
        """Return it half as long for a few labels, of which half a training learns as much."""
        return self.shorter(2) if count < _HALF_AS_LONG else self

    def share_of_batch(self, world: int) -> int:
        """Return how many images of a step each of ``world`` processes takes."""
        return max(min(self.batch, 8), -(-self.batch // world))


_DEFAULT = CtcRecipe(
    name="default",
    network="base",
    height=40,
    rate=1e-3,
    schedule="linear",
    warmup=0.1,
    weight_decay=0.02,
    clip=2.0,
    batch=32,
    averaging=0.995,
    mended=True,
    views=8_000,
    views_each=40,
    most_views=100_000,
    min_steps=200,
    max_steps=20_000,
    strength=1.0,
    best="exact",
    validations=30,
    patience=8,
    cropped=False,
    bfloat16=True,
    half=True,
    known=1.0,
)

_FAST = replace(
    _DEFAULT,
    name="fast",
    network="fast",
    height=None,
    rate=5e-3,
    batch=64,
    averaging=0.999,
    most_views=1_000_000,
    max_steps=40_000,
    strength=0.15,
    best="loss",
    patience=30,
    cropped=True,
    bfloat16=False,
    half=False,
)

_GENERAL = replace(
    _DEFAULT,
    name="general",
    network="general",
    rate=2e-3,
    batch=128,
    averaging=0.999,
    views=6_000_000,
    views_each=0,
    best="last",
    most_views=6_000_000,
    max_steps=1_000_000,
    strength=0.5,
    patience=1_000,
    known=2.0,
)

CTC_RECIPES = {recipe.name: recipe for recipe in (_DEFAULT, _FAST, _GENERAL)}
"""``general`` makes ``any``."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """By how much the window of a glyph is changed, each time it is seen.

    Attributes:
        jitter: Pixels by which it is moved at most, each way.
        scale: The share by which height and width are scaled at most, each way.
        rows: The share of its rows that move by one pixel.
        noise: The mean share of its pixels that become ground, and as many that become ink.
        astray: The share of windows that are moved so far sideways that they show parts of two
            glyphs: the network learns to be unsure of them, so that its confidence tells a wrong
            cut from a right one.
    """

    jitter: int = 0
    scale: float = 0.0
    rows: float = 0.0
    noise: float = 0.0
    astray: float = 0.0

    @property
    def margin(self) -> int:
        """Pixels by which a window must be larger on every side than what is seen of it."""
        return ASTRAY[1] if self.astray else self.jitter


ASTRAY = 5, 9
"""Pixels that a window astray is moved by, fewest and most: the advance is about 14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GlyphsRecipe(Recipe):
    """How a glyph network is trained.

    Attributes:
        looks_at: The repaired binary glyph, or the window of the gray image around its cut.
        epochs: Passes over the data.
        min_steps: Where there is little data, there are as many more epochs as this needs.
        augmentation: How windows are changed, each time they are seen.
        validation: The share of the samples held out, of which the best epoch is chosen; where
            it is 0, the last epoch is taken.
    """

    looks_at: Literal["glyph", "window"]
    epochs: int
    min_steps: int
    augmentation: Augmentation
    validation: float

    def epochs_for(self, glyphs: int) -> int:
        """Return the number of epochs for so many glyphs."""
        steps = -(-glyphs // self.batch)
        return max(self.epochs, -(-self.min_steps // steps))


GLYPHS_RECIPES = {
    "default": GlyphsRecipe(
        name="default",
        network="window",
        rate=4e-3,
        schedule="cosine",
        warmup=0.3,
        weight_decay=0.01,
        batch=64,
        looks_at="window",
        epochs=16,
        min_steps=2000,
        augmentation=Augmentation(jitter=3, scale=0.08, rows=0.1, noise=0.03, astray=0.15),
        validation=0.1,
    ),
    "tutorial": GlyphsRecipe(
        name="tutorial",
        network="tutorial",
        optimizer="sgd",
        rate=1e-3,
        schedule="constant",
        batch=8,
        looks_at="glyph",
        epochs=20,
        min_steps=0,
        augmentation=Augmentation(),
        validation=0.0,
    ),
}


RECIPES: Mapping[str, Mapping[str, CtcRecipe | GlyphsRecipe]] = {
    "whole": CTC_RECIPES,
    "glyphs": GLYPHS_RECIPES,
}
"""Of each method."""


def chosen_recipe(method: str | None, name: str) -> CtcRecipe | GlyphsRecipe:
    """Return a recipe of a method; without one, of the method that has it.

    Raises:
        UsageError: If the method has none of that name, or there is no such method.
    """
    method = method or ("glyphs" if name == "tutorial" else "whole")
    if method not in RECIPES:
        raise UsageError("method", f"there is no {method}", f"name one of {', '.join(RECIPES)}")
    if name in RECIPES[method]:
        return RECIPES[method][name]
    for other, recipes in RECIPES.items():
        if name in recipes:
            raise UsageError("recipe", f"{name} is of --method {other}", f"not of {method}")
    raise UsageError("recipe", f"there is no {name}", f"name one of {', '.join(RECIPES[method])}")

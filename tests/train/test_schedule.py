"""How far a training is, and the learning rate and the guidance that follow from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from captchascope.train.recipes import CTC_RECIPES, GLYPHS_RECIPES
from captchascope.train.schedule import Clock, Curriculum, learning_rate

RECIPE = replace(CTC_RECIPES["default"], rate=2.0, warmup=0.1)


def test_what_was_trained_before_needs_no_help() -> None:
    """Whatever its loss."""
    curriculum = Curriculum(known=1.0)
    curriculum.learn(9.0, 0.1)
    assert curriculum.guidance == 0


def test_from_scratch_there_is_help_until_the_loss_is_low() -> None:
    """Then it becomes less, to nothing, even if the loss goes up again."""
    curriculum = Curriculum(known=1.0, guidance=1.0)
    for _ in range(200):
        curriculum.learn(3.0, 0.1)
    assert curriculum.guidance == 1
    for _ in range(15):
        curriculum.learn(0.2, 0.1)
    assert 0 < curriculum.guidance < 1
    ways = []
    for _ in range(150):
        curriculum.learn(2.0, 0.1)
        ways.append(curriculum.guidance)
    assert ways == sorted(ways, reverse=True)
    assert ways[-1] == 0


def test_one_low_loss_is_not_enough() -> None:
    """It may be an easy batch."""
    curriculum = Curriculum(known=1.0, guidance=1.0)
    for loss in (3.0, 3.0, 0.1, 3.0):
        curriculum.learn(loss, 0.1)
    assert curriculum.guidance == 1


def test_late_in_the_cycle_it_must_do_without() -> None:
    """What the places teach is only nearly right."""
    curriculum = Curriculum(known=1.0, guidance=1.0)
    for i in range(600):
        curriculum.learn(3.0, 0.001 * i)
    assert curriculum.guidance == 0


def test_beginning_anew_gives_the_rate_another_cycle() -> None:
    """Within the time that is left."""
    curriculum = Curriculum(known=1.0)
    assert curriculum.cycled(0.55) == 0.55
    curriculum.begin_anew(0.5, 100)
    assert (curriculum.attempt, curriculum.step, curriculum.guidance) == (1, 100, 1.0)
    assert curriculum.cycled(0.5) == 0
    assert curriculum.cycled(0.55) == pytest.approx(0.1)
    assert curriculum.cycled(1.0) == 1


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_goes_up_and_down_once(schedule: Literal["linear", "cosine"]) -> None:
    """From little to the peak, and back to nearly nothing."""
    recipe = replace(RECIPE, schedule=schedule)
    rates = [learning_rate(recipe, i / 100) for i in range(101)]
    assert max(rates) == rates[10] == 2.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[100] < 0.01
    assert 0 < rates[0] < 0.1


def test_the_tutorials_rate_is_constant() -> None:
    """However far it is."""
    tutorial = GLYPHS_RECIPES["tutorial"]
    assert {learning_rate(tutorial, done) for done in (0.0, 0.5, 1.0)} == {0.001}


def test_progress_counts_steps_or_time_whichever_is_further() -> None:
    """Time before a training was taken up counts too."""
    clock = Clock(planned=100, deadline=None, steps=30)
    assert clock.progress == 0.3
    now = clock.begun
    assert Clock(100, now + 10, 90, begun=now - 2).progress == 0.9
    assert Clock(100, now + 10, 10, begun=now - 5).progress == pytest.approx(1 / 3, abs=0.05)
    taken_up = Clock(100, now + 10, 10, spent=90.0, begun=now)
    assert taken_up.progress == pytest.approx(0.9, abs=0.02)
    assert Clock(100, now - 1, 0, begun=now).progress > 1

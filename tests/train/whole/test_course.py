"""The way of a training: from few images to all, and its beginning anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.train.whole.batches import Stage
from captchascope.train.whole.clock import Clock, rate_at
from captchascope.train.whole.course import Course
from captchascope.train.whole.plan import PLANS

PLAN = replace(PLANS["default"], pool=48, known=0.5, strength=0.8, rate=1.0, warmup=0.1)


def test_what_was_trained_before_begins_with_everything() -> None:
    """And stays so, whatever the loss."""
    course = Course.begun(PLAN, 1000, scratch=False)
    assert course.stage(PLAN) == Stage(1000, 0.8)
    assert not course.learn(PLAN, 0.001, 0.1)
    assert course.stage(PLAN) == Stage(1000, 0.8)


def test_from_scratch_there_are_more_images_whenever_those_are_known() -> None:
    """At first as they are; in the end it is no beginner any more."""
    course = Course.begun(PLAN, 500, scratch=True)
    assert course.stage(PLAN) == Stage(48, 0.0)
    assert not course.learn(PLAN, 3.0, 0.01)
    pools = []
    for _ in range(200):
        if course.learn(PLAN, 0.2, 0.05):
            pools.append(course.pool)
            assert course.stage(PLAN).strength == 0.8
    assert pools == sorted(set(pools))
    assert pools[-1] == 500
    assert not course.scratch


def test_a_loss_that_stays_high_changes_nothing_until_it_is_late() -> None:
    """Then all there is must do."""
    course = Course.begun(PLAN, 500, scratch=True)
    assert not any(course.learn(PLAN, 3.0, 0.001 * i) for i in range(390))
    assert course.learn(PLAN, 3.0, 0.41)
    assert course.stage(PLAN) == Stage(500, 0.8)


def test_beginning_anew_gives_the_rate_another_cycle() -> None:
    """Within the time that is left."""
    course = Course.begun(PLAN, 500, scratch=False)
    assert course.rate(PLAN, 0.55) < 0.7
    course.begin_anew(PLAN, 0.5, 100)
    assert (course.attempt, course.step, course.stage(PLAN)) == (1, 100, Stage(48, 0.0))
    assert course.cycled(0.5) == 0
    assert course.rate(PLAN, 0.55) == pytest.approx(1.0)
    assert course.cycled(1.0) == 1
    course.slower = 0.5
    assert course.rate(PLAN, 0.55) == pytest.approx(0.5)


def test_the_rate_goes_up_and_down_once() -> None:
    """From little to the peak, and back to nearly nothing."""
    rates = [rate_at(i / 100, 2.0, 0.1) for i in range(101)]
    assert max(rates) == rates[10] == 2.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[100] < 0.01
    assert 0 < rates[0] < 0.1


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

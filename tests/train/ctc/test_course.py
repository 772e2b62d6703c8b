"""The way of a training: from few images to all, and its beginning anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captchascope.train.ctc.clock import Clock, rate_at
from captchascope.train.ctc.course import Course
from captchascope.train.ctc.plan import PLANS

PLAN = replace(PLANS["default"], known=1.0, rate=1.0, warmup=0.1)


def test_what_was_trained_before_needs_no_help() -> None:
    """Whatever its loss."""
    course = Course.begun(scratch=False)
    course.learn(PLAN, 9.0, 0.1)
    assert course.helped == 0


def test_from_scratch_there_is_help_until_the_loss_is_low() -> None:
    """Then it becomes less, to nothing, even if the loss goes up again."""
    course = Course.begun(scratch=True)
    for _ in range(200):
        course.learn(PLAN, 3.0, 0.1)
    assert course.helped == 1
    for _ in range(15):
        course.learn(PLAN, 0.2, 0.1)
    assert 0 < course.helped < 1
    ways = []
    for _ in range(150):
        course.learn(PLAN, 2.0, 0.1)
        ways.append(course.helped)
    assert ways == sorted(ways, reverse=True)
    assert ways[-1] == 0


def test_one_low_loss_is_not_enough() -> None:
    """It may be an easy batch."""
    course = Course.begun(scratch=True)
    for loss in (3.0, 3.0, 0.1, 3.0):
        course.learn(PLAN, loss, 0.1)
    assert course.helped == 1


def test_late_in_the_cycle_it_must_do_without() -> None:
    """What the places teach is only nearly right."""
    course = Course.begun(scratch=True)
    for i in range(600):
        course.learn(PLAN, 3.0, 0.001 * i)
    assert course.helped == 0


def test_beginning_anew_gives_the_rate_another_cycle() -> None:
    """Within the time that is left."""
    course = Course.begun(scratch=False)
    assert course.rate(PLAN, 0.55) < 0.7
    course.begin_anew(0.5, 100)
    assert (course.attempt, course.step, course.helped) == (1, 100, 1.0)
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

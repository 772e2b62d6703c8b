"""Ctrl-C during an audit."""

from __future__ import annotations

import signal

import pytest

from captchascope.audit.interrupts import Interrupts


def interrupt() -> int:
    """Press Ctrl-C, and go on if that is only remembered."""
    signal.raise_signal(signal.SIGINT)
    return 1


def test_it_ends_what_is_measured() -> None:
    """There is no measurement then, and it is known why."""
    with Interrupts() as interrupts:
        assert interrupts.ending(lambda: 5) == 5
        assert not interrupts.came
        assert interrupts.ending(interrupt) is None
        assert interrupts.came


def test_between_measurements_it_is_remembered() -> None:
    """What is being written is written whole."""
    with Interrupts() as interrupts:
        assert interrupt()
        assert interrupts.came


def test_a_second_one_is_raised_wherever_it_comes() -> None:
    """Who is in a hurry need not wait for a report."""
    with Interrupts():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_afterwards_it_is_as_before() -> None:
    """Whatever the caller had made of it."""
    with Interrupts():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_that_is_ignored_stays_so() -> None:
    """As in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            assert interrupts.ending(interrupt) == 1
            assert not interrupts.came
    finally:
        signal.signal(signal.SIGINT, before)

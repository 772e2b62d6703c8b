"""Nobody gets what another has; those of the share go to two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.web.label.schema import CSV, Guess, Submission
from captchascope.web.label.store import LEASE, Leased, Store, in_share

A, B, C = "person-a", "person-b", "person-c"
ALL = range(1, 7)
ORDER = (3, 1, 2, 4, 5, 6)  # of how sure the model is


class Clock:
    """A clock that stands until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock to set."""
    return Clock()


@contextmanager
def opened(folder: Path, clock: Clock, overlap: float = 0.0) -> Iterator[Store]:
    """Open a store with six images, each with a guess."""
    store = Store(folder, overlap, clock)
    store.set_present([f"{number}.png" for number in ALL])
    store.set_guesses({n: Guess("abc", 0.7 + place / 20, (), 1) for place, n in enumerate(ORDER)})
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Give a store with six images, each for one session."""
    with opened(tmp_path, clock) as store:
        yield store


def test_an_image_is_given_to_one_session(store: Store, clock: Clock) -> None:
    """The least certain first, and to the next session when the two minutes are over."""
    assert store.lease(A, [], 2).new == [3, 1]
    assert store.lease(B, [], 2).new == [2, 4]
    clock.now += LEASE - 1
    assert store.lease(C, [], 4).new == [5, 6]
    clock.now += 1
    assert store.lease(C, [5, 6], 2).new == [3, 1]
    assert store.lease(A, [3, 1], 0).lost == [3, 1]


def test_the_surest_come_first_where_they_are_asked_for(store: Store) -> None:
    """From a confidence on, and none that has no guess."""
    assert store.lease(A, [], 6, sure=0.85).new == [6, 5, 4]
    store.set_present([f"{number}.png" for number in range(1, 9)])
    assert store.lease(A, [], 8, sure=0.5).new == [6, 5, 4, 2, 1, 3]
    assert store.lease(A, [], 8).new == [*ORDER, 7, 8]


def test_who_renews_keeps_an_image(store: Store, clock: Clock) -> None:
    """And what is not renewed is free at once."""
    store.lease(A, [], 2)
    clock.now += LEASE - 1
    assert store.lease(A, [1], 0).lost == []
    clock.now += LEASE - 1
    assert store.lease(B, [], 2).new == [3, 2]


def test_leases_outlive_the_server(tmp_path: Path, clock: Clock) -> None:
    """A page that is open when the server is killed still has its images."""
    with opened(tmp_path, clock) as store:
        store.lease(A, [], 2)
    with opened(tmp_path, clock) as again:
        assert again.lease(B, [], 2).new == [2, 4]
        assert again.lease(A, [1, 3], 1).new == [5]


@pytest.mark.parametrize("moved", [-86400.0, 86400.0])
def test_the_clock_of_another_process_may_begin_anywhere(
    tmp_path: Path, clock: Clock, moved: float
) -> None:
    """Leases are as if renewed at its start: none is held for a day, and none is lost."""
    with opened(tmp_path, clock) as store:
        store.lease(A, [], 2)
    clock.now += moved
    with opened(tmp_path, clock) as again:
        clock.now += LEASE - 1
        assert again.lease(B, [], 6).new == [2, 4, 5, 6]
        clock.now += 1
        assert again.lease(B, [2, 4, 5, 6], 6).new == [3, 1]


def test_what_is_labelled_is_not_given_again(store: Store) -> None:
    """But for one that is withdrawn, which goes back to who withdrew it."""
    store.say(A, [Submission("key-1", 3, "abc"), Submission("key-2", 1, None)])
    assert store.lease(B, [], 1).new == [2]
    store.say(A, [Submission("key-1", None)])
    assert store.lease(B, [2], 1).new == [4]
    assert store.lease(A, [3], 0).lost == []


def test_images_of_the_share_go_to_two(tmp_path: Path, clock: Clock) -> None:
    """Not to three, and not twice to one; what the file says needs no second opinion."""
    with opened(tmp_path, clock, overlap=1.0) as store:
        assert store.lease(A, [], 1).new == [3]
        store.say(A, [Submission("key-1", 3, "abc")])
        assert store.lease(A, [], 1).new == [1]
        assert store.lease(B, [], 1).new == [3]
        assert store.lease(C, [], 1).new == [1]
        store.say(B, [Submission("key-2", 3, "abd")])
        clock.now += 2 * LEASE
        store.say(CSV, [Submission("key-3", 1, "abc")])
        assert store.lease(C, [], 1).new == [2]


def test_an_image_that_is_gone_is_lost(store: Store) -> None:
    """The session that holds it is told so."""
    store.lease(A, [], 2)
    store.set_present(["2.png", "3.png"])
    assert store.lease(A, [3, 1], 5) == Leased([2], [1])


def test_the_share_is_as_large_as_it_is_said_to_be() -> None:
    """And the images of a smaller one are in the larger one, too."""
    files = [f"{number}.png" for number in range(20_000)]
    small = {file for file in files if in_share(file, 0.05)}
    large = {file for file in files if in_share(file, 0.2)}
    assert 0.045 < len(small) / len(files) < 0.055
    assert small < large
    assert not any(in_share(file, 0.0) for file in files)
    assert all(in_share(file, 1.0) for file in files)


def test_what_is_released_is_free_at_once(store: Store) -> None:
    """All but what is named; nobody else's."""
    mine, other = store.lease(A, [], 2).new, store.lease(B, [], 1).new
    store.release(A, mine[:1])
    assert store.lease(C, [], 1).new == mine[1:]
    assert store.lease(B, other, 0).lost == []

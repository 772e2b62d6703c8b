"""Nobody gets what another has; those of the share go to two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.web.label.leases import LEASE, Leased, Leases, in_share
from captchascope.web.label.schema import CSV
from captchascope.web.label.store import Said, Store

A, B, C = "person-a", "person-b", "person-c"
ALL = range(1, 7)


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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store with six images."""
    store = Store(tmp_path / "store.sqlite")
    store.set_present([f"{number}.png" for number in ALL])
    yield store
    store.close()


def test_an_image_is_given_to_one_session(store: Store, clock: Clock) -> None:
    """In the order asked for, and to the next one when the two minutes are over."""
    leases = Leases(store, clock=clock)
    assert leases.give(A, [], [3, 1, 2, 4], 2).new == [3, 1]
    assert leases.give(B, [], [3, 1, 2, 4], 3).new == [2, 4]
    clock.now += LEASE - 1
    assert leases.give(C, [], [3, 1], 2).new == []
    clock.now += 1
    assert leases.give(C, [], [3, 1], 2).new == [3, 1]
    assert leases.give(A, [3, 1], [], 0).lost == [3, 1]


def test_who_renews_keeps_an_image(store: Store, clock: Clock) -> None:
    """And what is not renewed is free at once."""
    leases = Leases(store, clock=clock)
    leases.give(A, [], ALL, 2)
    clock.now += LEASE - 1
    assert leases.give(A, [1], ALL, 0).lost == []
    clock.now += LEASE - 1
    assert leases.give(B, [], [1, 2], 2).new == [2]


def test_leases_outlive_the_server(store: Store, clock: Clock) -> None:
    """A page that is open when the server is killed still has its images."""
    Leases(store, clock=clock).give(A, [], ALL, 2)
    again = Leases(store, clock=clock)
    assert again.give(B, [], ALL, 2).new == [3, 4]
    assert again.give(A, [1, 2], ALL, 1).new == [5]


def test_what_is_labelled_is_not_given_again(store: Store, clock: Clock) -> None:
    """But for one that is withdrawn, which goes back to who withdrew it."""
    leases = Leases(store, clock=clock)
    store.say(A, [Said("key-1", 1, "abc"), Said("key-2", 2, None)])
    assert leases.give(B, [], [1, 2, 3], 3).new == [3]
    store.say(A, [Said("key-1", None)])
    leases.add(A, 1)
    assert leases.give(B, [3], [1, 2, 3], 3).new == []
    assert leases.give(A, [1], [1, 2, 3], 3).lost == []


def test_images_of_the_share_go_to_two(store: Store, clock: Clock) -> None:
    """Not to three, and not twice to one; what the file says needs no second opinion."""
    leases = Leases(store, overlap=1.0, clock=clock)
    assert leases.give(A, [], [1], 1).new == [1]
    store.say(A, [Said("key-1", 1, "abc")])
    assert leases.give(A, [], [1], 1).new == []
    assert leases.give(B, [], [1], 1).new == [1]
    assert leases.give(C, [], [1], 1).new == []
    store.say(B, [Said("key-2", 1, "abd")])
    clock.now += 2 * LEASE
    assert leases.give(C, [], [1], 1).new == []
    store.say(CSV, [Said("key-3", 2, "abc")])
    assert leases.give(A, [], [2], 1).new == []


def test_an_image_that_is_gone_is_lost(store: Store, clock: Clock) -> None:
    """Whoever holds it is told so."""
    leases = Leases(store, clock=clock)
    leases.give(A, [], ALL, 2)
    store.set_present(["2.png", "3.png"])
    assert leases.give(A, [1, 2], ALL, 5) == Leased([3], [1])


def test_the_share_is_as_large_as_it_is_said_to_be() -> None:
    """And the images of a smaller one are in the larger one, too."""
    files = [f"{number}.png" for number in range(20_000)]
    small = {file for file in files if in_share(file, 0.05)}
    large = {file for file in files if in_share(file, 0.2)}
    assert 0.045 < len(small) / len(files) < 0.055
    assert small < large
    assert not any(in_share(file, 0.0) for file in files)
    assert all(in_share(file, 1.0) for file in files)

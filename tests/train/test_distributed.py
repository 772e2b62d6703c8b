"""Places of processes, and what a process does that is alone."""

from __future__ import annotations

import re

import pytest

from captchascope.errors import UsageError
from captchascope.train.distributed import Place, all_max, broadcast, place_of

TORCHRUN = {"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "6", "LOCAL_WORLD_SIZE": "2"}
MASTER = {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a starter may have set."""
    for name in (*TORCHRUN, *MASTER, "RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"):
        monkeypatch.delenv(name, raising=False)


def at(monkeypatch: pytest.MonkeyPatch, devices: int, nodes: int, **env: str) -> Place:
    """Return the place that an environment gives."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return place_of(devices, nodes)


def test_one_process_is_alone() -> None:
    """And agrees with itself."""
    assert place_of(1, 1) == Place() == Place(0, 0, 1, 1)
    assert all_max(1.0, -2.5) == [1.0, -2.5]
    assert broadcast(3) == 3


def test_one_machine_starts_its_own() -> None:
    """They meet at a port that is free."""
    place = place_of(2, 1)
    assert (place.rank, place.world, place.local_world, place.started) == (0, 2, 2, False)
    assert re.fullmatch(r"tcp://127\.0\.0\.1:\d+", place.meeting)


def test_the_second_of_three_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told where the first is, and starts the others of its own."""
    place = at(monkeypatch, 2, 3, **MASTER, NODE_RANK="1")
    assert place == Place(2, 0, 6, 2, "tcp://10.0.0.1:29500")


def test_machines_that_are_not_told_where_the_first_is() -> None:
    """They would wait for ever."""
    with pytest.raises(UsageError, match="nodes: needs the address of the first machine"):
        place_of(1, 2)


def test_under_torchrun_its_numbers_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are refused."""
    place = at(monkeypatch, 1, 1, **TORCHRUN, RANK="3", LOCAL_RANK="1")
    assert place == Place(3, 1, 6, 2, started=True)
    assert place_of(2, 3) == place
    with pytest.raises(UsageError, match="devices: and --nodes make 4 processes, torchrun start"):
        place_of(4, 1)

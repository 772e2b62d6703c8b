"""Several processes that train one network: their places, start, agreement and end."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.multiprocessing.spawn import start_processes

from captchascope.errors import UsageError
from captchascope.train.request import rank_of

_LONGEST_WAIT = timedelta(seconds=300)  # of a process for the others
_PATIENCE = 30.0  # seconds in which the other processes end once the first is through


@dataclass(frozen=True, slots=True)
class Place:
    """Which of all processes this one is.

    Attributes:
        rank: Among all processes, from 0.
        local_rank: Among those of this machine, from 0.
        world: How many there are.
        local_world: How many of them are on this machine.
        meeting: The URL at which they find each other, as ``init_process_group`` takes it.
        started: Whether somebody else starts the others of this machine, as ``torchrun`` does.
    """

    rank: int = 0
    local_rank: int = 0
    world: int = 1
    local_world: int = 1
    meeting: str = "env://"
    started: bool = False

    @property
    def device(self) -> torch.device:
        """Return this process's own GPU where there are any, else the CPU."""
        return torch.device("cuda", self.local_rank) if torch.cuda.is_available() else _CPU


_CPU = torch.device("cpu")


def place_of(devices: int, nodes: int) -> Place:
    """Return the place of this process from what its starter has set in the environment.

    Args:
        devices: Processes on each machine.
        nodes: Machines; under ``torchrun``, which knows better, both may be left at 1.

    Raises:
        UsageError: If the numbers are not those of ``torchrun``, or the first machine is unknown.
    """
    env = os.environ
    if distributed.is_torchelastic_launched():
        world, local = int(env["WORLD_SIZE"]), int(env["LOCAL_WORLD_SIZE"])
        if devices * nodes not in (1, world):
            what = f"and --nodes make {devices * nodes} processes, torchrun started {world}"
            raise UsageError("devices", what, "leave both away under torchrun")
        return Place(rank_of(devices, nodes), int(env["LOCAL_RANK"]), world, local, started=True)
    if devices * nodes == 1:
        return Place()
    local_rank = int(env.get("LOCAL_RANK", "0"))
    address, port = env.get("MASTER_ADDR"), env.get("MASTER_PORT")
    started = "LOCAL_RANK" in env
    if nodes == 1 and not started:
        address, port = "127.0.0.1", str(_free_port())
    elif not address or not port:
        what = "needs the address of the first machine"
        raise UsageError("nodes", what, "set MASTER_ADDR, MASTER_PORT and NODE_RANK on each")
    meeting, rank = f"tcp://{address}:{port}", rank_of(devices, nodes)
    return Place(rank, local_rank, devices * nodes, devices, meeting, started)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def launched(place: Place, work: Callable[..., object], *arguments: Any) -> Iterator[None]:
    """Have ``work(place, *arguments)`` done in the further processes of this machine meanwhile.

    Each is given its own place. They are silent, as the first says what goes wrong in all of them,
    and deaf to Ctrl-C and termination, which may come to all, as the first tells them when to end.
    What ``multiprocessing`` says of the main module of a program holds: it must be importable
    without starting anything.
    """
    if place.started or place.local_world == 1:
        yield
        return
    with _deaf():
        others = start_processes(  # type: ignore[no-untyped-call]
            _along, (place, work, arguments), place.local_world - 1, join=False, daemon=True
        )
    try:
        yield
        for other in others.processes:
            other.join(_PATIENCE)
    finally:  # all is done, or has failed: whoever still waits for something is ended
        for other in others.processes:
            other.kill()
            other.join()


def _along(number: int, place: Place, work: Callable[..., object], arguments: Any) -> None:
    """Do the work in a further process, whose ``number`` counts from 0."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    work(replace(place, rank=place.rank + number + 1, local_rank=number + 1), *arguments)


@contextmanager
def _deaf() -> Iterator[None]:
    """Have processes that are started meanwhile ignore Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def connected(place: Place) -> Iterator[None]:
    """Have all processes agree and follow each other meanwhile; what comes after is each's own."""
    if place.world == 1:
        yield
        return
    if place.device.type == "cuda":
        torch.cuda.set_device(place.device)
    distributed.init_process_group(
        "nccl" if place.device.type == "cuda" else "gloo",
        init_method=place.meeting,
        rank=place.rank,
        world_size=place.world,
        timeout=_LONGEST_WAIT,
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def all_max(*values: float) -> list[float]:
    """Return of each value the greatest that any process has (an all-reduce)."""
    if not distributed.is_initialized():
        return list(values)
    shared = torch.tensor(values, dtype=torch.float64, device=_device())
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return [float(value) for value in shared.tolist()]


def broadcast(value: int) -> int:
    """Return what the first process has."""
    if not distributed.is_initialized():
        return value
    shared = torch.tensor([value], device=_device())
    distributed.broadcast(shared, 0)
    return int(shared.item())


def broadcast_state(state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the state that the first process has; others, which need not have it, give None."""
    shared = [state]
    if distributed.is_initialized():
        distributed.broadcast_object_list(shared, 0)
    (held,) = shared
    assert held is not None
    return held


def _device() -> torch.device:
    cuda = distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if cuda else _CPU

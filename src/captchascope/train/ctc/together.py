"""Several processes that train one network: started, agreeing, and ended together."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import distributed

_PATIENCE = 30.0  # seconds in which the other processes end once the first is through


def rank_of(devices: int) -> int:
    """Return which of all processes this one is, from what its starter has set."""
    if "RANK" in os.environ:
        return int(os.environ["RANK"])
    node = int(os.environ.get("NODE_RANK", os.environ.get("GROUP_RANK", "0")))
    return node * devices + int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def started(command: Sequence[str], devices: int, nodes: int) -> Iterator[None]:
    """Have ``command`` run in the further processes of this machine, while the block does.

    They find their places in ``LOCAL_RANK``, ``MASTER_ADDR`` and ``MASTER_PORT``. In a process
    that has such a place already, nothing is started.
    """
    if devices * nodes == 1 or "LOCAL_RANK" in os.environ:
        yield
        return
    places = {"LOCAL_RANK": "0"}
    if nodes == 1:
        places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "NODE_RANK": "0"}
    before = {name: os.environ.get(name) for name in (*places, "WORLD_SIZE")}
    os.environ.update(places)
    others = [_other(command, rank) for rank in range(1, devices)]
    try:
        yield
        for other in others:
            other.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        pass  # all is done; whoever still waits for something is ended
    finally:
        for other in others:
            other.kill()
            other.wait()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _other(command: Sequence[str], rank: int) -> subprocess.Popen[bytes]:
    env = {**os.environ, "LOCAL_RANK": str(rank)}
    silent = subprocess.DEVNULL  # what goes wrong in all of them is said by the first
    heard = None if "--debug" in command else silent
    return subprocess.Popen(command, env=env, stdin=silent, stdout=silent, stderr=heard)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def agreed(*values: float) -> list[float]:
    """Return of each value the greatest that any process has."""
    if not distributed.is_initialized():
        return list(values)
    shared = torch.tensor(values, dtype=torch.float64, device=_device())
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return [float(value) for value in shared.tolist()]


def told(value: int) -> int:
    """Return what the first process has."""
    if not distributed.is_initialized():
        return value
    shared = torch.tensor([value], device=_device())
    distributed.broadcast(shared, 0)
    return int(shared.item())


def parted() -> None:
    """Forget the other processes: whatever follows is done by each alone."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _device() -> torch.device:
    cuda = distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if cuda else torch.device("cpu")

"""Prefix beam search that never leaves the allowed texts.

Source: Graves and Jaitly 2014, algorithm 1, with a state of the automaton for each prefix. A
prefix stays in the beam only while an allowed text can still be reached from it in the timesteps
that are left, so the search ends with an allowed text wherever there is one that fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK
from captchascope.decode.automaton import DEAD, START, Allowed, BoolArray, IntArray

__all__ = ["beam_search"]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no character of a prefix is lost
_NOBODY = np.uint64(0)  # the name where there is no prefix


@dataclass(frozen=True, slots=True)
class _Beam:
    """The W best prefixes of each of B images; every attribute is of shape (B, W).

    Attributes:
        blank, label: Log probability of the prefix by the alignments that end with a blank, and
            with its last character; minus infinity for both where there is no prefix.
        last: Class of the last character; the blank's where there is none.
        state: Of the automaton.
        name: A number for the prefix, and ``parent`` that of the prefix without its last
            character. Two prefixes share a number once in 2^64 times, and then only the search
            suffers: the probability of what it finds is computed anew.
    """

    blank: NDArray[np.float64]
    label: NDArray[np.float64]
    last: IntArray
    state: IntArray
    name: NDArray[np.uint64]
    parent: NDArray[np.uint64]


def beam_search(logs: NDArray[np.float64], left: Allowed, width: int) -> tuple[IntArray, BoolArray]:
    """Return the most probable allowed texts of each image, as far as a beam sees them.

    Args:
        logs: Shape (T, B, K): log probabilities, none of them infinite.
        left: The K classes, and what is allowed.
        width: W, how many prefixes are kept after each timestep.
    Returns:
        Shape (B * W, T): the classes of the texts, blanks in no particular place between them; and
        shape (B, W): which of them are texts at all.
    """
    timesteps, batch, _ = logs.shape
    beam = _first(batch, width)
    origins = np.empty((timesteps, batch, width), np.int64)
    classes = np.empty_like(origins)
    for t, row in enumerate(logs):
        beam, origins[t], classes[t] = _next(beam, row, left, timesteps - t - 1)
    slots = np.broadcast_to(np.arange(width), (batch, width))
    for t in reversed(range(timesteps)):
        classes[t] = np.take_along_axis(classes[t], slots, axis=1)
        slots = np.take_along_axis(origins[t], slots, axis=1)
    return classes.reshape(timesteps, -1).T, left.accepting[beam.state]


def _first(batch: int, width: int) -> _Beam:
    """Return the beam before the first timestep: the empty prefix, and no other."""
    zeros = np.zeros((batch, width), np.int64)
    blank = np.full((batch, width), -np.inf)
    blank[:, 0] = 0.0
    state = np.full_like(zeros, DEAD)
    state[:, 0] = START
    name = np.full((batch, width), _NOBODY)
    name[:, 0] = 1
    return _Beam(blank, np.full_like(blank, -np.inf), zeros, state, name, np.zeros_like(name))


def _next(
    beam: _Beam, row: NDArray[np.float64], left: Allowed, remaining: int
) -> tuple[_Beam, IntArray, IntArray]:
    """Take one timestep, ``row`` of shape (B, K), with so many remaining after it.

    Returns:
        The beam; for each of its prefixes the slot that it came from, and the class that was
        added, the blank where none was.
    """
    batch, classes = row.shape
    width = beam.state.shape[1]
    images = np.arange(batch)[:, None]
    longer = _longer(beam, row, left, remaining)
    total = np.logaddexp(beam.blank, beam.label)
    blank = np.where(left.need[beam.state, BLANK] <= remaining, total + row[:, :1], -np.inf)
    in_time = left.need[beam.state, beam.last] <= remaining
    label = np.where(in_time, beam.label + row[images, beam.last], -np.inf)
    label = np.logaddexp(label, _met(beam, longer))
    longer[:, :, BLANK] = np.logaddexp(blank, label)
    ways = longer.reshape(batch, -1)
    best = np.argpartition(-ways, width - 1, axis=1)[:, :width]
    worth = ways[images, best]
    origin, added = np.divmod(best, classes)
    same, dead = added == BLANK, worth == -np.inf
    name = beam.name[images, origin]
    longer_name = np.where(same, name, name * _FACTOR + added.astype(np.uint64))
    after = _Beam(
        np.where(same, blank[images, origin], -np.inf),
        np.where(same, label[images, origin], worth),
        np.where(dead, BLANK, np.where(same, beam.last[images, origin], added)),
        np.where(dead, DEAD, left.step[beam.state[images, origin], added]),
        np.where(dead, _NOBODY, longer_name),
        np.where(same, beam.parent[images, origin], name),
    )
    return after, origin, added


def _longer(
    beam: _Beam, row: NDArray[np.float64], left: Allowed, remaining: int
) -> NDArray[np.float64]:
    """Return the log probability of each prefix with each class added, shape (B, W, K)."""
    classes = np.arange(row.shape[1])
    total = np.logaddexp(beam.blank, beam.label)[:, :, None]
    again = classes == beam.last[:, :, None]  # the same character twice needs a blank between
    ways = np.where(again, beam.blank[:, :, None], total) + row[:, None, :]
    ways[left.need[left.step[beam.state], classes] > remaining] = -np.inf
    ways[:, :, BLANK] = -np.inf
    return ways


def _met(beam: _Beam, longer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move what leads to a prefix that is in the beam already from ``longer`` to it, (B, W)."""
    met = (beam.parent[:, :, None] == beam.name[:, None, :]) & (beam.last > BLANK)[:, :, None]
    image, child, parent = np.nonzero(met)
    moved = np.full(beam.state.shape, -np.inf)
    moved[image, child] = longer[image, parent, beam.last[image, child]]
    longer[image, parent, beam.last[image, child]] = -np.inf
    return moved

"""Prefix beam search that knows how each prefix can still end.

Source: Graves and Jaitly 2014, algorithm 1, with a state of the automaton for each prefix. Prefixes
are ranked by their probability times that of their best end, so one that cannot end in an allowed
text any more is never kept, and one that a constraint needs is not lost to others that look better
until they, too, must end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK
from captchascope.decode.automaton import DEAD, START, Allowed, BoolArray, Floats, IntArray
from captchascope.records import FloatArray

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no character of a prefix is lost
_NOBODY = np.uint64(0)  # the name where there is no prefix


@dataclass(frozen=True, slots=True)
class _Beam:
    """The W best prefixes of each of B images; every attribute is of shape (B, W).

    Attributes:
        blank, label: Log probability of the prefix by the alignments that end with a blank, and
            with its last character.
        last: Class of the last character; the blank's where there is none.
        state: Of the automaton; dead where there is no prefix.
        name: A number for the prefix, and ``parent`` that of the prefix without its last
            character. Two prefixes share a number once in 2^64 times, and then only the search
            suffers: the probability of what it finds is computed anew.
    """

    blank: Floats
    label: Floats
    last: IntArray
    state: IntArray
    name: NDArray[np.uint64]
    parent: NDArray[np.uint64]


def beam_search(logs: Floats, left: Allowed, width: int) -> tuple[IntArray, BoolArray]:
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
    endings = _best_endings(logs, left)
    zeros = np.zeros((batch, width), np.int64)
    never = np.full((batch, width), -np.inf)
    names = np.full((batch, width), _NOBODY)
    beam = _Beam(never.copy(), never, zeros, np.full_like(zeros, DEAD), names, names.copy())
    beam.blank[:, 0], beam.state[:, 0], beam.name[:, 0] = 0.0, START, 1  # the empty prefix
    origins = np.empty((timesteps, batch, width), np.int64)
    classes = np.empty_like(origins)
    for t, row in enumerate(logs):
        beam, origins[t], classes[t] = _next(beam, row, left, endings[t])
    slots = np.broadcast_to(np.arange(width), (batch, width))
    for t in reversed(range(timesteps)):
        classes[t] = np.take_along_axis(classes[t], slots, axis=1)
        slots = np.take_along_axis(origins[t], slots, axis=1)
    return classes.reshape(timesteps, -1).T, beam.state != DEAD


def _best_endings(logs: Floats, left: Allowed) -> FloatArray:
    """Return the log probability of the best path to an allowed end, shape (T, B, S, K).

    That is through the timesteps after t, from a state of the automaton, where timestep t was of
    a class; minus infinity where there is none.
    """
    timesteps, batch, kinds = logs.shape
    states = len(left.step)
    found = np.empty((timesteps, batch, states, kinds), np.float32)
    found[-1] = np.where(left.accepting, 0.0, -np.inf)[:, None]
    places = left.step * kinds + np.arange(kinds)  # where a class leads to
    cells = np.arange(batch)[:, None], np.arange(states)
    for t in range(timesteps - 1, 0, -1):
        same = found[t] + logs[t, :, None].astype(np.float32)
        longer = same.reshape(batch, -1).take(places, axis=1)
        longer[..., BLANK] = -np.inf
        best = longer.argmax(axis=2)
        most = longer[*cells, best]
        longer[*cells, best] = -np.inf
        second = longer.max(axis=2)
        stay = np.maximum(same, same[..., :1])  # the same character for longer, or a blank
        np.maximum(stay, most[..., None], out=found[t - 1])
        found[t - 1][*cells, best] = np.maximum(stay[*cells, best], second)
    return found


def _next(
    beam: _Beam, row: Floats, left: Allowed, ending: FloatArray
) -> tuple[_Beam, IntArray, IntArray]:
    """Take one timestep, ``row`` of shape (B, K), after which texts end as ``ending``, (B, S, K).

    Returns:
        The beam; for each of its prefixes the slot that it came from, and the class that was
        added, the blank where none was.
    """
    (batch, classes), width = row.shape, beam.state.shape[1]
    images, slots = np.arange(batch)[:, None], np.arange(width)
    either = np.logaddexp(beam.blank, beam.label)
    longer = either[..., None] + row[:, None, :]  # by each class, (B, W, K)
    longer[images, slots, beam.last] = beam.blank + row[images, beam.last]  # a blank must part them
    blank = either + row[:, :1]
    label = np.logaddexp(beam.label + row[images, beam.last], _met(beam, longer))
    worth = longer + ending[images[..., None], left.step[beam.state], np.arange(classes)]
    worth[..., BLANK] = np.logaddexp(
        blank + ending[images, beam.state, BLANK], label + ending[images, beam.state, beam.last]
    )
    longer[..., BLANK], worth = label, worth.reshape(batch, -1)
    best = np.argpartition(-worth, width - 1, axis=1)[:, :width]
    origin, added = np.divmod(best, classes)
    same, dead = added == BLANK, worth[images, best] == -np.inf
    last, name = beam.last[images, origin], beam.name[images, origin]
    longer_name = np.where(same, name, name * _FACTOR + added.astype(np.uint64))
    after = _Beam(
        blank=np.where(same, blank[images, origin], -np.inf),
        label=longer[images, origin, added],
        last=np.where(dead, BLANK, np.where(same, last, added)),
        state=np.where(dead, DEAD, left.step[beam.state[images, origin], added]),
        name=np.where(dead, _NOBODY, longer_name),
        parent=np.where(same, beam.parent[images, origin], name),
    )
    return after, origin, added


def _met(beam: _Beam, longer: Floats) -> Floats:
    """Move what leads to a prefix that is in the beam already from ``longer`` to it, (B, W)."""
    met = (beam.parent[:, :, None] == beam.name[:, None, :]) & (beam.last > BLANK)[:, :, None]
    image, child, parent = np.nonzero(met)
    moved = np.full(beam.state.shape, -np.inf)
    moved[image, child] = longer[image, parent, beam.last[image, child]]
    longer[image, parent, beam.last[image, child]] = -np.inf
    return moved

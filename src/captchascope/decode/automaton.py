"""Constraints made ready for one model's characters: what is left of them, and an automaton."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from captchascope.charset import BLANK, Charset
from captchascope.decode.constraints import Constraints
from captchascope.decode.pattern import folded
from captchascope.errors import UsageError

IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

DEAD, START = 0, 1

_LONGEST = 512  # characters; no captcha has more, whatever a user says
_MOST_STATES = 2048
_CELLS = 1 << 18  # of the sums that are held at once, 2 MB


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """The classes of a model that constraints leave, and the texts that they allow.

    The classes that are left are numbered anew: the blank, 0, and then ``chars`` from 1; K are
    left in all. The automaton has S states.

    Attributes:
        classes: How many classes the model has.
        chars: The characters that are left.
        columns: The model's classes that are left, the blank among them, those that count as one
            character side by side; None where it is all of them as they are.
        groups: Where in ``columns`` each new class begins; None where each is one column.
        step: Shape (S, K): the state after a class, dead where no allowed text goes on like that;
            the blank changes none.
        accepting: Shape (S,): whether a text may end there.
        free: Whether every text is allowed.
        counting: Whether only the length matters, and the states count the characters: each class
            but the blank leads from every state to the next.
    """

    classes: int
    chars: str
    columns: IntArray | None
    groups: IntArray | None
    step: IntArray
    accepting: BoolArray
    free: bool
    counting: bool

    def possible(self, characters: int | None = None) -> bool:
        """Tell whether any text is allowed, or any of so many characters."""
        if characters is None:
            return bool(self.step[START, BLANK] != DEAD)
        states = {START}
        for _ in range(characters):
            states = {int(after) for state in states for after in self.step[state, 1:]} - {DEAD}
        return any(self.accepting[state] for state in states)


@lru_cache(maxsize=64)
def allowed(rule: Constraints, charset: Charset) -> Allowed:
    """Make constraints ready for a model's charset.

    Raises:
        UsageError: If the pattern has too many cases.
    """
    given = rule.folding(charset.chars)(charset.chars)
    wanted = given if rule.charset is None else rule.charset.chars
    wanted = folded(wanted) if rule.ignore_case else wanted
    chars = "".join(dict.fromkeys(c for c in given if c in wanted))
    ids = [[i for i, other in enumerate(given, 1) if other == char] for char in chars]
    columns = [BLANK, *(i for group in ids for i in group)]
    groups = np.cumsum([0, 1, *map(len, ids)])[:-1]
    step, accepting = _automaton(rule, chars)
    next_states = np.append(np.arange(START + 1, len(step)), DEAD)
    counting = step[START, -1] != DEAD and (step[START:, 1:] == next_states[:, None]).all()
    return Allowed(
        charset.num_classes,
        chars,
        None if columns == list(range(charset.num_classes)) else np.array(columns),
        None if len(columns) == len(groups) else groups,
        step,
        accepting,
        rule.length is None and rule.pattern is None,
        bool(counting),
    )


def require_possible(rule: Constraints, charset: Charset, characters: int | None = None) -> None:
    """Refuse constraints that no text of a model satisfies, or none of so many characters.

    Raises:
        UsageError: If there is no such text, or the pattern has too many cases.
    """
    left = allowed(rule, charset)
    if not left.chars:
        remedy = f"it knows {charset.chars}"
        raise UsageError("charset", "has nothing in common with the model's", remedy)
    if not left.possible(characters):
        many = "" if characters is None else f"{characters} characters of "
        where = "length" if rule.pattern is None else "pattern"
        what = "matches no text that the model can read"
        raise UsageError(where, what, f"it reads {many}{left.chars}")


def _automaton(rule: Constraints, chars: str) -> tuple[IntArray, BoolArray]:
    """Return the steps (S, K) and the accepting states (S,) of length and pattern together.

    A state is what the pattern has seen, and the number of characters where the length matters.
    """
    pattern = rule.pattern
    fewest, most = (0, _LONGEST) if rule.length is None else rule.length
    alike: dict[int, list[int]] = {}  # classes by the places of the pattern that they lead on from
    taking = [1] * len(chars) if pattern is None else pattern.taking(chars, rule.ignore_case)
    for i, places in enumerate(taking, 1):
        alike.setdefault(places, []).append(i)
    states = [(0, 0), (1 if pattern is None else pattern.start, 0)]
    numbers = {state: number for number, state in enumerate(states)}
    rows: list[IntArray] = []
    for seen, count in states:  # which grows meanwhile
        row = np.zeros(len(chars) + 1, np.int64)
        row[BLANK] = len(rows)
        more = count + (rule.length is not None)
        for places, ids in alike.items() if more <= min(most, _LONGEST) else ():
            after = seen if pattern is None else pattern.after(seen, places)
            state = (after, more) if after else states[DEAD]
            if state not in numbers:
                numbers[state] = len(states)
                states.append(state)
            row[ids] = numbers[state]
        rows.append(row)
        if len(states) > _MOST_STATES:
            raise UsageError("pattern", "has too many cases", "shorten what {m,n}, ? or * follow")
    good = [bool(s) and (pattern is None or pattern.accepts(s)) for s, _ in states]
    long_enough = [rule.length is None or count >= fewest for _, count in states]
    accepting = np.logical_and(good, long_enough)
    step, hopeful = np.stack(rows), accepting
    while not np.array_equal(found := hopeful | hopeful[step].any(axis=1), hopeful):
        hopeful = found
    step[~hopeful[step]] = DEAD
    return step, accepting


def probability_allowed(probabilities: Floats, left: Allowed) -> Floats:
    """Return the sum of the probabilities of all allowed texts, by all their alignments.

    The forward algorithm of a single text (Graves et al. 2006, section 4.1) lays its characters
    over the timesteps; here the states of the automaton take their place.

    Args:
        probabilities: Shape (K, B, T): each timestep of each image sums to 1; class 0 is the blank.
        left: The K classes, and what is allowed.
    Returns:
        Shape (B,); right to about 1e-13, so next to nothing is known of smaller ones.
    """
    classes, batch, _ = probabilities.shape
    at_once = max(1, _CELLS // (classes * len(left.step)))
    found = np.empty(batch)
    for first in range(0, batch, at_once):
        some = slice(first, first + at_once)
        rows = probabilities[:, some].transpose(2, 0, 1)
        if left.counting:
            found[some] = _from_both_ends(rows, left)
        else:
            ends = np.zeros((classes, len(left.step), rows.shape[2]))
            ends[:, left.accepting] = 1.0
            _go_back(ends, rows, left)
            found[some] = ends[BLANK, START]
    return found


def _from_both_ends(rows: Floats, left: Allowed) -> Floats:
    """Return the sums for ``rows``, shape (T, K, B), of a counting automaton: in half the steps.

    Backwards a text is as long as forwards. So the timesteps before the middle one are gone through
    towards it, beside those after it, with the number of characters that they leave for the rest.
    """
    timesteps, classes, batch = rows.shape
    before = (timesteps - 1) // 2
    after = timesteps - 1 - before  # as many, or one more; that one is a blank in the other half
    halves = np.zeros((after, classes, 2 * batch))
    halves[:, :, :batch] = rows[before + 1 :]
    halves[before:, BLANK, batch:] = 1.0
    halves[:before, :, batch:] = rows[:before][::-1]
    ends = np.zeros((classes, len(left.step), 2 * batch))
    ends[:, left.accepting, :batch] = 1.0
    ends[:, -1, batch:] = 1.0
    _go_back(ends, halves, left)
    # For each class in the middle: so many characters before it, itself one more, and the rest.
    rest, earlier, middle = ends[..., :batch], ends[:, ::-1, batch:], rows[before]
    found = middle[BLANK] * (rest[BLANK, START:] * earlier[BLANK, :-START]).sum(axis=0)
    met = (rest[1:, START + 1 :] * earlier[1:, : -START - 1]).sum(axis=1)
    return np.asarray(found + (middle[1:] * met).sum(axis=0))


def _go_back(ends: Floats, rows: Floats, left: Allowed) -> None:
    """Go back through timesteps, ``rows`` of shape (T, K, B), from their end to their beginning.

    ``ends[k, s]``, shape (K, S, B), is the probability that what comes is as it must be, from a
    state s of the automaton and after a timestep of class k. A timestep of the same class changes
    nothing, one of another class leads on, and after a blank any class does.
    """
    classes, states, batch = ends.shape
    onward = (left.step.T + np.arange(classes)[:, None] * states).reshape(-1)
    same, other = np.empty_like(ends), np.empty_like(ends)
    of_same, of_other = (held.reshape(-1, batch) for held in (same, other))
    every = np.empty((states, batch))
    for row in np.ascontiguousarray(rows[::-1])[:, :, None]:
        np.multiply(ends, row, same)
        of_same.take(onward, 0, of_other, "clip")  # the mode spares a copy; none is outside
        np.add.reduce(other, axis=0, out=every)
        np.subtract(same, other, ends)
        np.add(ends, every, ends)

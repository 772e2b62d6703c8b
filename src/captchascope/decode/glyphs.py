"""From the probabilities of single glyphs to the most probable text that is allowed."""

from __future__ import annotations

import numpy as np

from captchascope.charset import Charset
from captchascope.decode.automaton import START, Allowed, allowed
from captchascope.decode.constraints import Constraints
from captchascope.records import CharReading, Decoded, FloatArray

__all__ = ["decode_glyphs"]


def decode_glyphs(probabilities: FloatArray, charset: Charset, rule: Constraints) -> Decoded | None:
    """Return the most probable text of independent glyphs that the constraints allow.

    The confidence of a character is its probability among the characters of ``charset``, that
    of the text their product; a length or a pattern chooses among texts and changes neither.

    Args:
        probabilities: Shape (N, C): column i is the character with the id i + 1.
        charset: The model's.
        rule: The constraints.
    Returns:
        The text of N characters; None if no such text is allowed.
    Raises:
        UsageError: If the pattern has too many cases.
    """
    left = allowed(rule, charset)
    table = _renormalised(probabilities, left, rule.charset is not None)
    choice = _best(table, left)
    if choice is None:
        return None
    sure = np.minimum(table[np.arange(len(choice)), choice], 1.0).tolist()
    text = "".join(left.chars[i] for i in choice)
    return Decoded(text, float(np.prod(sure)), tuple(map(CharReading, text, sure)))


def _renormalised(probabilities: FloatArray, left: Allowed, fewer: bool) -> FloatArray:
    """Return the probabilities of the characters that are left, shape (N, K - 1)."""
    if left.columns is not None:
        probabilities = probabilities[:, left.columns[1:] - 1]
    if left.groups is not None:
        probabilities = np.add.reduceat(probabilities, left.groups[1:] - 1, axis=1)
    if fewer:
        probabilities = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-30)
    return probabilities


def _best(table: FloatArray, left: Allowed) -> list[int] | None:
    """Return the best column of each row, by the automaton from the end backwards (Viterbi).

    ``worth[s]`` is the log probability of the best way from state s to an allowed end.
    """
    if not left.chars:
        return None
    if left.free:
        return [int(i) for i in table.argmax(axis=1)]
    onward = left.step[:, 1:]
    logs = np.log(np.maximum(table, 1e-30, dtype=np.float64))
    worth = np.where(left.accepting, 0.0, -np.inf)
    choices = []
    for row in logs[::-1]:
        ways = row + worth[onward]
        choices.append(ways.argmax(axis=1))
        worth = ways.max(axis=1)
    if worth[START] == -np.inf:
        return None
    state, choice = START, []
    for best in reversed(choices):
        choice.append(int(best[state]))
        state = int(onward[state, choice[-1]])
    return choice

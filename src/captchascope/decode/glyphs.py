"""Decoding of single glyphs: from their probabilities to the most probable text that is allowed."""

from __future__ import annotations

import numpy as np

from captchascope.charset import Charset
from captchascope.decode.automaton import START, Allowed, allowed
from captchascope.decode.constraints import Constraints
from captchascope.records import CharReading, Decoded, FloatArray


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
    if not left.chars:
        return None
    table = probabilities
    if left.columns is not None:
        table = table[:, left.columns[1:] - 1]
    if left.groups is not None:
        table = np.add.reduceat(table, left.groups[1:] - 1, axis=1)
    if rule.charset is not None:
        table = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-30)
    choice = table.argmax(axis=1).tolist() if left.free else _best_allowed(table, left)
    if choice is None:
        return None
    sure = np.minimum(table[np.arange(len(choice)), choice], 1.0).tolist()
    text = "".join(left.chars[i] for i in choice)
    return Decoded(text, float(np.prod(sure)), tuple(map(CharReading, text, sure)))


def _best_allowed(table: FloatArray, left: Allowed) -> list[int] | None:
    """Return the best column of each row, by the automaton from the end backwards (Viterbi).

    The rows are of shape (N, K - 1), of the characters that are left.
    ``worth[s]`` is the log probability of the best way from state s to an allowed end.
    """
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

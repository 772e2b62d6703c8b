"""Which characters a reader takes for which others."""

from __future__ import annotations

from captchascope.evaluate import Evaluation

__all__ = ["confusion_table", "most_confused"]


def confusion_table(evaluation: Evaluation, chars: str) -> list[list[int]]:
    """Return how often each of ``chars``, all different, was read as which; shape (n, n + 1).

    Rows are characters of the labels, columns what was read, and the last column all that was
    missed or read as another character. What was read where there is nothing has no row.
    """
    column = {char: i for i, char in enumerate(chars)}
    table = [[0] * (len(chars) + 1) for _ in chars]
    for (label, read), count in evaluation.confusion.items():
        if label in column:
            table[column[label]][column.get(read, len(chars))] += count
    return table


def most_confused(evaluation: Evaluation, most: int) -> list[tuple[str, str, int]]:
    """Return the most frequent wrong characters: of the label, as read, and how often.

    "" is a character that was missed, or read where there is none. Those that are equally frequent
    are in the order of their characters.
    """
    wrong = [(a, b, count) for (a, b), count in evaluation.confusion.items() if a != b]
    return sorted(wrong, key=lambda row: (-row[2], *row[:2]))[:most]

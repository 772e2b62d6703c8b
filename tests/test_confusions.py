"""Confusions by hand: the table, and what is wrong most often."""

from __future__ import annotations

from pathlib import Path

from captchascope.confusions import confusion_table, most_confused
from captchascope.evaluate import Evaluation, evaluate
from captchascope.records import Reading, Sample


def compare(*pairs: tuple[str, str | None]) -> Evaluation:
    """Evaluate (label, text) pairs."""
    samples = [Sample("1.png", label, Path("1.png")) for label, _ in pairs]
    return evaluate(samples, [Reading(text, 0.5) for _, text in pairs])


def test_confusion_counts_right_and_wrong_characters() -> None:
    """Each character of a label is counted once, beside what it was read as."""
    evaluation = compare(("0010", "0O1O"))
    assert evaluation.confusion == {("0", "0"): 1, ("0", "O"): 2, ("1", "1"): 1}


def test_confusion_table_has_a_column_for_the_rest() -> None:
    """Rows and columns follow the characters asked for; surplus and other labels have no row."""
    evaluation = compare(("0110", "0170"), ("01", "011"), ("1x", None), ("11", "10"))
    assert confusion_table(evaluation, "10") == [[3, 1, 2], [0, 3, 0]]
    assert confusion_table(evaluation, "") == []


def test_the_most_frequent_wrong_characters_come_first() -> None:
    """Then by their characters; what is right is not among them, what is missed is."""
    evaluation = compare(("00", "OO"), ("1l", "l1"), ("a", ""), ("a", "ab"), ("x", "x"))
    wanted = [("0", "O", 2), ("", "b", 1), ("1", "l", 1), ("a", "", 1), ("l", "1", 1)]
    assert most_confused(evaluation, 9) == wanted
    assert most_confused(evaluation, 2) == wanted[:2]
    assert most_confused(compare(("1", "1")), 9) == []

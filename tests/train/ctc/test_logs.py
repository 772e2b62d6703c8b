"""The rows of a training on the disk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from captchascope.errors import OutputError
from captchascope.train.ctc.logs import Logs, Row

ROWS = [
    Row(10, 160, 1.5, 2.5, None, None, None, 0.001, 0.0),
    Row(20, 320, 3.0, 1.5, 0.5, 0.25, 0.75, 0.002, 0.5),
]


def test_a_row_per_round(tmp_path: Path) -> None:
    """What is not known is empty; all rows are there after each."""
    logs = Logs(tmp_path)
    for count in (1, 2):
        logs.write(ROWS[:count])
    logs.close()
    assert (tmp_path / "log.csv").read_text() == (
        "step,views,seconds,loss,validation_loss,exact,character,rate,trained\n"
        "10,160,1.5,2.5,,,,0.001,0.0\n20,320,3.0,1.5,0.5,0.25,0.75,0.002,0.5\n"
    )
    assert [Row.of(asdict(row)) for row in ROWS] == ROWS


def test_a_place_that_is_gone(tmp_path: Path) -> None:
    """An error of ours, which training can go on after."""
    with pytest.raises(OutputError):
        Logs(tmp_path / "gone").write(ROWS)
    (tmp_path / "tensorboard").touch()
    with pytest.raises(OutputError):
        Logs(tmp_path).write(ROWS)

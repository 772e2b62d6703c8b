"""The rows of a training on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.errors import OutputError
from captchascope.train.ctc.task import Row
from captchascope.train.glyphs.task import Epoch
from captchascope.train.log import EventLog, write_log

ROWS = [
    Row(10, 160, 1.5, 2.5, None, None, None, 0.001, 0.0),
    Row(20, 320, 3.0, 1.5, 0.5, 0.25, 0.75, 0.002, 0.5),
]


def test_a_row_per_validation(tmp_path: Path) -> None:
    """What is not known is empty; all rows are there after each."""
    for count in (1, 2):
        write_log(tmp_path, ROWS[:count])
    assert (tmp_path / "log.csv").read_text() == (
        "step,views,seconds,loss,validation_loss,exact,character,rate,trained,texts\n"
        "10,160,1.5,2.5,,,,0.001,0.0,0\n20,320,3.0,1.5,0.5,0.25,0.75,0.002,0.5,0\n"
    )


def test_a_row_per_epoch(tmp_path: Path) -> None:
    """In the columns of glyphs."""
    write_log(tmp_path, [Epoch(1, 2, 2.5, None, None, 0.25), Epoch(2, 2, 1.5, 0.5, 0.125, 0.5)])
    assert (tmp_path / "log.csv").read_text() == (
        "number,of,loss,character,captcha,seconds,texts\n1,2,2.5,,,0.25,0\n2,2,1.5,0.5,0.125,0.5,0\n"
    )


def test_a_place_that_is_gone(tmp_path: Path) -> None:
    """An error of ours, which training can go on after."""
    with pytest.raises(OutputError):
        write_log(tmp_path / "gone", ROWS)
    (tmp_path / "tensorboard").touch()
    with pytest.raises(OutputError):
        EventLog(tmp_path).write(10, ROWS[0])

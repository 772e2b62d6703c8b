"""Durations as people write them."""

from __future__ import annotations

import pytest

from captchascope.cli.options import DURATION
from cli.commands import Cli, one_line


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("10m", 600), ("2h", 7200)]
)
def test_a_number_and_a_unit(text: str, seconds: float) -> None:
    """Seconds where there is no unit."""
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5 m", "5d", "m", "1e3", "10:00", "inf"])
def test_everything_else_is_wrong_usage(cli: Cli, text: str) -> None:
    """The line shows how it is written."""
    line = one_line(cli("train", "captchas", "-o", "m.onnx", "--time-limit", text), 2)
    assert line == (
        "captchascope train: invalid value for '--time-limit': "
        f"{text!r} is no duration; write 90s, 10m or 2h (see captchascope train --help)"
    )

"""The log beside a model file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.evaluate import Bin, Calibration, Rate
from captchascope.web.pages.charts import (
    Point,
    TrainingHistory,
    calibration_chart,
    heat,
    history_chart,
    read_history,
    whiskers,
)

WHOLE = """step,views,seconds,loss,validation_loss,exact,character,rate,trained
10,640,1.5,11.5,9.75,0.0,0.25,0.0015,0.0
22,1408,2.5,6.5,4.5,0.5,0.75,0.003,0.5
"""

GLYPHS = """number,of,loss,character,captcha,seconds
1,2,0.5,0.75,0.25,10.0
2,2,0.25,,,11.0
"""


def logged(folder: Path, text: str | bytes) -> Path:
    """Write the log of a model, and return the model's file, which need not be there."""
    run = folder / "model.onnx.run"
    run.mkdir()
    (run / "log.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "model.onnx"


def test_a_training_of_the_whole_way_counts_images(tmp_path: Path) -> None:
    """As ``train/whole/logs.py`` writes it."""
    assert read_history(logged(tmp_path, WHOLE)) == TrainingHistory(
        "images seen", (Point(640, 1.5, 0.0, 0.25, 11.5), Point(1408, 2.5, 0.5, 0.75, 6.5))
    )


def test_a_training_of_glyphs_counts_epochs(tmp_path: Path) -> None:
    """As ``train/output.py`` writes it; its seconds are of each epoch, and add up."""
    assert read_history(logged(tmp_path, GLYPHS)) == TrainingHistory(
        "epochs", (Point(1, 10.0, 0.25, 0.75, 0.5), Point(2, 21.0, None, None, 0.25))
    )


def test_a_model_without_a_log_has_no_history(tmp_path: Path) -> None:
    """Nor has one without a folder."""
    assert read_history(tmp_path / "model.onnx") is None
    (tmp_path / "model.onnx.run").mkdir()
    assert read_history(tmp_path / "model.onnx") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "views,seconds\n",
        "views,seconds\n1,2\n",
        WHOLE.replace("640", "many"),
        WHOLE.replace("11.5", "nan"),
        WHOLE.replace(",4.5,0.5,0.75,0.003,0.5", ""),
        b"\xff\xfe\x00",
    ],
    ids=["empty", "no rows", "columns missing", "a word", "nan", "cut off", "no text"],
)
def test_what_is_no_log_is_passed_over(tmp_path: Path, text: str | bytes) -> None:
    """The page of a result does without it."""
    assert read_history(logged(tmp_path, text)) is None


def test_whiskers_are_drawn_from_the_tenth_below_the_lowest() -> None:
    """There and at 100 % are the ends of all of them."""
    first, (good, all_right) = whiskers([Rate(86, 100), Rate(100, 100)])
    assert first == 0.7
    low, value, high = good
    assert round(value, 1) == round((0.86 - 0.7) / 0.3 * 100, 1)
    assert 0 <= low < value < high < 100
    assert all_right[1:] == (100, 100)


def test_a_perfect_reader_has_a_drawing_too() -> None:
    """It begins at 90 %, for an interval of no width cannot be drawn."""
    first, (whisker,) = whiskers([Rate(10**9, 10**9)])
    assert first == 0.9
    assert whisker[1] == 100


def test_heat_rises_with_the_share_of_the_row() -> None:
    """Nothing is not coloured, and whatever is there is, if faintly."""
    assert [heat(n, 1000) for n in (0, 1, 10, 11, 50, 51, 200, 201, 1000)] == [
        *(0, 1, 1, 2, 2, 3, 3, 4, 4)
    ]


def test_an_honest_confidence_lies_on_the_line() -> None:
    """The dot of a bin is on the diagonal if its readings are as often right as they say."""
    chart = calibration_chart(Calibration(0.0, (Bin(0.4, 0.5, 0.45, 0.45, 100),)))
    (dot,) = chart.bubbles
    across = (dot.x - chart.left) / (chart.right - chart.left)
    up = (chart.bottom - dot.y) / (chart.bottom - chart.top)
    assert abs(across - 0.45) < 0.005
    assert abs(up - 0.45) < 0.005
    assert dot.high < dot.y < dot.low  # upwards is less


def test_more_readings_are_a_larger_dot() -> None:
    """By area, so that one of a thousand can still be seen."""
    bins = (Bin(0.0, 0.1, 0.05, 0.0, 1), Bin(0.9, 1.0, 0.99, 1.0, 1000))
    few, many = calibration_chart(Calibration(0.1, bins)).bubbles
    assert 3 <= few.radius < many.radius == 9


def test_nothing_read_is_an_empty_chart() -> None:
    """With its axes and its line."""
    chart = calibration_chart(Calibration(None, ()))
    assert chart.bubbles == ()
    assert [text for _, text in chart.x] == ["0%", "25%", "50%", "75%", "100%"]


def test_a_learning_curve_ends_at_its_last_point() -> None:
    """Its right end is the edge of the chart, its height the share that was right."""
    points = (Point(500, 1, 0.5, 0.8, 1.0), Point(1000, 2, 1.0, 1.0, 0.1))
    chart = history_chart(TrainingHistory("images seen", points))
    assert chart is not None
    (one, line, end), (other, other_line, other_end) = chart.lines
    assert (one, other) == ("exact", "character")
    assert end == other_end == (chart.right, chart.top)
    assert line.split()[0] != other_line.split()[0]


def test_a_training_without_validation_has_no_curve() -> None:
    """There is nothing to draw."""
    assert history_chart(TrainingHistory("epochs", (Point(1, 1, None, None, 1.0),))) is None


@given(st.integers(1, 10**8))
def test_the_axis_below_has_round_numbers(last: int) -> None:
    """Two to seven of them, from 0, none beyond the end."""
    chart = history_chart(TrainingHistory("images seen", (Point(last, 1, 0.5, 0.5, 1.0),)))
    assert chart is not None
    assert 2 <= len(chart.x) <= 7
    assert chart.x[0][1] == "0"
    assert all(chart.left <= at <= chart.right for at, _ in chart.x)
    assert len({text for _, text in chart.x}) == len(chart.x)

"""The log beside a model file."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.web.course import Course, Point, read_course

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
    assert read_course(logged(tmp_path, WHOLE)) == Course(
        "images seen", (Point(640, 1.5, 0.0, 0.25, 11.5), Point(1408, 2.5, 0.5, 0.75, 6.5))
    )


def test_a_training_of_glyphs_counts_epochs(tmp_path: Path) -> None:
    """As ``train/output.py`` writes it; its seconds are of each epoch, and add up."""
    assert read_course(logged(tmp_path, GLYPHS)) == Course(
        "epochs", (Point(1, 10.0, 0.25, 0.75, 0.5), Point(2, 21.0, None, None, 0.25))
    )


def test_a_model_without_a_log_has_no_course(tmp_path: Path) -> None:
    """Nor has one without a folder."""
    assert read_course(tmp_path / "model.onnx") is None
    (tmp_path / "model.onnx.run").mkdir()
    assert read_course(tmp_path / "model.onnx") is None


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
    assert read_course(logged(tmp_path, text)) is None

"""The run folder: one training at a time, and its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.errors import OutputError
from captchascope.train.glyphs.loop import Epoch
from captchascope.train.output import run_folder, write_log


def test_it_lies_beside_the_model(tmp_path: Path) -> None:
    """Missing parents are made; the model itself is not."""
    with run_folder(tmp_path / "new" / "mine.onnx") as folder:
        assert folder == tmp_path / "new" / "mine.onnx.run"
        assert folder.is_dir()
        assert not (tmp_path / "new" / "mine.onnx").exists()


def test_a_second_training_is_refused(tmp_path: Path) -> None:
    """Until the first is over, well or not."""
    model = tmp_path / "mine.onnx"

    def refused() -> None:
        with pytest.raises(OutputError, match="another training is writing there"):
            run_folder(model).__enter__()
        with run_folder(tmp_path / "other.onnx"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), run_folder(model):
        refused()
    with run_folder(model):
        pass


@pytest.mark.parametrize("name", ["folder", ".", ""])
def test_a_folder_is_no_place_for_a_model(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known before anything is trained."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(OutputError, match="is a folder"), run_folder(Path(name)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """Below a file, or where a file has the run folder's name."""
    (tmp_path / "file").touch()
    (tmp_path / "mine.onnx.run").touch()
    for model in (tmp_path / "file" / "mine.onnx", tmp_path / "mine.onnx"):
        with pytest.raises(OutputError, match="cannot be made"), run_folder(model):
            pass


def test_the_log_has_a_row_per_epoch(tmp_path: Path) -> None:
    """What is not known is empty."""
    epochs = Epoch(1, 2, 2.5, None, None, 0.25), Epoch(2, 2, 1.5, 0.5, 0.125, 0.5)
    write_log(tmp_path, epochs)
    assert (tmp_path / "log.csv").read_text() == (
        "number,of,loss,character,captcha,seconds\n1,2,2.5,,,0.25\n2,2,1.5,0.5,0.125,0.5\n"
    )

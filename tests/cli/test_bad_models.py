"""Model files that cannot be used: one line, whichever command is given them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from captchascope.reader import model_names, model_path
from cli.commands import Cli, one_line


def without_metadata(place: Path) -> Path:
    """Write a sound ONNX file that is not one of captchascope's."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(model_path("metu-glyphs"))
    del model.metadata_props[:]
    onnx.save(model, place / "foreign.onnx")
    return place / "foreign.onnx"


def of_the_future(place: Path) -> Path:
    """Write the shipped model in a format that is not there yet."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(model_path("metu-glyphs"))
    for prop in model.metadata_props:
        if prop.key == "format":
            prop.value = "2"
    onnx.save(model, place / "future.onnx")
    return place / "future.onnx"


COMMANDS = (
    ["read", "captchas/1.jpeg"],
    ["test", "captchas"],
    ["explain", "captchas/1.jpeg", "-o", "stages.png"],
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_that_is_none(cli: Cli, place: Path, command: list[str]) -> None:
    """Missing, a folder, empty, text, an image, the half of a model."""
    half = model_path("metu-glyphs").read_bytes()[:20_000]
    for name, content in {"empty": b"", "text": b"hello\n" * 99, "half": half}.items():
        (place / f"{name}.onnx").write_bytes(content)
    for model, begins in {
        "none": f"none: no such model (name one of {', '.join(model_names())}, or an .onnx file)",
        "none.onnx": "none.onnx: does not exist (check the path)",
        "captchas": "captchas: is a directory, not a model file (",
        "empty.onnx": "empty.onnx: is empty (",
        "text.onnx": "text.onnx: is not an ONNX file (",
        "captchas/1.jpeg": "captchas/1.jpeg: is not an ONNX file (",
        "half.onnx": "half.onnx: ",
    }.items():
        assert one_line(cli(*command, "--model", model), 1).startswith(begins)
    assert not Path("stages.png").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_onnx_file_of_somebody_else(cli: Cli, place: Path, command: list[str]) -> None:
    """It is named as what it is."""
    line = one_line(cli(*command, "--model", without_metadata(place).name), 1)
    assert line.startswith("foreign.onnx: is an ONNX file, but not one of captchascope's (")


def test_a_newer_format(cli: Cli, place: Path) -> None:
    """The line says upgrade."""
    line = one_line(cli("read", "captchas", "--model", of_the_future(place).name), 1)
    assert line == (
        "future.onnx: has the format 2; this captchascope reads up to 1 (upgrade captchascope)"
    )


def test_a_model_with_a_line_break_in_its_name(cli: Cli, place: Path) -> None:
    """The name is escaped where it is printed, and works where it is opened."""
    assert "no\\nne.onnx" in one_line(cli("read", "captchas", "--model", "no\nne.onnx"), 1)
    shutil.copy(model_path("metu-glyphs"), place / "mi\nne.onnx")
    done = cli("read", "-v", "captchas/1.jpeg", "--model", "mi\nne.onnx")
    assert (done.status, len(done.rows), len(done.errors)) == (0, 1, 1)

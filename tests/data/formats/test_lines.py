"""Labels by the numbers of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from data.formats.made import converted, files, labelled


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["1.png", "2.png", "5.jpg"], ["1.png", "2.png", "5.jpg"]),
        (["1.png", "c/1.png"], ["1.png", "2.png"]),
        (["01.png", "2.png"], ["1.png", "2.png"]),
        (["163356.png", "742336.png"], ["1.png", "2.png"]),
        (["a.png", "b.jpg"], ["1.png", "2.jpg"]),
    ],
)
def test_lines_keep_numbers_where_they_can(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    """Their own where each has one, and they leave not too many lines empty."""
    source = labelled(tmp_path / "in", {name: f"x{n}" for n, name in enumerate(names)})
    dest, _ = converted(source, "txt", tmp_path / "out")
    assert files(dest) == [*expected, "labels.txt"]
    back = read_dataset(dest)
    assert [sample.label for sample in back.samples] == [f"x{n}" for n in range(len(names))]

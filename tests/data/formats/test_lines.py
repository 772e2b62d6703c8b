"""Labels by the numbers of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from data.formats.made import converted, files, folder_of, labelled, labels


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


@pytest.mark.parametrize(
    "form", ["{0}.png {1}", "{0}.png\t{1}", "{0}.png,{1}", "{0} {1}", "{0}:{1}"]
)
def test_more_lines_name_their_images_than_are_looked_at(tmp_path: Path, form: str) -> None:
    """What a file is, its first lines tell; all of them are read."""
    count = 2400
    truth = {f"{n}.png": f"{'KXQZ'[n % 4]}{9 * n:05}W" for n in range(1, count + 1)}
    folder_of(tmp_path, list(truth))
    lines = [form.format(Path(file).stem, label) for file, label in reversed(truth.items())]
    (tmp_path / "labels.txt").write_text("\n".join(lines) + "\n")
    found = read_dataset(tmp_path)
    assert labels(found) == truth
    assert found.problems == ()

"""What would give every label to a neighbour, or lose one, stops instead."""

from pathlib import Path

import pytest

from captchascope import DatasetError, read_dataset

LABELS = ("HE59", "CA92", "GD9A", "X7K2", "67AB")


def _folder(tmp_path: Path, name: str, text: str, first: int = 1) -> Path:
    for number in range(first, first + len(LABELS)):
        (tmp_path / f"{number}.png").write_bytes(b"image")
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("rows", "images"), [(0, 1), (1, 0)])
def test_rows_counted_from_elsewhere_than_the_images_stop(
    tmp_path: Path, separator: str, rows: int, images: int
) -> None:
    """A table counts from 0 and the images from 1, or the other way round: no label is given."""
    lines = [f"file{separator}label", *(f"{rows + i}{separator}{s}" for i, s in enumerate(LABELS))]
    with pytest.raises(DatasetError, match="counts from"):
        read_dataset(_folder(tmp_path, "labels.csv", "\n".join(lines), images))


def test_a_key_that_json_has_twice_stops(tmp_path: Path) -> None:
    """Of two labels for one key none is taken in silence."""
    text = '{"1.png": "HE59", "2.png": "CA92", "1.png": "OTHER"}'
    folder = _folder(tmp_path, "labels.json", text)
    with pytest.raises(DatasetError, match="twice"):
        read_dataset(folder, str(folder / "labels.json"))


def test_a_line_more_than_images_stops(tmp_path: Path) -> None:
    """A heading that nobody knows would shift every label by one."""
    folder = _folder(tmp_path, "labels.txt", "\n".join(("January", *LABELS)))
    with pytest.raises(DatasetError, match="a line more"):
        read_dataset(folder)

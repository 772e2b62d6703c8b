"""Label files of any name, by what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.data.labels import RowError
from captchascope.errors import DatasetError
from data.formats.made import dumped, folder_of, labels, whats

TEXTS = ["4F7KA", "X9QPM", "J2VRT", "8HNWC", "P5BDE", "ZK3YM"]


def test_a_malformed_row_of_an_export_labels_nothing(tmp_path: Path) -> None:
    """A comma too many moves the columns: what stands in that of the label is not one."""
    images = [f"{n}.png" for n, _ in enumerate(TEXTS, 1)]
    rows = [
        f"{n},/data/upload/{n}.png,{text},2.5\n"
        for n, text in enumerate(TEXTS, 1)
        if text != "X9QPM"
    ]
    table = folder_of(tmp_path, images) / "export.csv"
    header = "annotation_id,image,label,lead_time\n"
    table.write_text(header + "2,/data/upload/2.png,blurred,X9QPM,2.5\n" + "".join(rows))
    found = read_dataset(tmp_path)
    assert "2.png" not in labels(found)
    assert len(found.samples) == 5
    assert (2, "has 5 fields where the header has 4") in whats(found)


def test_what_stands_beside_each_image_is_not_read_for_all(tmp_path: Path) -> None:
    """Each would be matched with all images; that these are passed over is said."""
    names = [f"{text}{text[:1]}" for text in TEXTS]
    names += [name[::-1] for name in names] + [name[3:] + name[:3] for name in names]
    names += [name[2:] + name[:2] for name in names[:6]]
    for name in names:
        dumped(folder_of(tmp_path, [f"{name}.png"]) / f"{name}.json", {"imagePath": f"{name}.png"})
    found = read_dataset(tmp_path)
    assert labels(found) == {f"{name}.png": name for name in names}
    assert any("24 files that may have the labels" in note for note in found.origin.notes)


def test_objects_of_ever_other_keys_are_refused(tmp_path: Path) -> None:
    """As a table they would have a column for each image."""
    images = [f"{n}.png" for n in range(1, 151)]
    dumped(folder_of(tmp_path, images) / "texts.json", [{image: "4F7KA"} for image in images])
    with pytest.raises(
        DatasetError, match=r"texts\.json: has objects with 150 keys, such as '1\.png'"
    ):
        read_dataset(tmp_path)


def test_a_text_file_that_cannot_be_used_is_a_problem_and_no_missing_label(tmp_path: Path) -> None:
    """Who trains is told of it, as of any other row that is wrong."""
    folder_of(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "1.txt").write_text("4F7KA\n")
    (tmp_path / "2.txt").write_text("X9QPM\nJ2VRT\n")
    problems = read_dataset(tmp_path).problems
    told = {p.what: p.unlabelled for p in problems if isinstance(p, RowError)}
    assert told == {"has '2.txt' of 2 lines": False, "has no row for '3.png'": True}


def test_the_order_that_the_page_tells(tmp_path: Path) -> None:
    """Each that goes is followed by the next, as docs/labels.md counts them."""
    folder = folder_of(tmp_path / "images", [f"{text}.png" for text in TEXTS])
    table = f"file,label\n{TEXTS[0]}.png,"
    written = {
        "labels.csv": f"{table}a\n",
        "labels.txt": f"{TEXTS[0]}.png,b\n",
        "labels.jsonl": f'{{"file": "{TEXTS[0]}.png", "label": "c"}}\n',
        "label-studio.json": f'[{{"image": "{TEXTS[0]}.png", "label": "d"}}]',
        f"{TEXTS[0]}.gt.txt": "e\n",
        "metadata.csv": f"{table}f\n",
        "label.csv": f"{table}f\n",
        "labels.csv.txt": f"{table}f\n",
        "../labels.csv": f"{table}g\n",
    }
    for name, text in written.items():
        (folder / name).write_text(text)
    for name, label in zip(written, "abcdefffg", strict=True):
        assert labels(read_dataset(folder))[f"{TEXTS[0]}.png"] == label
        (folder / name).unlink()
    assert labels(read_dataset(folder)) == {f"{text}.png": text for text in TEXTS}

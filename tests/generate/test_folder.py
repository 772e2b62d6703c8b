"""Folders of generated captchas."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captchascope.data.dataset import read_dataset
from captchascope.errors import OutputError, UsageError
from captchascope.generate import draw_captcha, write_folder
from captchascope.image import load_gray


def test_a_folder_holds_the_images_and_both_label_files(tmp_path: Path) -> None:
    """They agree with each other and with what was drawn."""
    seen: list[int] = []
    write_folder("metu", tmp_path / "new", 12, 5, seen.append)
    assert seen == list(range(1, 13))
    drawn = [draw_captcha("metu", 5, number) for number in range(1, 13)]
    with (tmp_path / "new" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"file": f"{n}.jpeg", "label": d.label, "kind": d.columns["kind"]}
        for n, d in enumerate(drawn, 1)
    ]
    lines = (tmp_path / "new" / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [d.label for d in drawn]
    names = {f"{n}.jpeg" for n in range(1, 13)} | {"labels.csv", "labels.txt"}
    assert {p.name for p in (tmp_path / "new").iterdir()} == names
    for number, one in enumerate(drawn, 1):
        file_path = tmp_path / "new" / f"{number}.jpeg"
        assert file_path.read_bytes() == one.jpeg()
        assert load_gray(file_path).shape == (50, 150)
        with Image.open(file_path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "L", (150, 50))


def test_a_generated_folder_is_a_data_set(tmp_path: Path) -> None:
    """By either label file."""
    write_folder("metu", tmp_path / "new", 3, 5)
    by_csv, by_txt = (read_dataset(tmp_path / "new", source) for source in ("csv", "txt"))
    assert [s.label for s in by_csv.samples] == [s.label for s in by_txt.samples]
    assert len(by_csv.samples) == 3
    assert by_csv.problems == by_txt.problems == ()


def test_a_larger_count_begins_with_the_same_images(tmp_path: Path) -> None:
    """Byte for byte, and another seed gives others."""
    write_folder("metu", tmp_path / "few", 3, 5)
    write_folder("metu", tmp_path / "more", 6, 5)
    write_folder("metu", tmp_path / "other", 3, 6)
    for number in (1, 2, 3):
        few, more, other = (
            (tmp_path / name / f"{number}.jpeg").read_bytes() for name in ("few", "more", "other")
        )
        assert few == more != other


def test_a_folder_of_a_style_has_no_further_columns(tmp_path: Path) -> None:
    """Its knobs are the same for all; the files have colours, or none where they are gray."""
    for name, gray in (("colour", False), ("gray", True)):
        knobs = {"gray": gray, "length": (3, 3)}
        write_folder("lined", tmp_path / name, 3, 5, knobs=knobs)
        rows = (tmp_path / name / "labels.csv").read_text(encoding="utf-8").splitlines()
        assert rows == ["file,label"] + [
            f"{n}.jpeg,{draw_captcha('lined', 5, n, knobs).label}" for n in (1, 2, 3)
        ]
        with Image.open(tmp_path / name / "1.jpeg") as image:
            assert (image.mode, image.size) == ("L" if gray else "RGB", (160, 50))


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """One that exists but holds nothing will do."""
    (tmp_path / "empty").mkdir()
    write_folder("metu", tmp_path / "empty", 1, 0)
    assert (tmp_path / "empty" / "1.jpeg").exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    (tmp_path / "labels.csv").write_text("mine")
    with pytest.raises(OutputError):
        write_folder("metu", tmp_path, 2, 5)
    assert [p.name for p in tmp_path.iterdir()] == ["labels.csv"]
    assert (tmp_path / "labels.csv").read_text() == "mine"


def test_an_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    """Whole or not at all, also when the user gives up half way."""

    def interrupt(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder("metu", tmp_path / "new", 5, 5, interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("scheme", "count", "seed", "message"),
    [
        ("metu", 0, 1, "count: must be at least 1, not 0"),
        ("metu", -3, 1, "count: must be at least 1, not -3"),
        ("metu", 1, -1, "seed: must be at least 0, not -1"),
        ("metoo", 1, 1, "metoo: is no scheme that can be generated"),
    ],
)
def test_wrong_usage_writes_nothing(
    tmp_path: Path, scheme: str, count: int, seed: int, message: str
) -> None:
    """It is known before the folder is made."""
    with pytest.raises(UsageError, match=message):
        write_folder(scheme, tmp_path / "new", count, seed)
    assert not (tmp_path / "new").exists()


def test_a_wrong_knob_writes_nothing(tmp_path: Path) -> None:
    """It is known before the folder is made as well."""
    with pytest.raises(UsageError, match="warp: must be 0 to"):
        write_folder("wavy", tmp_path / "new", 1, 1, knobs={"warp": 2})
    assert not (tmp_path / "new").exists()


def test_drawing_twice_gives_the_same_array(tmp_path: Path) -> None:
    """The folder draws what ``draw`` draws, whatever was drawn before."""
    first = draw_captcha("metu", 5, 1).image.copy()
    write_folder("metu", tmp_path / "new", 2, 5)
    np.testing.assert_array_equal(draw_captcha("metu", 5, 1).image, first)

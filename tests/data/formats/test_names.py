"""Labels as names of files and folders, on every file system."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from captchascope.data.dataset import read_dataset
from captchascope.data.formats.names import may_be_a_name, spelt, unspelt
from captchascope.errors import DatasetError
from captchascope.glyphs.folder import folder_name
from data.formats.made import converted, files, folder_of, labelled, labels, whats


def test_names_are_the_labels_numbered_where_they_meet(tmp_path: Path) -> None:
    """Capitals alone tell no two files apart everywhere, nor does the suffix."""
    rows = {"1.png": "ab", "2.jpg": "ab", "c/3.png": "AB", "4.png": "x.y", "5.png": "ab"}
    dest, problems = converted(labelled(tmp_path / "in", rows), "names", tmp_path / "out")
    names = ["AB_4.png", "ab.png", "ab_2.jpg", "ab_3.png", "x.y.png"]
    assert (files(dest), problems) == (names, [])
    assert sorted(labels(read_dataset(dest)).values()) == ["AB", "ab", "ab", "ab", "x.y"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("a_b", "U+0061-U+005F-U+0062"),
        ("a/b", "U+0061-U+002F-U+0062"),
        ("a?", "U+0061-U+003F"),
        (".a", "U+002E-U+0061"),
        ("con", "U+0063-U+006F-U+006E"),
        ("Lpt1.x", "U+004C-U+0070-U+0074-U+0031-U+002E-U+0078"),
        ("U+0041", "U+0055-U+002B-U+0030-U+0030-U+0034-U+0031"),
        ("\U0001f600", "\U0001f600"),
        ("3+4=", "3+4="),
    ],
)
def test_a_label_that_is_no_name_is_spelt(tmp_path: Path, label: str, name: str) -> None:
    """In code points, as are those that would be taken for something else."""
    dest, _ = converted(labelled(tmp_path / "in", {"1.png": label}), "names", tmp_path / "out")
    assert files(dest) == [f"{name}.png"]
    assert list(labels(read_dataset(dest, "names")).values()) == [label]


def test_what_only_looks_spelt_is_left_alone(tmp_path: Path) -> None:
    """There is no such character, or no such spelling."""
    for name in ("U+110000", "U+41", "u+0041", "U+0041-", "xU+0041"):
        assert unspelt(name) == name
    folder_of(tmp_path, ["U+0041_2.png", "xU+0041.png"])
    found = {"U+0041_2.png": "A", "xU+0041.png": "xU+0041"}
    assert labels(read_dataset(tmp_path, "names")) == found


def test_a_label_that_is_too_long_for_a_name(tmp_path: Path) -> None:
    """It is reported at its image, and the others are written."""
    rows = {"1.png": "a" * 201, "2.png": "?" * 29, "3.png": "b"}
    source = labelled(tmp_path / "in", rows)
    for form, wrong in (("names", 2), ("imagefolder", 2)):
        dest, problems = converted(source, form, tmp_path / form)
        assert len(files(dest)) == 1
        assert len(problems) == wrong
        assert problems[0].startswith(f"{source / '1.png'}: has a label that is too long for a ")


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    """It depends on the label alone; names within it stay, and are numbered where they meet."""
    rows = {"1.png": "7", "c/1.png": "7", "d/1.PNG": "7", "2.png": "A", "3.png": "ab", "4.png": "B"}
    dest, _ = converted(labelled(tmp_path / "in", rows), "imagefolder", tmp_path / "out")
    assert files(dest) == [
        *("7/1.png", "7/1_2.png", "7/1_3.PNG"),
        *("U+0041/2.png", "U+0042/4.png", "ab/3.png"),
    ]
    back = labels(read_dataset(dest, "imagefolder"))
    assert sorted(back.values()) == ["7", "7", "7", "A", "B", "ab"]


def test_folders_of_others(tmp_path: Path) -> None:
    """The folder that an image lies in is its label, however deep; one in none has none."""
    folder_of(tmp_path, ["A/1.png", "train/b/2.png", "3.png"])
    dataset = read_dataset(tmp_path, "imagefolder")
    assert labels(dataset) == {"A/1.png": "A", "train/b/2.png": "b"}
    assert whats(dataset) == [(None, "lies in no folder that could be its label")]
    assert dataset.problems[0].where == str(tmp_path / "3.png")


def test_the_folders_of_glyphs_are_those_of_labels() -> None:
    """What ``segment`` writes is read, and one character is spelt as it spells it."""
    for char in map(chr, range(33, 0x3000)):
        assert unspelt(folder_name(char)) == char
        if not (char.isascii() and (char.isdecimal() or char.islower())):
            assert folder_name(char) == spelt(char)


def test_names_of_one_character_are_kept_by_unicode() -> None:
    """Whatever is taken for a name is its own normal form, and so survives any file system."""
    plain = [char for char in map(chr, range(33, 0x3000)) if may_be_a_name(char)]
    assert len(plain) > 5000
    assert all(unicodedata.normalize("NFC", char) == char for char in plain)


@pytest.mark.parametrize(
    "names",
    [
        *("1 2 3 4 5 6 7 8 9 10 11 12", "0 1 2", "7", "4501 4502 4504", "00021 02999 09442"),
        *("226md 7x2aa 1", "img_1 img_2", "captcha1 captcha2"),
    ],
)
def test_names_that_only_count_are_no_labels(tmp_path: Path, names: str) -> None:
    """They are read when asked for, with a doubt; the error says how to ask."""
    folder_of(tmp_path, [f"{name}.png" for name in names.split()])
    with pytest.raises(DatasetError, match=r"labels\.csv.*labels\.txt.*--labels-from names"):
        read_dataset(tmp_path)
    asked = read_dataset(tmp_path, "names")
    assert len(asked.samples) == len(names.split())
    assert asked.origin.doubts


@pytest.mark.parametrize(
    "names",
    [
        *("163356 742336 991181 321404", "163356", "012345 742336", "163356 163356_2"),
        *("226md 22634 7x2aa", "226md 226md_2", "226md_2", "ab12 cd34", "captcha_x captcha_y"),
    ],
)
def test_a_few_names_are_labels_that_are_doubted(tmp_path: Path, names: str) -> None:
    """Too few tell little when they are compared."""
    dataset = read_dataset(folder_of(tmp_path, [f"{name}.png" for name in names.split()]))
    expected = {name.removeprefix("captcha_").removesuffix("_2") for name in names.split()}
    assert {*labels(dataset).values()} == expected
    assert dataset.origin.doubts


OF_ALL = "4CDF 6476 2499 BB35 D677 4FF7 376C ABC8 6F27 75E9 CB87 6BCC 7C7B 2CD6 23CD 2358"


@pytest.mark.parametrize(
    ("others", "odd", "doubted"),
    [
        (OF_ALL, "0001", True),
        (OF_ALL, "0003 0001 0002", True),
        (OF_ALL, "9731", False),
        (OF_ALL.replace("2", "0"), "0031", False),  # where zeros occur, two may begin a label
    ],
)
def test_numbers_behind_zeros_among_labels(
    tmp_path: Path, others: str, odd: str, doubted: bool
) -> None:
    """They may count what has no label yet: how probable so many are, the others tell."""
    names = [f"{name}.png" for name in [*others.split(), *odd.split()]]
    found = read_dataset(folder_of(tmp_path, names))
    assert len(found.samples) == len(names)
    assert bool(found.origin.doubts) is doubted

"""File names as people bring them: read right, doubted or refused, and never wrong in silence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.data.dataset import read_dataset
from captchascope.data.formats.names import find_names, read_names, read_part
from captchascope.data.match import Folder, Matching
from captchascope.errors import DatasetError
from data.formats.brought import FAMILIES, WITHOUT, brought
from data.formats.made import folder_of, labels

ROOT = Path("brought")
CASES = 1500


def folder(files: list[str]) -> Folder:
    """Return a folder of images that nobody will open."""
    return Folder.of(ROOT, [ROOT / file for file in files])


def found(*stems: str) -> Matching:
    """Return what is made of names."""
    return find_names(folder([f"{stem}.png" for stem in stems]))


def read(matching: Matching) -> dict[str, str]:
    """Return the label of each name, without the suffix."""
    return {sample.file.removesuffix(".png"): sample.label for sample in matching.samples}


def joined(*columns: list[str], sep: str = "_") -> list[str]:
    """Return names of several parts."""
    return [sep.join(row) for row in zip(*columns, strict=True)]


LABELS = ["HE59", "CA92", "HG99", "6EHE", "6ACF", "B3A2", "9676", "8E5D", "BE9G", "2737"]
NUMBERS = ["4821", "0932", "4715", "3306", "5918", "2246", "8093", "3465", "5650", "9572"]
COUNT = [f"{n}" for n in range(1, 11)]
PADDED = [f"{n:04}" for n in range(1, 11)]
EPOCHS = [f"{1732651234 + 977 * n}" for n in range(10)]
UUIDS = [f"{n:08x}-1b3c-4d5e-8f60-{n:012x}" for n in range(10)]
MD5 = [f"{n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}" for n in range(1, 11)]
DATES = [f"20261126_2015{n:02}" for n in range(10)]


@settings(max_examples=CASES)
@given(st.integers(0, 2**32))
def test_no_label_is_wrong_in_silence(seed: int) -> None:
    """Of 1,500 folders of any family: no error and no doubt means that every label is right."""
    case = brought(seed)
    try:
        matching = find_names(folder([*case.truth]))
    except DatasetError:
        return
    right = all(sample.label == case.truth[sample.file] for sample in matching.samples)
    assert right or matching.doubts, case


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_neither_always_refused_nor_taken(family: str) -> None:
    """Of folders with letters and digits, those with labels are read, and those without are not.

    But where nothing sets a label apart, or nothing tells which of two parts it is.
    """
    taken = 0
    for seed in range(40):
        case = brought(seed, family, "readable")
        with suppress(DatasetError):
            taken += bool(find_names(folder([*case.truth])).samples)
    if family in WITHOUT:
        assert taken <= 20
    elif not any(part in family for part in ("next to", "other,")):
        assert taken >= 10


@pytest.mark.parametrize(
    "names",
    [
        *(joined(column, LABELS) for column in (COUNT, PADDED, EPOCHS, UUIDS, MD5, DATES)),
        *(joined(LABELS, column) for column in (COUNT, PADDED, EPOCHS, UUIDS, MD5, DATES)),
        *(joined(PADDED, LABELS, sep=sep) for sep in ("-", ".", " ")),
        joined(COUNT, LABELS, sep="-"),
        joined(LABELS, COUNT, sep="."),
        joined(["img"] * 10, PADDED, LABELS),
        joined([f"img{n}" for n in PADDED], LABELS),
        joined(["captcha"] * 10, LABELS),
        joined(LABELS, ["easy"] * 10),
        joined(PADDED, LABELS, UUIDS),
        [f"a/{name}" for name in joined(PADDED, LABELS)],
    ],
    ids=lambda names: names[0],
)
def test_what_sets_labels_apart_is_cut_off_and_noted(names: list[str]) -> None:
    """With certainty: nothing is doubted, whatever stands on which side of the label."""
    matching = found(*names)
    assert [*read(matching).values()] == LABELS
    assert (matching.doubts, len(matching.notes), matching.problems) == ([], 1, [])
    assert "cut off: `HE59` of `" in matching.notes[0]


def test_numbers_are_labels_beside_numbers_that_count() -> None:
    """The position that counts is no label, the one that does not is one."""
    for names in (joined(PADDED, NUMBERS), joined(NUMBERS, PADDED)):
        matching = found(*names)
        assert [*read(matching).values()] == NUMBERS
        assert not matching.doubts


@pytest.mark.parametrize(
    "mark", ["(3)", " (1)", " - Copy", " - Copy (2)", " copy", " copy 2", "-2", "_2", " 2", ".1"]
)
def test_the_mark_of_a_copy_is_cut_off(mark: str) -> None:
    """And said; the label is that of what was copied, whether that is still there or not."""
    for names in ([*LABELS, LABELS[0] + mark], [LABELS[0] + mark, *LABELS[1:]]):
        matching = found(*names)
        assert read(matching)[LABELS[0] + mark] == LABELS[0]
        assert not matching.doubts
        assert f"`HE59` of `HE59{mark}.png`" in matching.notes[0]


def test_plain_labels_are_read_without_a_word() -> None:
    """All of one length, letters and digits: the commonest case of all."""
    for names in (LABELS, ["226md", "7x2aa", "pq84c", "x3m9b", "4nn2w", "c8e5d"]):
        matching = found(*names)
        assert [*read(matching).values()] == names
        assert (matching.notes, matching.doubts) == ([], [])


def test_names_of_digits_alone_are_labels_with_a_note() -> None:
    """Where nothing speaks against it."""
    names = ["163356", "742336", "991181", "321404", "798210", "379965", "640871", "813578"]
    matching = found(*names)
    assert [*read(matching).values()] == names
    assert matching.doubts == []
    assert matching.notes == ["file names of digits alone are taken for labels: `163356.png`"]


@pytest.mark.parametrize(
    "names",
    [
        COUNT,
        PADDED,
        EPOCHS,
        UUIDS,
        MD5,
        DATES,
        [f"{n}000" for n in EPOCHS],
        [f"Screenshot 2026-11-26 at 20.15.0{n}" for n in range(10)],
        [f"WhatsApp Image 2026-11-26 at 20.15.0{n}" for n in range(10)],
        [f"IMG_{date}" for date in DATES],
        [f"img_{n}" for n in COUNT],
        [f"download ({n})" for n in COUNT],
        [f"{n}_captcha" for n in COUNT],
        [f"{n}px" for n in COUNT],
        joined(PADDED, UUIDS),
        joined(PADDED, EPOCHS),
        [digest[:16] for digest in MD5],
        [f"{n:02}{(7 * n) % 60:02}{(23 * n) % 60:02}" for n in range(1, 11)],
        ["20261126", "20261127"],
        ["48210", "48215", "48220", "48225"],
        ["captcha", "captcha (1)", "captcha (2)"],
        joined(PADDED, LABELS, sep=""),
        joined(LABELS, PADDED, sep=""),
        [f"kaptcha{label}" for label in LABELS],
    ],
    ids=lambda names: names[0],
)
def test_what_holds_no_label_is_refused(names: list[str]) -> None:
    """The error says what the names are, and every way to go on."""
    with pytest.raises(DatasetError, match="captchascope label brought") as raised:
        found(*names)
    assert "labels.csv" in raised.value.remedy
    assert "--labels-from names" in raised.value.remedy


@pytest.mark.parametrize(
    ("names", "readings"),
    [
        (["1234_5678"], {"names:1": "1234", "names:2": "5678", "names:whole": "1234_5678"}),
        (joined(NUMBERS, NUMBERS[::-1]), {"names:1": "4821", "names:2": "9572"}),
        (["123456_2"], {"names:1": "123456", "names:2": "2"}),
        (["aB_cD", "xY_zw", "Qr_Ts"], {"names:1": "aB", "names:whole": "aB_cD"}),
        ([f"B-{n}" for n in NUMBERS], {"names:2": "4821", "names:whole": "B-4821"}),
        ([f"captcha_{n}" for n in NUMBERS], {"names:2": "4821", "names:whole": "captcha_4821"}),
        (["easy_001", "hard_002", "easy_003", "hard_004", "easy_005"], {"names:1": "easy"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_two_readings_are_shown_with_their_flags(
    names: list[str], readings: dict[str, str]
) -> None:
    """And each flag gives the reading that was shown for it."""
    with pytest.raises(DatasetError) as raised:
        found(*names)
    assert "more than one reading" in raised.value.what
    for flag, label in readings.items():
        assert f"'--labels-from {flag}' for `{label}`" in raised.value.remedy
        matching = read_part(folder([f"{name}.png" for name in names]), flag)
        assert label in read(matching).values()
        assert not matching.doubts


@pytest.mark.parametrize(
    "names",
    [
        ["1_HE59"],
        ["226md"],
        ["163356"],
        [digest[:8] for digest in MD5],
        [f"en{label}" for label in LABELS],
        joined(LABELS, [digest[:8] for digest in MD5]),
        ["7-3=", "12+5=", "3*4=", "18-9=", "2+2="],
        ["33=+(13)", "66+=", "7+12=", "9+9+1=", "4+=5", "8+8="],
        ["4821", "932", "77151", "33060", "591", "22471", "8093", "14640"],
    ],
    ids=lambda names: names[0],
)
def test_a_guess_is_doubted(names: list[str]) -> None:
    """There are labels, and a warning with them."""
    matching = found(*names)
    assert len(matching.samples) == len(names)
    assert matching.doubts


def test_a_few_names_of_another_kind_are_left_out_and_named() -> None:
    """They are problems, and the rest is certain."""
    strays = ["Screenshot 2026-11-26 at 20.15.00", "IMG_0042", "7"]
    matching = found(*LABELS, *NUMBERS, *strays)
    assert {*read(matching)} == {*LABELS, *NUMBERS}
    assert [Path(problem.where).stem for problem in matching.problems] == strays
    assert not matching.doubts


def test_what_was_asked_for_is_taken_and_doubted_where_it_is_surely_wrong() -> None:
    """``names`` ends the label at the first ``_``, here after a running number."""
    images = folder([f"{name}.png" for name in joined(PADDED, LABELS)])
    asked = read_names(images, ROOT)
    assert [*read(asked).values()] == PADDED
    assert "10 of 10 look otherwise" in asked.doubts[0]
    for flag in ("names:2", "names:-1"):
        assert [*read(read_part(images, flag)).values()] == LABELS
        assert not read_part(images, flag).doubts
    assert read_names(folder(["1.png", "2.png"]), ROOT).doubts


def test_a_part_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """At its image; the others are read."""
    dataset = read_dataset(folder_of(tmp_path, ["a_b.png", "c.png"]), "names:2")
    assert labels(dataset) == {"a_b.png": "b"}
    assert dataset.problems[0].where == str(tmp_path / "c.png")


def test_names_in_folders_of_numbers(tmp_path: Path) -> None:
    """The error names the folders as a place where labels may be."""
    with pytest.raises(DatasetError, match="--labels-from imagefolder"):
        read_dataset(folder_of(tmp_path, ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]))


def test_a_part_that_a_name_does_not_have_is_called_so() -> None:
    """It is no empty label that somebody wrote."""
    matching = read_part(folder(["HE59_7.png", "CA92.png"]), "names:2")
    assert read(matching) == {"HE59_7": "7"}
    assert [problem.what for problem in matching.problems] == ["has no such part in its name"]

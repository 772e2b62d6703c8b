"""What is audited, and what is held out of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from captchascope.audit.subject import Subject, evenly, folder_subject, scheme_subject
from captchascope.data.dataset import Dataset
from captchascope.decode import ReadOptions
from captchascope.errors import DatasetError
from captchascope.generate import write_folder


@pytest.fixture(scope="module")
def captchas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of twenty labelled captchas."""
    folder = tmp_path_factory.mktemp("subject") / "captchas"
    write_folder("plain", folder, 20, 3)
    return folder


def files(subject: Subject, part: str) -> set[str]:
    """Return the names of the images in a part."""
    return {sample.file for sample in getattr(subject, part).samples}


def test_half_of_a_small_folder_is_held_out(captchas: Path) -> None:
    """The other half may be trained on; no image is in both."""
    subject = folder_subject(captchas, 0)
    assert len(files(subject, "held")) == len(files(subject, "pool")) == 10
    assert not files(subject, "held") & files(subject, "pool")


def test_the_seed_chooses_what_is_held_out(captchas: Path) -> None:
    """The same seed the same images, another one others."""
    first, again, other = (files(folder_subject(captchas, seed), "held") for seed in (1, 1, 2))
    assert first == again != other


def test_an_image_that_comes_again_is_never_on_both_sides(captchas: Path, tmp_path: Path) -> None:
    """It would be trained on and tested on."""
    folder = tmp_path / "twice"
    shutil.copytree(captchas, folder)
    rows = (folder / "labels.csv").read_text("utf-8").splitlines()
    for number, row in enumerate(rows[1:], 1):
        file, label, *_ = row.split(",")
        shutil.copy(folder / file, folder / f"again-{number}.jpeg")
        rows.append(f"again-{number}.jpeg,{label}" + "," * (rows[0].count(",") - 1))
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "labels.txt").unlink()
    subject = folder_subject(folder, 0)
    held = {sample.path.read_bytes() for sample in subject.held.samples}
    assert not held & {sample.path.read_bytes() for sample in subject.pool.samples}


def test_a_folder_without_labels_has_images_alone(captchas: Path, tmp_path: Path) -> None:
    """Names that are mere numbers are no labels, and that there are none is no error."""
    for path in captchas.glob("*.jpeg"):
        shutil.copy(path, tmp_path)
    subject = folder_subject(tmp_path, 0)
    assert (len(subject.images), len(subject.samples)) == (20, 0)
    assert subject.told(ReadOptions()) is None


def test_labels_that_are_not_to_be_taken_are_not(captchas: Path) -> None:
    """Whatever the files are called, and whatever lies beside them."""
    assert folder_subject(captchas, 0, unlabelled=True).samples == ()


def test_an_image_that_cannot_be_decoded_is_a_problem(captchas: Path, tmp_path: Path) -> None:
    """It is named, and the others are audited."""
    folder = tmp_path / "broken"
    shutil.copytree(captchas, folder)
    (folder / "7.jpeg").write_bytes((folder / "7.jpeg").read_bytes()[:200])
    subject = folder_subject(folder, 0)
    assert len(subject.samples) == 19
    assert [problem.where.endswith("7.jpeg") for problem in subject.problems] == [True]


def test_labels_that_are_asked_for_and_not_there_are_an_error(captchas: Path) -> None:
    """Only ``auto`` may find nothing."""
    with pytest.raises(DatasetError):
        folder_subject(captchas, 0, labels_from="jsonl")


def test_what_anybody_sees_is_told(captchas: Path) -> None:
    """Alphabet and lengths of the labels, where the user says nothing else."""
    told = folder_subject(captchas, 0).told(ReadOptions())
    assert told is not None
    assert (told.charset, told.length) == ("0-9", "5-5")
    told = folder_subject(captchas, 0).told(ReadOptions(length=4))
    assert told is not None
    assert told.length == 4


def test_a_scheme_is_drawn_once(tmp_path: Path) -> None:
    """From the seed, and found again by a run that goes on."""
    first = scheme_subject("plain", {"size": (20, 60)}, tmp_path / "drawn", 5)
    times = {path: path.stat().st_mtime_ns for path in first.images}
    again = scheme_subject("plain", {"size": (20, 60)}, tmp_path / "drawn", 5)
    assert {path: path.stat().st_mtime_ns for path in again.images} == times
    assert first.fingerprint() == again.fingerprint()
    assert (len(first.held.samples), len(first.pool.samples)) == (500, 1000)


def test_what_was_drawn_of_another_scheme_is_not_taken_for_it(tmp_path: Path) -> None:
    """An audit that was killed leaves its images where the next one of that report draws."""
    few = {"size": (20, 60)}
    scheme_subject("plain", few, tmp_path / "drawn", 5)
    subjects = [
        scheme_subject("hollow", {}, tmp_path / "drawn", 5),
        scheme_subject("plain", few, tmp_path / "drawn", 6),
        scheme_subject("plain", {"size": (20, 61)}, tmp_path / "drawn", 5),
    ]
    assert len({subject.fingerprint() for subject in subjects}) == 3
    assert not set(subjects[0].characters) <= set("0123456789")


def test_images_of_the_same_size_and_name_are_others(captchas: Path, tmp_path: Path) -> None:
    """Nothing that was measured of the images before counts for them."""
    folder = tmp_path / "changed"
    shutil.copytree(captchas, folder)
    before = folder_subject(folder, 0).fingerprint()
    image = folder / "7.jpeg"
    data = image.read_bytes()
    image.write_bytes(data[:-40] + bytes(byte ^ 1 for byte in data[-40:-20]) + data[-20:])
    assert folder_subject(folder, 0).fingerprint() != before


def test_an_image_that_is_gone_is_told_from_one_that_is_there(tmp_path: Path) -> None:
    """It is no error: whatever is measured says that it cannot be read."""
    nothing = Dataset(tmp_path, ())
    gone = Subject("images", (tmp_path / "1.png",), nothing, nothing)
    before = gone.fingerprint()
    (tmp_path / "1.png").write_bytes(b"pixels")
    assert gone.fingerprint() != before


def test_some_are_evenly_spread() -> None:
    """From the first on, and all where there are no more."""
    assert evenly(range(10), 5) == [0, 2, 4, 6, 8]
    assert evenly(range(3), 5) == [0, 1, 2]
    assert evenly([], 5) == []


@pytest.mark.parametrize(
    ("options", "odd"),
    [
        (ReadOptions(), False),
        (ReadOptions(charset="0-9", length="4-6", pattern="[0-9]+"), False),
        (ReadOptions(charset="0-4"), True),
        (ReadOptions(length=6), True),
        (ReadOptions(pattern="[a-z]+"), True),
    ],
)
def test_labels_that_are_not_as_they_are_said_to_be_are_a_problem(
    captchas: Path, options: ReadOptions, odd: bool
) -> None:
    """A reader that is told wrong reads less, which would flatter the scheme."""
    problem = folder_subject(captchas, 0).contradicting(options)
    assert (problem is not None) is odd

"""A data set: its positions, its parts, and what moves to the problems."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.charset import Charset
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.errors import SchemeError, UsageError
from captchascope.glyphs.scheme import load_scheme
from captchascope.records import Sample


def numbered(folder: Path, labels: list[str], name: str = "{}.jpeg") -> Path:
    """Make a data set of empty images, 1 to the number of labels."""
    for number in range(1, len(labels) + 1):
        (folder / name.format(number)).touch()
    rows = [f"{name.format(n)},{label}\n" for n, label in enumerate(labels, 1)]
    (folder / "labels.csv").write_text("file,label\n" + "".join(reversed(rows)))
    return folder


def made(n: int) -> Dataset:
    """Make a data set without files."""
    samples = (Sample(f"{i}.png", f"{i}", Path(f"{i}.png"), i + 1, {}, i) for i in range(1, n + 1))
    return Dataset(Path("made"), tuple(samples))


def files(dataset: Dataset) -> list[str]:
    """List the files of the samples."""
    return [sample.file for sample in dataset.samples]


def test_samples_come_in_natural_file_order(tmp_path: Path) -> None:
    """The order of the rows has no say, and zeros in front of a label stay."""
    dataset = read_dataset(numbered(tmp_path, [f"{n:06}" for n in range(1, 13)]))
    assert [s.label for s in dataset.samples] == [f"{n:06}" for n in range(1, 13)]
    assert [s.position for s in dataset.samples] == list(range(1, 13))
    assert dataset.samples[1] == Sample("2.jpeg", "000002", tmp_path / "2.jpeg", 12, {}, 2)
    assert (dataset.size, dataset.problems) == (12, ())


def test_a_bad_row_does_not_shift_the_positions(tmp_path: Path) -> None:
    """A range is the same images whether their rows are good or not."""
    dataset = read_dataset(numbered(tmp_path, ["1", "", "3", "4", ""]))
    part = dataset.select(2, 4)
    assert files(part) == ["3.jpeg", "4.jpeg"]
    assert [problem.row for problem in part.problems] == [5]
    assert files(part.select(4)) == ["4.jpeg"]
    assert (len(dataset.problems), part.size) == (2, 5)


def test_problems_without_an_image_stay_in_every_range(tmp_path: Path) -> None:
    """A row that leads nowhere belongs to no range, and is never lost."""
    numbered(tmp_path, ["1", "2"])
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("missing.jpeg,3\n")
    assert "missing.jpeg" in str(read_dataset(tmp_path).select(2, 2).problems[0])


@pytest.mark.parametrize(("first", "last"), [(0, 2), (3, 2), (1, 4), (4, None), (None, 0), (-1, 1)])
def test_a_range_outside_the_folder_is_wrong_usage(first: int | None, last: int | None) -> None:
    """The error names the valid range."""
    with pytest.raises(UsageError, match="1 <= first <= last <= 3"):
        made(3).select(first, last)


def test_an_open_range_ends_with_the_folder() -> None:
    """None is the first or the last image."""
    assert files(made(3).select(2)) == ["2.png", "3.png"]
    assert files(made(3).select(last=2)) == ["1.png", "2.png"]
    assert made(3).select() == made(3)


@given(st.integers(1, 40), st.integers(0, 2**64), st.data())
def test_taking_is_nested_and_keeps_the_order(n: int, seed: int, data: st.DataObject) -> None:
    """Exactly n samples, in natural order, and fewer are a part of more."""
    fewer = data.draw(st.integers(1, n))
    more_files, fewer_files = files(made(40).take(n, seed)), files(made(40).take(fewer, seed))
    assert len(more_files) == n
    assert [f for f in more_files if f in fewer_files] == fewer_files
    assert more_files == [f for f in files(made(40)) if f in more_files]


def test_taking_depends_on_the_seed_alone() -> None:
    """The choice is pinned: it must be the same on every machine and in every version."""
    pinned = ["3.png", "18.png", "27.png", "28.png"]
    assert files(made(40).take(4, 1)) == pinned
    assert files(made(40).take(4, 2)) != pinned


@pytest.mark.parametrize("n", [0, -1, 4])
def test_taking_too_many_is_wrong_usage(n: int) -> None:
    """The error says how many there are."""
    with pytest.raises(UsageError, match="3 usable samples"):
        made(3).take(n, 0)


@given(st.integers(2, 50), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_holding_out_divides_the_samples(n: int, fraction: float, seed: int) -> None:
    """Each sample is on one side, neither side is empty, and the share is as asked."""
    train, validation = made(n).hold_out(fraction, seed=seed)
    assert sorted(files(train) + files(validation)) == sorted(files(made(n)))
    assert train.samples
    assert validation.samples
    assert len(validation.samples) == min(max(1, round(fraction * n)), n - 1)


@pytest.mark.parametrize("n", [0, 1])
def test_a_single_sample_is_trained_on(n: int) -> None:
    """There is nothing to hold out of less than two."""
    train, validation = made(n).hold_out(seed=0)
    assert (len(train.samples), len(validation.samples)) == (n, 0)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_an_impossible_fraction_is_wrong_usage(fraction: float) -> None:
    """All or nothing is no split."""
    with pytest.raises(UsageError, match="between 0 and 1"):
        made(3).hold_out(fraction, seed=0)


def test_problems_are_reported_once_after_a_split(tmp_path: Path) -> None:
    """They stay with the part that is trained on."""
    train, validation = read_dataset(numbered(tmp_path, ["1", "", "3"])).hold_out(seed=0)
    assert (len(train.problems), len(validation.problems)) == (1, 0)


def test_required_length_and_charset(tmp_path: Path) -> None:
    """Wrong labels become problems with file, row and position; the label itself stays private."""
    dataset = read_dataset(numbered(tmp_path, ["123456", "98765", "12345a"]))
    part = dataset.require_length(6).require_charset(Charset("0123456789"))
    assert files(part) == ["1.jpeg"]
    assert [str(problem) for problem in part.problems] == [
        f"{tmp_path / 'labels.csv'}:3: gives '2.jpeg' a label of 5 characters, not 6 "
        "(correct the label)",
        f"{tmp_path / 'labels.csv'}:2: gives '3.jpeg' a label with 'a', not in '0123456789' "
        "(correct the label)",
    ]
    assert len(part.select(3).problems) == 1


def test_a_range_of_lengths_may_be_required(tmp_path: Path) -> None:
    """Both ends are in it."""
    part = read_dataset(numbered(tmp_path, ["1", "12", "123", "1234"])).require_length(2, 3)
    assert files(part) == ["2.jpeg", "3.jpeg"]
    assert "a label of 1 characters, not 2 to 3" in str(part.problems[0])


@pytest.mark.parametrize("labels", [["1234"] * 3, ["abcdef"] * 2])
def test_a_scheme_that_fits_no_label_says_so_once(tmp_path: Path, labels: list[str]) -> None:
    """Not once per image; and what needs no scheme."""
    dataset = read_dataset(numbered(tmp_path, labels))
    with pytest.raises(SchemeError) as caught:
        dataset.require_scheme(load_scheme("metu"))
    assert str(caught.value) == (
        f"metu: fits none of {len(labels)} labels in {tmp_path}: it cuts 6 characters of "
        f"0123456789, and '{labels[0]}' is none such (name its own scheme, or train --method "
        "whole, which needs none)"
    )


def test_a_scheme_that_fits_few_labels_says_so_once(tmp_path: Path) -> None:
    """Where it fits most, each of the others is to be corrected."""
    few = read_dataset(numbered(tmp_path, ["123456", "12", "1234"]))
    fit = few.require_scheme(load_scheme("metu"))
    assert files(fit) == ["1.jpeg"]
    (problem,) = fit.problems
    assert problem.what.startswith("2 of 3 labels are left out: scheme metu cuts 6 characters")
    most = read_dataset(numbered(tmp_path, ["123456", "654321", "1234"]))
    (problem,) = most.require_scheme(load_scheme("metu")).problems
    assert (problem.row, problem.remedy) == (2, "correct the label")


def test_a_wrong_name_is_reported_at_the_image(tmp_path: Path) -> None:
    """Where the names are the labels, there is no label file to point at."""
    (tmp_path / "abc.png").touch()
    (problem,) = read_dataset(tmp_path).require_length(4).problems
    assert (problem.where, problem.row) == (str(tmp_path / "abc.png"), None)


def test_an_unknown_source_is_wrong_usage(tmp_path: Path) -> None:
    """The error lists the valid ones."""
    with pytest.raises(UsageError, match="auto, csv, txt, names"):
        read_dataset(tmp_path, "xml")


def test_a_dataset_travels_between_processes(tmp_path: Path) -> None:
    """Samples and problems survive pickling, positions included."""
    dataset = read_dataset(numbered(tmp_path, ["1", ""]))
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.samples == dataset.samples
    assert str(copy.problems[0]) == str(dataset.problems[0])
    assert vars(copy.problems[0]) == vars(dataset.problems[0])


@pytest.mark.skipif("CAPTCHASCOPE_DATA" not in os.environ, reason="CAPTCHASCOPE_DATA is unset")
@pytest.mark.parametrize(("name", "size"), [("metu-real", 4), ("henan4", 1500), ("cloud4", 1500)])
def test_real_folders(name: str, size: int) -> None:
    """Each row is usable; the label file is found above the images, too."""
    folder = Path(os.environ["CAPTCHASCOPE_DATA"], name)
    dataset = read_dataset(folder)
    assert (len(dataset.samples), dataset.problems) == (size, ())
    inside = read_dataset(folder / "images")
    assert [s.label for s in inside.samples] == [s.label for s in dataset.samples]
    assert inside.source == folder / "labels.csv"

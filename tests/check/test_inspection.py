"""The whole check, on folders with every fault that there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from captchascope.charset import Charset
from captchascope.check import check
from captchascope.dataset import read_dataset, write_labels
from captchascope.generate.folder import write_folder
from captchascope.reader import load

from .made import DIGITS, files, kinds, noise, ordinary, write


def test_a_good_data_set(tmp_path: Path) -> None:
    """Nothing is found, and what there is, is told."""
    rows = {f"{n}.png": (label, noise(n)) for n, label in enumerate(ordinary(30), 1)}
    report = check(read_dataset(write(tmp_path, rows)), charset=Charset(DIGITS))
    assert (report.findings, report.harmful) == ((), False)
    assert (report.images, report.samples) == (30, 30)
    assert (report.alphabet, report.lengths) == (DIGITS, (4, 4))


def test_the_worst_comes_first(tmp_path: Path) -> None:
    """Of everything that is wrong at once, nothing hides another."""
    rows = {f"{n}.png": (label, noise(n)) for n, label in enumerate(ordinary(30), 1)}
    rows["3.png"] = ("9876", noise(4))
    rows["5.png"] = ("12O4", noise(5))
    rows["7.png"] = (rows["7.png"][0], noise(7, (12, 20)))
    write(tmp_path, rows)
    (tmp_path / "9.png").write_bytes(b"<!doctype html>")
    noise(31).save(tmp_path / "31.png")
    report = check(read_dataset(tmp_path))
    assert kinds(report.findings) == [
        *("unreadable", "conflicting-duplicates", "too-narrow"),
        *("no-row", "odd-kind", "odd-size"),
    ]
    named = {finding.kind: files(finding) for finding in report.findings}
    assert named["unreadable"] == ["9.png"]
    assert named["conflicting-duplicates"] == ["4.png"]
    assert named["too-narrow"] == named["odd-size"] == ["7.png"]
    assert report.harmful
    assert (report.images, report.samples) == (31, 30)


def test_a_part_of_a_folder(tmp_path: Path) -> None:
    """What lies outside is neither counted nor found."""
    rows = {f"{n}.png": (label, noise(n)) for n, label in enumerate(ordinary(60), 1)}
    rows["60.png"] = ("12O4", noise(60))
    report = check(read_dataset(write(tmp_path, rows)).select(1, 40))
    assert (report.findings, report.images) == ((), 40)


def test_a_folder_with_nothing_usable(tmp_path: Path) -> None:
    """It is a report like any other."""
    report = check(read_dataset(write(tmp_path, {"1.png": ("", noise(1))})))
    assert (report.samples, report.alphabet, report.lengths) == (0, "", (0, 0))
    assert kinds(report.findings) == ["unusable-row", "no-samples"]


def test_a_model_finds_the_wrong_labels(tmp_path: Path) -> None:
    """Two labels are changed, and these two are doubted, with what the image shows."""
    folder = tmp_path / "captchas"
    write_folder("metu", folder, 30, 7)
    samples = list(read_dataset(folder).samples)
    right = samples[4].label
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    samples[4] = replace(samples[4], label=wrong)
    samples[9] = replace(samples[9], label=samples[9].label[1:])
    write_labels(folder, samples)
    report = check(read_dataset(folder), reader=load("metu"))
    [finding] = [f for f in report.findings if f.kind == "likely-wrong"]
    assert sorted(files(finding)) == ["10.jpeg", "5.jpeg"]
    facts = {mention.file: mention.facts for mention in finding.files}
    assert (facts["5.jpeg"]["label"], facts["5.jpeg"]["read"]) == (wrong, right)


def test_progress_is_told(tmp_path: Path) -> None:
    """Every image counts once, and once more when it is read."""
    write_folder("metu", tmp_path / "captchas", 3, 7)
    told: list[int] = []
    check(read_dataset(tmp_path / "captchas"), reader=load("metu"), progress=told.append)
    assert told == [1, 2, 3, 4, 5, 6]


def test_nothing_is_changed(tmp_path: Path) -> None:
    """A check only reads."""
    write_folder("metu", tmp_path / "captchas", 3, 7)
    before = {p: p.read_bytes() for p in sorted((tmp_path / "captchas").iterdir())}
    check(read_dataset(tmp_path / "captchas"))
    assert {p: p.read_bytes() for p in sorted((tmp_path / "captchas").iterdir())} == before

"""What could not be used to begin with."""

from __future__ import annotations

from pathlib import Path

from captchascope.check.rows import row_findings
from captchascope.dataset import read_dataset

from .made import kinds, noise, write


def test_each_kind_of_problem_is_a_finding(tmp_path: Path) -> None:
    """A row without image, a label with white space, an image without row."""
    write(tmp_path, {"1.png": ("12", noise(1)), "2.png": ("3 4", noise(2))})
    noise(3).save(tmp_path / "3.png")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("missing.png,56\n")
    lost, unusable, unlabelled = row_findings(read_dataset(tmp_path))
    assert kinds([lost, unusable, unlabelled]) == ["no-image", "unusable-row", "no-row"]
    assert [f.severity for f in (lost, unusable, unlabelled)] == ["error", "error", "warning"]
    assert "'missing.png', which is not there" in str(lost.files[0].facts["problem"])
    assert "white space" in str(unusable.files[0].facts["problem"])
    assert unusable.files[0].file == f"{tmp_path / 'labels.csv'}:3"
    assert "no row for '3.png'" in str(unlabelled.files[0].facts["problem"])


def test_names_that_are_no_labels(tmp_path: Path) -> None:
    """Without a label file there is no row to miss."""
    for name in ("ab.png", "cd.png", "_1.png"):
        noise(1).save(tmp_path / name)
    [finding] = row_findings(read_dataset(tmp_path, "names"))
    assert finding.kind == "unusable-row"


def test_a_folder_with_nothing_usable(tmp_path: Path) -> None:
    """It is said in the end, after why."""
    write(tmp_path, {"1.png": ("", noise(1))})
    assert kinds(list(row_findings(read_dataset(tmp_path)))) == ["unusable-row", "no-samples"]

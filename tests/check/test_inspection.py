"""What could not be used to begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from captchascope.charset import Charset
from captchascope.check import check_dataset
from captchascope.check.inspection import disagreement_findings, row_findings
from captchascope.data.dataset import read_dataset
from captchascope.data.labels import write_labels
from captchascope.errors import ImageError
from captchascope.generate import write_folder
from captchascope.reader import load
from captchascope.records import Reading
from check.made import DIGITS, files, kinds, labelled, noise, ordinary, write


def test_each_character_kind_problem_is_a_finding(tmp_path: Path) -> None:
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


def test_a_label_that_is_not_in_quotes_is_told_so(tmp_path: Path) -> None:
    """Be it a number or what JSON has no word for: the image is there, and so is the text."""
    for number in range(1, 6):
        noise(number).save(tmp_path / f"{number}.png")
    lines = [
        '{"file": "1.png", "label": 87812}',
        '{"file": "2.png", "label": 01413}',
        '{"file": "3.png", "label": 226md, "kind": "a"}',
        '{"file": "4.png", "label": "01413"}',
        '{"file": "5.png", "label": "01413"',
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines))
    dataset = read_dataset(tmp_path)
    bare, cut, lost = row_findings(dataset)
    assert kinds([bare, cut, lost]) == ["malformed-row", "malformed-row", "no-row"]
    assert (bare.what, bare.remedy) == (
        "3 rows that cannot be read",
        'put the label in quotes, as in "0042"',
    )
    assert files(bare) == [f"{tmp_path / 'labels.jsonl'}:{row}" for row in (1, 2, 3)]
    assert (files(cut), cut.remedy) == ([f"{tmp_path / 'labels.jsonl'}:5"], "correct the line")
    assert "no row for '5.png'" in str(lost.files[0].facts["problem"])


def test_each_fault_of_a_row_has_its_own_remedy(tmp_path: Path) -> None:
    """A row with a cell too many lacks no image, and a zero that was lost is no white space."""
    rows = {f"{n}.png": (f"{n:04}", noise(n)) for n in range(1, 9)}
    write(tmp_path, rows | {"9.png": ("4711.0", noise(9))})
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("10.png,1,2\n")
    found = {finding.remedy: files(finding) for finding in row_findings(read_dataset(tmp_path))}
    assert len(found) == 2
    for words, row in {"format the column as text": 10, "double quotes": 11}.items():
        [named] = [named for remedy, named in found.items() if words in remedy]
        assert named == [f"{tmp_path / 'labels.csv'}:{row}"]


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


LABELS = [str(number) for number in range(10, 50)]


def found(*read: tuple[str | None, float], others: float = 0.99) -> list[object]:
    """Return what is found if the first labels were read so, and the others as they are."""
    readings = [Reading(text, sure) for text, sure in read]
    readings += [Reading(label, others) for label in LABELS[len(read) :]]
    findings = list(disagreement_findings(labelled(LABELS), readings))
    return [(f.kind, f.severity, files(f)) for f in findings]


def test_the_surest_comes_first() -> None:
    """What the model is not sure of is not in it."""
    read = ("12", 0.96), ("25", 0.94), ("38", 0.999)
    assert found(*read) == [("likely-wrong", "warning", ["3.png", "1.png"])]


def test_a_modest_model_is_trusted_where_it_is_as_sure_as_ever() -> None:
    """One that was calibrated on wrong labels is never quite sure."""
    read = ("12", 0.91), ("25", 0.89)
    assert found(*read, others=0.9) == [("likely-wrong", "warning", ["1.png"])]


def test_a_model_that_guesses_is_not_trusted() -> None:
    """However sure it is of the rest."""
    assert found(("12", 0.45), others=0.4) == []


def test_what_was_read_is_shown() -> None:
    """Beside the label and the confidence."""
    readings = [Reading("17", 0.98765), *(Reading(label, 1.0) for label in LABELS[1:])]
    [finding] = disagreement_findings(labelled(LABELS), readings)
    assert finding.files[0].facts == {"label": "10", "read": "17", "confidence": 0.9877}


def test_agreement_is_no_finding() -> None:
    """However unsure."""
    assert found(("10", 0.1)) == []


def test_what_was_not_read_says_nothing() -> None:
    """Neither an abstention nor a failure is another text."""
    failed = Reading(None, 1.0, error=ImageError("1.png", "is empty"))
    readings = [failed, Reading(None, 1.0, abstained=True)]
    readings += [Reading(label, 0.99) for label in LABELS[2:]]
    assert not list(disagreement_findings(labelled(LABELS), readings))


def test_a_model_of_another_scheme_is_not_trusted() -> None:
    """Where it reads less than half as labelled, that is what is said."""
    assert found(*[("99", 0.99)] * 21) == [("unfit-model", "warning", [])]
    assert found(*[(None, 0.0)] * 21) == [("unfit-model", "warning", [])]


def test_nothing_to_read_is_no_finding() -> None:
    """As where no image can be decoded."""
    assert not list(disagreement_findings([], []))


def test_a_good_data_set(tmp_path: Path) -> None:
    """Nothing is found, and what there is, is told."""
    rows = {f"{n}.png": (label, noise(n)) for n, label in enumerate(ordinary(30), 1)}
    report = check_dataset(read_dataset(write(tmp_path, rows)), charset=Charset(DIGITS))
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
    report = check_dataset(read_dataset(tmp_path))
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
    report = check_dataset(read_dataset(write(tmp_path, rows)).select(1, 40))
    assert (report.findings, report.images) == ((), 40)


def test_inspection_a_folder_with_nothing_usable(tmp_path: Path) -> None:
    """It is a report like any other."""
    report = check_dataset(read_dataset(write(tmp_path, {"1.png": ("", noise(1))})))
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
    report = check_dataset(read_dataset(folder), reader=load("metu"))
    [finding] = [f for f in report.findings if f.kind == "likely-wrong"]
    assert sorted(files(finding)) == ["10.jpeg", "5.jpeg"]
    facts = {mention.file: mention.facts for mention in finding.files}
    assert (facts["5.jpeg"]["label"], facts["5.jpeg"]["read"]) == (wrong, right)


def test_progress_is_told(tmp_path: Path) -> None:
    """Every image counts once, and once more when it is read."""
    write_folder("metu", tmp_path / "captchas", 3, 7)
    told: list[int] = []
    check_dataset(read_dataset(tmp_path / "captchas"), reader=load("metu"), progress=told.append)
    assert told == [1, 2, 3, 4, 5, 6]


def test_nothing_is_changed(tmp_path: Path) -> None:
    """A check only reads."""
    write_folder("metu", tmp_path / "captchas", 3, 7)
    before = {p: p.read_bytes() for p in sorted((tmp_path / "captchas").iterdir())}
    check_dataset(read_dataset(tmp_path / "captchas"))
    assert {p: p.read_bytes() for p in sorted((tmp_path / "captchas").iterdir())} == before

"""What the general reader reads of a scheme without any label, and the first answer."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.audit.figures import Untrained
from captchascope.audit.measure.readings import SURE, mean_confidence
from captchascope.audit.measure.untrained import measure_untrained
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.audit.subject import Subject, folder_subject
from captchascope.audit.wording import percent
from captchascope.decode import ReadOptions
from captchascope.evaluate import Rate
from captchascope.generate import write_folder
from captchascope.records import Reading

SEED = 160


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw captchas that the general reader reads; nobody may change them."""
    folder = tmp_path_factory.mktemp("plain") / "captchas"
    write_folder("plain", folder, 16, SEED)
    return folder


def measured(
    subject: Subject, said: list[str] | None = None, reading: ReadOptions | None = None
) -> Untrained:
    """Measure a subject, and keep what is said."""
    say = (lambda line: None) if said is None else said.append
    return measure_untrained(Setting(subject, Path(), reading=reading or ReadOptions(), say=say))


@pytest.fixture(scope="module")
def usual(plain: Path) -> tuple[Untrained, list[str]]:
    """Measure them, half of which are held out, and return what was said, too."""
    said: list[str] = []
    return measured(folder_subject(plain, 0), said), said


def test_with_labels_it_counts_what_is_right(usual: tuple[Untrained, list[str]]) -> None:
    """It is read untold and told, and the first answer is the rate with its interval."""
    found, said = usual
    assert found.known == "10 characters, 5 of them"
    assert found.told is not None
    assert found.told.exact is not None
    assert found.told.exact.total == 8
    assert found.told.exact.value > 0.5
    assert found.untold.characters == Rate(found.untold.characters.hits, 40)  # type: ignore[union-attr]
    assert found.told.milliseconds > 0
    assert 0 < found.told.expected <= 1
    rate = found.untold.exact
    assert rate is not None
    assert len(said) == 1
    assert f"of the first 8 images reads {rate.hits} right, {percent(rate.value)}" in said[0]
    assert f"interval {percent(rate.low)} to {percent(rate.high)}" in said[0]


def test_the_surer_a_reader_must_be_the_less_it_answers(
    usual: tuple[Untrained, list[str]],
) -> None:
    """Every image is answered at confidence 0, and each point counts the answers above it."""
    reads = usual[0].untold
    assert tuple(point.min_confidence for point in reads.abstention) == SURE
    answered = [point.answered.hits for point in reads.abstention]
    assert answered[0] == 8
    assert answered == sorted(answered, reverse=True)
    assert reads.abstention[0].right == reads.exact
    assert all(p.right.total == p.answered.hits for p in reads.abstention)


def test_without_labels_it_says_what_it_expects(plain: Path) -> None:
    """It is told nothing, counts nothing as right, and calls its answer an expectation."""
    said: list[str] = []
    found = measured(folder_subject(plain, 0, unlabelled=True), said)
    assert (found.told, found.known) == (None, "nothing")
    assert (found.untold.exact, found.untold.characters) == (None, None)
    assert (found.untold.abstention, found.untold.confused) == ((), ())
    assert f"expects to read {percent(found.untold.expected)} right: an expectation" in said[0]
    assert found.picture is not None
    assert found.picture.caption.startswith("8 of the images")


def test_an_image_without_a_text_is_not_expected_to_be_solved() -> None:
    """However sure the reader is that there is none: blank images would be graded F."""
    assert mean_confidence([Reading(None, 0.97, abstained=True)]) == 0
    assert mean_confidence([Reading("7", 0.5), Reading(None, 0.97, abstained=True)]) == 0.25


def test_the_picture_marks_what_is_wrong(plain: Path) -> None:
    """Where all labels are wrong it says so, as do the rates and the confusions."""
    subject = folder_subject(plain, 0)
    wrong = tuple(replace(sample, label="XXXXX") for sample in subject.held.samples)
    found = measured(replace(subject, held=replace(subject.held, samples=wrong)))
    assert found.untold.exact == Rate(0, 8)
    assert found.untold.confused[0].label == "X"
    assert found.picture is not None
    assert "8 of these are read wrong" in found.picture.caption
    image = cv2.imdecode(np.frombuffer(base64.b64decode(found.picture.png), np.uint8), 1)
    assert image is not None
    assert image.shape[1] < 700


def test_what_the_user_said_of_the_texts_is_told_but_not_untold(
    plain: Path, usual: tuple[Untrained, list[str]]
) -> None:
    """An alphabet that was given replaces that of the labels, and the untold reader lacks it."""
    found = measured(folder_subject(plain, 0), reading=ReadOptions(charset="ab", length=3))
    assert found.known == "2 characters, 3 of them"
    assert found.told is not None
    assert found.told.exact == Rate(0, 8)
    assert found.untold == replace(usual[0].untold, milliseconds=found.untold.milliseconds)


def test_an_alphabet_that_it_does_not_know(plain: Path) -> None:
    """It is not told what it cannot read, and says why."""
    found = measured(folder_subject(plain, 0), reading=ReadOptions(charset="\u0915"))
    assert found.told is None
    assert found.known.startswith("nothing, for it cannot read such texts")


def test_files_that_cannot_be_read_are_counted(plain: Path, tmp_path: Path) -> None:
    """They fail, and the others are read; where none can be, that is the reason."""
    for file in plain.glob("[12].*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = measured(folder_subject(tmp_path, 0, unlabelled=True))
    assert found.untold.failed == 1
    assert found.picture is not None
    for file in tmp_path.iterdir():
        file.write_bytes(b"GIF89a")
    with pytest.raises(UnmeasuredError, match="no image can be decoded"):
        measured(folder_subject(tmp_path, 0, unlabelled=True))


def test_two_processes_give_the_same_figures(
    plain: Path, usual: tuple[Untrained, list[str]]
) -> None:
    """Only the time differs."""
    both = measure_untrained(Setting(folder_subject(plain, 0), Path(), jobs=2)).told
    assert both is not None
    assert both == replace(usual[0].told or both, milliseconds=both.milliseconds)


def test_it_tells_how_far_it_is(plain: Path) -> None:
    """The shares rise to one."""
    shares: list[float] = []
    measure_untrained(Setting(folder_subject(plain, 0), Path(), progress=shares.append))
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (16, 1.0)

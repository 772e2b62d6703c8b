"""Labelling a folder in this process, with all that goes on in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

pytest.importorskip("fastapi")

from captchascope.decode import ReadOptions
from captchascope.errors import DatasetError, ModelError, UsageError
from captchascope.generate import write_folder
from captchascope.reader import load
from captchascope.web.label.learning import NEXT_MODEL, OWN_MODEL, can_train
from captchascope.web.label.schema import Submission
from captchascope.web.label.session import LabelSession
from captchascope.web.label.texts import Texts
from captchascope.web.settings import LabelSettings
from ctc.bars import bars, write_model
from web.label.folders import fill
from web.label.soon import waited


@contextmanager
def labelling(folder: Path, retrain: int | None = None, **options: str) -> Iterator[LabelSession]:
    """Label a folder until the block ends, looking for what is new all the time."""
    settings = LabelSettings(folder, retrain=retrain, options=ReadOptions(**options))  # type: ignore[arg-type]
    session = LabelSession(settings, tick=0.01, look=0.0)
    try:
        session.begin()
        yield session
    finally:
        session.end()


def said(session: LabelSession) -> str:
    """Return what the page would say is wrong."""
    trouble = session.progress("person-a")["trouble"]
    assert isinstance(trouble, list)
    return "; ".join(trouble)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of three images, and a model that was trained there."""
    write_model(fill(tmp_path / "captchas", 3) / OWN_MODEL)
    return tmp_path / "captchas"


def test_the_model_that_was_trained_here_guesses(folder: Path) -> None:
    """Whatever others there are."""
    cv2.imwrite(str(folder / "4.png"), bars("0Ab"))
    with labelling(folder) as session:
        waited(lambda: all(session.store.guess(image) for image in (1, 2, 3, 4)))
        guess = session.store.guess(4)
    assert guess is not None
    assert guess.text == "0Ab"


@pytest.mark.parametrize(("charset", "text"), [("0-4a-b", "0ab"), ("x-z", "0Ab")])
def test_guesses_follow_what_is_known_of_the_texts(folder: Path, charset: str, text: str) -> None:
    """As far as a model that was trained here ever can."""
    cv2.imwrite(str(folder / "4.png"), bars("0Ab"))
    with labelling(folder, charset=charset) as session:
        waited(lambda: session.store.guess(4))
        guess = session.store.guess(4)
    assert guess is not None
    assert guess.text == text


def test_a_broken_model_is_passed_over(tmp_path: Path) -> None:
    """The shipped one that is surest guesses then."""
    write_folder("metu", tmp_path / "captchas", 2, 990_114)
    for labels in (tmp_path / "captchas").glob("labels.*"):
        labels.unlink()
    (tmp_path / "captchas" / OWN_MODEL).write_bytes(b"no model")
    with labelling(tmp_path / "captchas") as session:
        waited(lambda: session.store.guess(1))
        guess = session.store.guess(1)
    assert guess is not None
    assert guess.text == load().read(tmp_path / "captchas" / "1.jpeg").text


def test_a_folder_that_cannot_be_labelled_is_let_go(folder: Path) -> None:
    """Once its labels are mended, it can be."""
    (folder / "labels.csv").write_text("nonsense\n")
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        LabelSession(LabelSettings(folder))
    (folder / "labels.csv").unlink()
    LabelSession(LabelSettings(folder)).end()


def test_a_model_that_was_asked_for_must_be_there(folder: Path) -> None:
    """No other takes its place."""
    session = LabelSession(LabelSettings(folder, model="none.onnx"))
    with pytest.raises(ModelError, match=r"none\.onnx"):
        session.begin()
    session.end()


def test_images_come_and_go_while_people_label(folder: Path) -> None:
    """All may be gone for a while, and so may the folder, which is said."""
    with labelling(folder) as session:
        (folder / "4.png").write_bytes((folder / "3.png").read_bytes())
        waited(lambda: session.progress("person-a")["total"] == 4)
        for number in range(1, 5):
            (folder / f"{number}.png").rename(folder.parent / f"{number}.away")
        waited(lambda: session.progress("person-a")["total"] == 0)
        waited(lambda: "holds no images" in said(session))
        for number in range(1, 5):
            (folder.parent / f"{number}.away").rename(folder / f"{number}.png")
        waited(lambda: session.progress("person-a")["total"] == 4)
        waited(lambda: not said(session))


def test_labels_that_somebody_has_spoilt_are_told_and_left_alone(folder: Path) -> None:
    """People go on labelling; once they are mended, nothing is missing."""
    with labelling(folder) as session:
        (folder / "labels.csv").write_text("nonsense\n")
        waited(lambda: "labels.csv" in said(session))
        session.store.say("person-a", [Submission("key-1", 1, "ab")])
        assert (folder / "labels.csv").read_text() == "nonsense\n"
        (folder / "labels.csv").unlink()
        waited(lambda: not said(session))
    assert (folder / "labels.csv").read_text().splitlines() == ["file,label", "1.png,ab"]


@pytest.mark.skipif(not can_train(), reason="needs the extra 'train'")
def test_a_training_that_cannot_begin_stops_no_labelling(folder: Path) -> None:
    """Here something lies where the new model is to be; it is told until a training begins."""
    (folder / NEXT_MODEL).mkdir()
    with labelling(folder, retrain=1) as session:
        session.store.say("person-a", [Submission("key-1", 1, "ab")])
        waited(lambda: said(session).startswith("training could not begin: "))
        session.store.say("person-a", [Submission("key-2", 2, "ab")])
    assert "2.png,ab" in (folder / "labels.csv").read_text()


def test_what_is_told_of_the_texts_is_kept(folder: Path) -> None:
    """Until something else is told, here or on the command line."""
    with labelling(folder) as session:
        session.tell("0-4a-b", "")
    with labelling(folder) as session:
        assert session.texts == Texts("0-4a-b")
        with pytest.raises(UsageError, match="charset"):
            session.tell("9-0", "")
        assert session.texts == Texts("0-4a-b")
        session.tell("", "3")
    with labelling(folder) as session:
        assert session.texts == Texts("", "3")
    with labelling(folder, charset="0-9") as session:
        assert session.texts == Texts("0-9")


def test_the_model_that_was_trained_here_is_offered_and_told(folder: Path) -> None:
    """From the start, to whoever reads images on this server."""
    lines: list[str] = []
    models: list[Path] = []
    settings = LabelSettings(folder, retrain=None)
    session = LabelSession(settings, lines.append, lambda reader: models.append(reader.path))
    session.begin()
    waited(lambda: lines)
    session.end()
    assert models == [folder / OWN_MODEL]
    assert lines == [f"guesses by {folder / OWN_MODEL}"]

"""A model guesses in the background; it learns there, gives way, and is used where it is better."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.decode import ReadOptions
from captchascope.generate import write_folder
from captchascope.reader import Reader, load, model_path
from captchascope.web.label.images import files_of
from captchascope.web.label.learning import (
    NEXT_MODEL,
    OWN_MODEL,
    Guesses,
    Retrainer,
    can_train,
    training_command,
)
from captchascope.web.label.schema import Guess, Submission
from captchascope.web.label.store import Store
from ctc.bars import write_model

DRAWN = 20
SEED = 990_113
COUNT = 60
EVERY = 10

COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2]); sys.exit(1)"
FAIL = "import sys; sys.exit('first\\ncaptchas: has too few samples (label some)')"
NO_MODEL = "import sys; open(sys.argv[2], 'w').write('no model')"
SLEEP = """
import os, sys, time
while os.getpriority(os.PRIO_PROCESS, 0) < 15:  # until it is to give way
    time.sleep(0.01)
open(sys.argv[2], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""

needs_train = pytest.mark.skipif(not can_train(), reason="needs the extra 'train'")


def waited(wanted: Callable[[], object]) -> object:
    """Wait for something, and return it."""
    end = time.monotonic() + 300
    while not (found := wanted()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Draw captchas, and break one."""
    write_folder("metu", tmp_path / "captchas", DRAWN, SEED)
    (tmp_path / "captchas" / "7.jpeg").write_bytes(b"no image")
    return tmp_path / "captchas"


@pytest.fixture
def drawn(folder: Path) -> Iterator[Store]:
    """Open a store of them."""
    store = Store(folder)
    store.set_present(files_of(folder))
    yield store
    store.close()


def test_all_that_is_not_labelled_is_read_as_the_library_reads_it(
    folder: Path, drawn: Store
) -> None:
    """What cannot be read is the least certain of all; what is labelled is left alone."""
    drawn.say("person-a", [Submission("key-1", 2, "111111")])
    assert drawn.lease("person-b", [], 3).new == [1, 3, 4]
    guesses, reader = Guesses(drawn), load("metu")
    guesses.use(reader)
    guesses.begin()
    waited(lambda: all(drawn.guess(image) for image in drawn.with_state("open")))
    guesses.end()
    assert drawn.guess(2) is None
    assert drawn.guess(7) == Guess(None, 0.0, (), 1)
    for image in (1, 3, DRAWN):
        guess, reading = drawn.guess(image), reader.read(folder / f"{image}.jpeg")
        assert guess is not None
        assert (guess.text, len(guess.chars)) == (reading.text, 6)
        assert guess.confidence == pytest.approx(reading.confidence, abs=1e-4)
    order = drawn.lease("person-b", [], DRAWN).new
    sureness = [guess.confidence for image in order if (guess := drawn.guess(image))]
    assert (order[0], len(order), sureness) == (7, DRAWN - 1, sorted(sureness))


def test_an_image_that_is_gone_is_as_uncertain_as_can_be(folder: Path, drawn: Store) -> None:
    """And keeps no other from being read."""
    (folder / "3.jpeg").unlink()
    guesses = Guesses(drawn)
    guesses.use(load("metu"))
    guesses.begin()
    waited(lambda: all(drawn.guess(image) for image in (3, 4)))
    guesses.end()
    assert drawn.guess(3) == Guess(None, 0.0, (), 1)
    assert (read := drawn.guess(4)) is not None
    assert read.text is not None


def test_a_model_that_fails_is_told_until_another_reads(drawn: Store, tmp_path: Path) -> None:
    """Nobody is kept from labelling by it."""
    guesses = Guesses(drawn)
    guesses.use(load(write_model(tmp_path / "odd.onnx", breaks=True)))
    guesses.begin()
    waited(lambda: guesses.trouble)
    assert "odd.onnx: failed on a batch of the shape" in guesses.trouble
    guesses.use(load("metu"))
    waited(lambda: drawn.guess(1))
    guesses.end()
    assert guesses.trouble == ""


def test_a_store_that_fails_is_told(folder: Path) -> None:
    """And does not end what guesses, which would guess nothing any more in silence."""
    store = Store(folder)
    guesses = Guesses(store)
    guesses.use(load("metu"))
    store.close()
    guesses.begin()
    waited(lambda: guesses.trouble)
    guesses.end()
    assert guesses.trouble.startswith("the model cannot read: ")


def test_another_model_reads_everything_again(folder: Path, drawn: Store) -> None:
    """Its guesses take the place of the others."""
    guesses = Guesses(drawn)
    guesses.use(load("metu"))
    guesses.begin()
    images = drawn.with_state("open")
    waited(lambda: all(drawn.guess(image) for image in images))
    guesses.use(load("any"))
    waited(lambda: all((g := drawn.guess(i)) and g.model == 2 for i in images))
    guesses.end()
    guess = drawn.guess(1)
    assert guess is not None
    assert guess.text == load("any").read(folder / "1.jpeg").text


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store of images that are not there."""
    store = Store(tmp_path)
    store.set_present([f"{number}.png" for number in range(1, COUNT + 1)])
    yield store
    store.close()


def label(store: Store, count: int, right: bool = True) -> None:
    """Label some more images, whose guesses were all right or all wrong."""
    begun = store.counts()["labelled"]
    for image in range(begun + 1, begun + count + 1):
        guess = "aa" if right else "ab"
        store.say("person-a", [Submission(f"key-{image}", image, "aa", guess=guess)])


class Learner(Retrainer):
    """Trains by a script.

    Attributes:
        used: The models that came of it, each with what was said before it was in use.
    """

    def __init__(self, store: Store, script: str = COPY) -> None:
        models = (str(model_path("metu")), str(store.folder / NEXT_MODEL))
        command = [sys.executable, "-c", script, *models]
        super().__init__(store, EVERY, command, self._note)
        self.used: list[tuple[Reader, str, bool]] = []

    def _note(self, reader: Reader) -> None:
        self.used.append((reader, self.news, self.begun is None))


def unused(reader: Reader) -> None:
    """Fail: no model was to come of it."""
    raise AssertionError(reader.path)


def looking(learner: Retrainer, found: Callable[[], object]) -> None:
    """Let it look until something is found."""

    def look() -> object:
        learner.look()
        return found()

    waited(look)


@needs_train
def test_a_training_begins_after_so_many_labels(store: Store, tmp_path: Path) -> None:
    """Not before, not twice at once, and not again before there are as many more."""
    learner = Learner(store)
    label(store, EVERY - 1, right=False)
    learner.look()
    assert learner.begun is None
    label(store, 1, right=False)
    learner.look()
    assert learner.begun is not None
    looking(learner, lambda: learner.used)
    [(reader, *said)] = learner.used
    assert reader.path == tmp_path / OWN_MODEL
    assert said == ["", False]  # it is in use before a page can hear of it
    assert "guesses now" in learner.news
    assert learner.begun is None
    learner.look()
    assert learner.begun is None
    label(store, EVERY)
    learner.look()
    assert learner.begun is not None
    learner.end()


@needs_train
def test_a_model_that_is_worse_is_not_used(store: Store, tmp_path: Path) -> None:
    """The one in use had all of its last guesses accepted; where they were wrong, it goes."""
    learner = Learner(store)
    label(store, EVERY)
    learner.look()
    looking(learner, lambda: learner.news)
    assert "is better and stays" in learner.news
    assert not (tmp_path / OWN_MODEL).exists()
    assert not learner.used
    label(store, 40, right=False)
    learner.look()
    looking(learner, lambda: learner.used)


@needs_train
@pytest.mark.parametrize(
    ("script", "what"),
    [(FAIL, "captchas: has too few samples (label some)"), ("", "it said nothing")],
)
def test_a_training_that_fails_is_told_and_disturbs_nothing(
    store: Store, script: str, what: str
) -> None:
    """By its last line, if it said any."""
    learner = Learner(store, script)
    label(store, EVERY)
    learner.look()
    looking(learner, lambda: learner.trouble)
    assert learner.trouble == f"training gave no model: {what}"


@needs_train
def test_a_training_that_cannot_begin_is_told(store: Store, tmp_path: Path) -> None:
    """And is not tried again before there are as many labels more."""
    learner = Retrainer(store, EVERY, [str(tmp_path / "no-such-program")], unused)
    label(store, EVERY)
    learner.look()
    assert learner.trouble == "training could not begin: No such file or directory"
    learner.trouble = ""
    learner.look()
    assert learner.trouble == ""


def test_without_retraining_there_is_none(store: Store) -> None:
    """However many labels there are."""
    learner = Retrainer(store, None, [], unused)
    label(store, EVERY)
    learner.look()
    assert not learner.learns
    assert learner.begun is None


@needs_train
def test_a_training_gives_way_and_ends_with_the_server(store: Store, tmp_path: Path) -> None:
    """It has a low priority, there is one at a time, and it is killed."""
    learner = Learner(store, SLEEP)
    label(store, EVERY)
    learner.look()
    told = tmp_path / NEXT_MODEL
    looking(learner, lambda: told.exists() and told.read_text().endswith("\n"))
    label(store, EVERY)
    learner.look()
    learner.end()
    assert learner.begun is None
    [pid] = told.read_text().splitlines()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@needs_train
def test_what_is_no_model_is_not_used(store: Store) -> None:
    """A training may leave anything."""
    learner = Learner(store, NO_MODEL)
    label(store, EVERY)
    learner.look()
    looking(learner, lambda: learner.trouble)
    assert learner.trouble.startswith("training gave no model: ")


@needs_train
def test_the_command_is_one_that_the_command_line_knows(store: Store, tmp_path: Path) -> None:
    """On a folder without labels it fails for that reason and no other."""
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("file,label\n")
    learner = Retrainer(store, EVERY, training_command(tmp_path, 30.0, ReadOptions()), unused)
    label(store, EVERY)
    learner.look()
    looking(learner, lambda: learner.trouble)
    assert "usage" not in learner.trouble
    assert "option" not in learner.trouble


def test_what_is_asked_for_is_read_at_once_by_the_model_in_use(drawn: Store) -> None:
    """No other model's guess is given, and none comes after it."""
    guesses = Guesses(drawn)
    assert guesses.of([1, 2]) == (0, {})
    guesses.use(load("metu"))
    first = guesses.of([1, 2, 7])[1]
    assert (first[7].text, {guess.model for guess in first.values()}) == (None, {1})
    guesses.use(load("any"))
    number, second = guesses.of([1, 2])
    assert (number, {guess.model for guess in second.values()}) == (2, {2})
    drawn.set_guesses(first)  # of a batch that was being read meanwhile
    assert guesses.of([1, 2]) == (2, second)
    assert drawn.guess(7) == first[7]
    guesses.end()

"""A model learns in the background, gives way, and is used where it is better."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from captchascope.reader import Reader, model_path
from captchascope.web.label.retrainer import OWN_MODEL, Pupil, Training, can_train, command
from captchascope.web.label.store import Said, Store

pytest.importorskip("fastapi")


pytestmark = pytest.mark.skipif(not can_train(), reason="needs the extra 'train'")

COUNT = 60
EVERY = 10

COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2]); sys.exit(1)"
FAIL = "import sys; sys.exit('first\\ncaptchascope: captchas: has too few samples (label some)')"
SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store of images that are not there."""
    store = Store(tmp_path / "store.sqlite")
    store.set_present([f"{number}.png" for number in range(1, COUNT + 1)])
    yield store
    store.close()


def label(store: Store, count: int, right: bool = True) -> None:
    """Label some more images, whose guesses were all right or all wrong."""
    begun = store.counts()["labelled"]
    for image in range(begun + 1, begun + count + 1):
        guess = "aa" if right else "ab"
        store.say("person-a", [Said(f"key-{image}", image, "aa", guess=guess)])


def trained(script: str, tmp_path: Path) -> Training:
    """Return a training that is this script."""
    model = tmp_path / ".captchascope-next.onnx"
    start = str(model_path("start"))
    return Training([sys.executable, "-c", script, start, str(model)], model)


def pupil(store: Store, tmp_path: Path, script: str = COPY) -> Pupil:
    """Return a pupil that trains by a script."""
    made = Pupil(tmp_path, store, EVERY, 60.0)
    made._training = trained(script, tmp_path)
    return made


def ended(wanted: Callable[[], object]) -> object:
    """Wait for something, and return it."""
    end = time.monotonic() + 120
    while not (found := wanted()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def test_a_training_begins_after_so_many_labels(store: Store, tmp_path: Path) -> None:
    """Not before, not twice at once, and not again before there are as many more."""
    learner = pupil(store, tmp_path)
    label(store, EVERY - 1, right=False)
    assert learner.look() is None
    assert learner.begun is None
    label(store, 1, right=False)
    assert learner.look() is None
    assert learner.begun is not None
    reader = ended(learner.look)
    assert isinstance(reader, Reader)
    assert reader.path == tmp_path / OWN_MODEL
    assert "guesses now" in learner.news
    assert learner.look() is None
    assert learner.begun is None
    label(store, EVERY)
    learner.look()
    assert learner.begun is not None
    learner.end()


def test_a_model_that_is_worse_is_not_used(store: Store, tmp_path: Path) -> None:
    """The one in use had all of its last guesses accepted; where they were wrong, it goes."""
    learner = pupil(store, tmp_path)
    label(store, EVERY)
    learner.look()
    ended(lambda: learner.look() or learner.news)
    assert "is better and stays" in learner.news
    assert not (tmp_path / OWN_MODEL).exists()
    label(store, 40, right=False)
    learner.look()
    assert ended(learner.look) is not None


def test_a_training_that_fails_is_told_and_disturbs_nothing(store: Store, tmp_path: Path) -> None:
    """By its last line."""
    learner = pupil(store, tmp_path, FAIL)
    label(store, EVERY)
    learner.look()
    ended(lambda: learner.look() or learner.trouble)
    what = "captchas: has too few samples (label some)"
    assert learner.trouble == f"training gave no model: {what}"


def test_a_training_gives_way_and_ends_with_the_server(tmp_path: Path) -> None:
    """It has the lowest priority, and is killed."""
    training = trained(SLEEP, tmp_path)
    training.begin()
    process = training._process
    assert process is not None
    if sys.platform != "win32":
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 15
    assert training.finished() is None
    training.begin()
    assert training._process is process
    training.end()
    assert process.poll() is not None
    assert training.begun is None


def test_what_is_no_model_is_not_used(tmp_path: Path) -> None:
    """A training may leave anything."""
    training = trained("import sys; open(sys.argv[2], 'w').write('no model')", tmp_path)
    training.begin()
    ended(lambda: training.finished() or training.trouble)
    assert training.trouble.startswith("training gave no model: ")


def test_the_command_is_one_that_the_command_line_knows(tmp_path: Path) -> None:
    """On a folder without labels it fails for that reason and no other."""
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("file,label\n")
    model = tmp_path / "model.onnx"
    training = Training(command(tmp_path, model, 30.0), model)
    training.begin()
    ended(lambda: training.finished() or training.trouble)
    assert "usage" not in training.trouble
    assert "option" not in training.trouble

"""Guesses come in the background, and decide what comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.generate.folder import write_folder
from captchascope.reader import load
from captchascope.web.label.guesses import Guesses, by_doubt
from captchascope.web.label.images import files_of
from captchascope.web.label.retrainer import best_of
from captchascope.web.label.schema import Guess
from captchascope.web.label.store import Said, Store

COUNT = 20
SEED = 990_113


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Draw captchas, and break one."""
    write_folder("metu", tmp_path / "captchas", COUNT, SEED)
    (tmp_path / "captchas" / "7.jpeg").write_bytes(b"no image")
    return tmp_path / "captchas"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """Open a store of them."""
    store = Store(folder / "store.sqlite")
    store.set_present(files_of(folder))
    yield store
    store.close()


def until(wanted: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 300
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_all_that_is_not_labelled_is_read_as_the_library_reads_it(
    folder: Path, store: Store
) -> None:
    """What cannot be read is the least certain of all; what is labelled is left alone."""
    store.say("person-a", [Said("key-1", 2, "111111")])
    guesses = Guesses(folder, store)
    assert list(guesses.order()) == store.present()
    reader = load("metu")
    guesses.use(reader)
    guesses.begin()
    until(lambda: all(guesses.of(image) for image in store.with_state("open")))
    guesses.end()
    assert guesses.of(2) is None
    assert guesses.of(7) == Guess(None, 0.0, (), 1)
    for image in (1, 3, COUNT):
        guess, reading = guesses.of(image), reader.read(folder / f"{image}.jpeg")
        assert guess is not None
        assert (guess.text, len(guess.chars)) == (reading.text, 6)
        assert guess.confidence == pytest.approx(reading.confidence, abs=1e-4)
    order = list(guesses.order())
    assert (order[0], order[-1]) == (7, 2)


def test_another_model_reads_everything_again(folder: Path, store: Store) -> None:
    """Its guesses take the place of the others."""
    guesses = Guesses(folder, store)
    guesses.use(load("metu"))
    guesses.begin()
    until(lambda: all(guesses.of(image) for image in store.present()))
    guesses.use(load("start"))
    until(lambda: all((g := guesses.of(i)) and g.model == 2 for i in store.present()))
    guesses.end()
    guess = guesses.of(1)
    assert guess is not None
    assert guess.text == load("start").read(folder / "1.jpeg").text


def test_the_least_certain_comes_first() -> None:
    """And what has no guess yet comes last, in its own order."""
    guesses = {1: Guess("a", 0.9, (), 1), 3: Guess("b", 0.2, (), 1), 4: Guess(None, 0.0, (), 1)}
    assert by_doubt([1, 2, 3, 4, 5], guesses) == [4, 3, 1, 2, 5]


def test_the_model_that_is_surest_about_the_images_is_chosen(folder: Path, tmp_path: Path) -> None:
    """The one of their own scheme; for a scheme that no model knows, the one for all."""
    write_folder("lined", tmp_path / "lined", COUNT, SEED)
    for name, place in (("metu", folder), ("start", tmp_path / "lined")):
        images = [path.read_bytes() for path in sorted(place.glob("1*.jpeg"))]
        assert best_of(images).path == load(name).path

"""A copy of the labels that is taken while people label, and what comes of it elsewhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.errors import OutputError
from captchascope.web.label.schema import DATABASE, Submission
from captchascope.web.label.store import Store
from web.label.server import Labeller, serving
from web.label.trials import People, crowd

_OPTIONS = ("--no-retrain", "--model", "metu-glyphs")


def marks_in(file: Path) -> dict[str, tuple[int, str]]:
    """Return each key in a file of labels, with its image and text; the file must be sound."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT key, image, text FROM marks WHERE undone IS NULL")
        return {key: (image, text) for key, image, text in rows}


def test_a_backup_has_every_label_that_was_acknowledged_before(tmp_path: Path) -> None:
    """Taken over HTTP while two label; restored to another folder, that is labelled on."""
    folder, people = crowd(tmp_path / "captchas", 400), People()
    saved = tmp_path / "saved.sqlite"
    with serving(folder, *_OPTIONS) as served, people.label(served):
        operator = Labeller(served.url, "operator")
        for _ in range(5):
            people.give(10)
            before = people.acknowledged
            status, data = operator.ask("GET", "/label/backup")
            assert status == 200
            saved.write_bytes(data)
            kept = marks_in(saved)
            assert before.items() <= kept.items()
        operator.close()
    assert len(kept) >= 50
    assert kept.items() <= {key: said for p in people.each for key, said in p.said.items()}.items()

    restored = crowd(tmp_path / "restored", 400)
    saved.rename(restored / DATABASE)
    with serving(restored, *_OPTIONS) as again:
        somebody = Labeller(again.url, "somebody-else")
        given = somebody.lease(5)["new"]
        assert {item["id"] for item in given}.isdisjoint(image for image, _ in kept.values())
        somebody.say(given[0]["id"], "later")
        somebody.close()
    labelled = (restored / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(labelled) == len({image for image, _ in kept.values()}) + 1


def test_another_program_cannot_read_the_file_meanwhile(tmp_path: Path) -> None:
    """Hence no backup by the command of SQLite: it is told that the file is locked."""
    folder = crowd(tmp_path / "captchas", 3)
    with (
        serving(folder, *_OPTIONS),
        closing(sqlite3.connect(folder / DATABASE, timeout=0)) as outsider,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        outsider.execute("SELECT * FROM marks")


def test_a_backup_that_finds_no_room_says_so(tmp_path: Path) -> None:
    """By where it could not be written; labelling goes on."""
    store = Store(crowd(tmp_path / "captchas", 1))
    try:
        numbers = store.add_images(["1.png"])
        with pytest.raises(OutputError, match=r"nowhere.*cannot be written"):
            store.back_up(tmp_path / "nowhere" / DATABASE)
        (done,) = store.say("somebody", [Submission("key-1", numbers["1.png"], "a")])
        assert done.fault == ""
    finally:
        store.close()

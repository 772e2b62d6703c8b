"""Trials of a real server while two people label: killed, on a full disk, robbed, and contested.

Each returns how many labels were acknowledged, and fails if one of them is lost. ``bench`` has them
in their long form.
"""

from __future__ import annotations

import csv
import http.client
import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from captchascope.web.label.schema import DATABASE
from web.label.folders import fill
from web.label.server import Labeller, Served
from web.label.soon import waited

_OPTIONS = ("--no-retrain", "--model", "metu-glyphs")
_MOST = 25  # labels until something happens
_LONGEST = 0.02  # seconds from the last of these until it does
_PAUSE = 0.01  # seconds until what was refused is tried again
_BLOCKS = (2**20, 2**12)  # bytes


class Person:
    """Somebody who labels until the server is gone, and tries again what was not acknowledged.

    Attributes:
        said: Each key with the image and text that went with it.
        acknowledged: The keys of which the server has said that they are stored.
        refused: How many requests were answered with an error.
        idle: Whether there is nothing left to label.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.said: dict[str, tuple[int, str]] = {}
        self.acknowledged: set[str] = set()
        self.refused = 0
        self.idle = False
        self._rng = random.Random(seed)

    def label(self, url: str, ended: threading.Event) -> None:
        """Label until the connection breaks or all ends."""
        labeller = Labeller(url, self.name)
        with suppress(OSError, http.client.HTTPException):
            while not ended.is_set():
                waiting = [key for key in self.said if key not in self.acknowledged]
                if not (all(self._say(labeller, key) for key in waiting) and self._go_on(labeller)):
                    ended.wait(_PAUSE)
        labeller.close()

    def _go_on(self, labeller: Labeller) -> bool:
        wish = {"session": self.name, "want": 5}
        status, data = labeller.ask("POST", "/label/lease", wish)
        self.refused += status != 200
        given = json.loads(data)["new"] if status == 200 else ()
        self.idle = status == 200 and not given
        for item in given:
            key = f"{self.name}-{len(self.said)}"
            self.said[key] = item["id"], f"{self._rng.randrange(10**6):06}"
            if not self._say(labeller, key):
                return False
        return bool(given)

    def _say(self, labeller: Labeller, key: str) -> bool:
        image, text = self.said[key]
        said = {"session": self.name, "said": [{"key": key, "image": image, "text": text}]}
        status, data = labeller.ask("POST", "/label/say", said)
        stored = status == 200 and json.loads(data)["done"] == [{"key": key, "fault": ""}]
        self.refused += not stored
        if stored:
            self.acknowledged.add(key)
        return stored


class People:
    """Two who label together."""

    def __init__(self) -> None:
        self.each = [Person("person-a", 1), Person("person-b", 2)]

    @property
    def acknowledged(self) -> dict[str, tuple[int, str]]:
        """Each key that was acknowledged, with the image and text that went with it."""
        return {key: p.said[key] for p in self.each for key in set(p.acknowledged)}

    @contextmanager
    def label(self, served: Served) -> Iterator[None]:
        """Label until the block ends."""
        ended = threading.Event()
        threads = [threading.Thread(target=p.label, args=(served.url, ended)) for p in self.each]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def give(self, labels: int) -> None:
        """Wait until they have given so many more, or all."""
        enough = self._count() + labels
        waited(lambda: self._count() >= enough or self._is_done())

    def be_refused(self) -> None:
        """Wait until another request of theirs is answered with an error, or they have done all."""
        before = sum(person.refused for person in self.each)
        waited(lambda: sum(person.refused for person in self.each) > before or self._is_done())

    def _is_done(self) -> bool:
        return any(person.idle for person in self.each)

    def _count(self) -> int:
        return sum(len(person.acknowledged) for person in self.each)


def moments(times: int) -> Iterator[tuple[int, float]]:
    """Yield after how many labels something happens, and how many seconds after the last."""
    rng = random.Random(5)
    for _ in range(times):
        yield rng.randrange(_MOST), rng.uniform(0, _LONGEST)


def crowd(folder: Path, count: int) -> Path:
    """Make a folder with images of one content; more than are labelled."""
    fill(folder, 1)
    for number in range(2, count + 1):
        (folder / f"{number}.png").hardlink_to(folder / "1.png")
    return folder


def killed(parent: Path, times: int) -> int:
    """Kill the server at random moments."""
    folder, people = crowd(parent / "captchas", 40 * times), People()
    for labels, seconds in moments(times):
        served = Served(folder, *_OPTIONS)
        with people.label(served):
            people.give(labels)
            threading.Event().wait(seconds)
            served.kill()
    return ended_well(folder, people)


def filled(parent: Path, times: int) -> int:
    """Fill the disk at random moments, and empty it or kill the server by turns.

    Args:
        parent: On a file system of a few megabytes.
        times: How often.
    """
    ballast, total = parent / "ballast", 0
    for turn, (labels, seconds) in enumerate(moments(times)):
        folder, people = crowd(parent / f"turn-{turn}" / "captchas", 60), People()
        served = Served(folder, *_OPTIONS)
        with people.label(served):
            people.give(labels + 1)
            threading.Event().wait(seconds)
            _fill_disk(ballast)
            people.be_refused()
            if turn % 2 == 0:
                ballast.unlink()
                people.give(1)  # it goes on by itself
            served.kill()
            ballast.unlink(missing_ok=True)
        total += ended_well(folder, people)
    return total


def _fill_disk(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in _BLOCKS:
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


def removed(parent: Path, times: int) -> int:
    """Remove, replace or move the folder at random moments, by turns."""
    total = 0
    for turn, (labels, seconds) in enumerate(moments(times)):
        people = People()
        folder = crowd(parent / f"turn-{turn}" / "captchas", 60)
        served = Served(folder, *_OPTIONS)
        with people.label(served):
            people.give(labels + 1)
            threading.Event().wait(seconds)
            _take_away(folder, turn % 3)
            people.be_refused()
        assert served.stop() == 1, served.heard
        found = re.findall(r"its labels are in (.*?\.csv) \(", served.heard)
        assert found, served.heard
        acknowledged = people.acknowledged
        rows = _rows(Path(found[-1]))
        # Images have the numbers of their names; one may be stored without being acknowledged.
        assert {(f"{image}.png", text) for image, text in acknowledged.values()} <= rows
        total += len(acknowledged)
    return total


def _take_away(folder: Path, how: int) -> None:
    going = folder.with_name("moved")
    folder.rename(going)
    if how == 0:
        return
    while going.exists():  # somebody writes into it meanwhile
        shutil.rmtree(going, ignore_errors=True)
    if how == 2:
        fill(folder, 3)


def contested(parent: Path, times: int) -> int:
    """Start a second server beside the first, before it is killed and after."""
    folder, people = crowd(parent / "captchas", 40 * times), People()
    served = Served(folder, *_OPTIONS)
    link = folder / "1.png"
    link.unlink()
    link.symlink_to(DATABASE)  # whoever reads and closes it drops a lock of SQLite's
    for labels, seconds in moments(times):
        with people.label(served):
            people.give(labels)
            looking = Labeller(served.url, "person-c")
            assert looking.ask("GET", "/label/image/1")[0] == 422
            looking.close()
            assert "is in use: somebody labels this folder" in _refusal(folder)
            threading.Event().wait(seconds)
            served.kill()
        served = Served(folder, *_OPTIONS)
    served.kill()
    return ended_well(folder, people)


def _refusal(folder: Path) -> str:
    """Return why no other server labels a folder; empty if one does."""
    try:
        Served(folder, *_OPTIONS).kill()
    except AssertionError as refused:
        return str(refused)
    return ""


def ended_well(folder: Path, people: People) -> int:
    """Check that all that was acknowledged is in the store and in labels.csv, once each."""
    served = Served(folder, *_OPTIONS)
    assert served.stop() == 0, served.heard
    acknowledged = people.acknowledged
    said = people.each[0].said | people.each[1].said
    with closing(sqlite3.connect(folder / DATABASE)) as store:
        files = dict(store.execute("SELECT id, file FROM images"))
        marks = store.execute("SELECT key, image, text FROM marks WHERE undone IS NULL")
        stored = {key: (image, text) for key, image, text in marks}
    assert acknowledged.items() <= stored.items() <= said.items()
    images = [image for image, _ in stored.values()]
    assert len(images) == len(set(images))
    assert _rows(folder / "labels.csv") == {(files[image], text) for image, text in stored.values()}
    return len(acknowledged)


def _rows(path: Path) -> set[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row[0], row[1]) for row in csv.reader(file)][1:]
    assert len(rows) == len(set(rows))
    return set(rows)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Mount a file system of that size in memory; None where that is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "captchascope", folder]
        if sys.platform != "linux" or not _works(mount):
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False

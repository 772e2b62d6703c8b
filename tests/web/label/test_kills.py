"""The real server, killed at random moments while two people label."""

from __future__ import annotations

import csv
import http.client
import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from captchascope.web.label.schema import DATABASE
from web.label.folders import fill
from web.label.server import Labeller, Served

KILLS = 20
IMAGES = 700  # more than are labelled
MOST = 25  # labels until a kill
LONGEST = 0.02  # seconds from the last of these to the kill


class Person:
    """Somebody who labels until the server is gone, and tries again what was not acknowledged.

    Attributes:
        said: Each key with the image and text that went with it.
        acknowledged: The keys of which the server has said that they are stored.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.said: dict[str, tuple[int, str]] = {}
        self.acknowledged: set[str] = set()
        self._rng = random.Random(seed)

    def label(self, url: str) -> None:
        """Label until the connection breaks."""
        labeller = Labeller(url, self.name)
        try:
            for key in [key for key in self.said if key not in self.acknowledged]:
                self._say(labeller, key)
            while True:
                for item in labeller.lease(5)["new"]:
                    key = f"{self.name}-{len(self.said)}"
                    self.said[key] = item["id"], f"{self._rng.randrange(10**6):06}"
                    self._say(labeller, key)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            labeller.close()

    def _say(self, labeller: Labeller, key: str) -> None:
        image, text = self.said[key]
        done = labeller.say(image, text, key)["done"]
        assert done == [{"key": key, "fault": ""}]
        self.acknowledged.add(key)


def test_twenty_kills_lose_no_acknowledged_label_and_double_none(tmp_path: Path) -> None:
    """Neither in the store nor in labels.csv; and no image is given to both."""
    folder = fill(tmp_path / "captchas", 1)
    for number in range(2, IMAGES + 1):
        (folder / f"{number}.png").hardlink_to(folder / "1.png")
    rng = random.Random(5)
    moments = [(rng.randrange(MOST), rng.uniform(0, LONGEST)) for _ in range(KILLS)]
    people = [Person("person-a", 1), Person("person-b", 2)]
    for labels, seconds in moments:
        enough = sum(len(person.acknowledged) for person in people) + labels
        served = Served(folder, "--no-retrain", "--model", "metu-glyphs")
        threads = [threading.Thread(target=p.label, args=(served.url,)) for p in people]
        for thread in threads:
            thread.start()
        while sum(len(person.acknowledged) for person in people) < enough:
            time.sleep(0.001)
        time.sleep(seconds)
        served.kill()
        for thread in threads:
            thread.join()
    served = Served(folder, "--no-retrain", "--model", "metu-glyphs")
    assert served.stop() == 0, served.heard

    acknowledged = {key: p.said[key] for p in people for key in p.acknowledged}
    said = people[0].said | people[1].said
    with closing(sqlite3.connect(folder / DATABASE)) as store:
        files = dict(store.execute("SELECT id, file FROM images"))
        marks = store.execute("SELECT key, image, text FROM marks WHERE undone IS NULL")
        stored = {key: (image, text) for key, image, text in marks}
    assert len(acknowledged) >= sum(labels for labels, _ in moments)
    assert acknowledged.items() <= stored.items() <= said.items()
    images = [image for image, _ in stored.values()]
    assert len(images) == len(set(images))
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert sorted(rows) == sorted([files[image], text] for image, text in stored.values())

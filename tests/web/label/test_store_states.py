"""Whatever happens in whatever order, the store, its leases and labels.csv keep their word."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from captchascope.data.formats.tables import read_csv
from captchascope.data.match import Folder
from captchascope.files import find_images
from captchascope.web.label.csvsync import CsvSync
from captchascope.web.label.schema import OPEN, Submission
from captchascope.web.label.store import LEASE, Store, in_share
from web.label.folders import fill

PEOPLE = ("person-a", "person-b", "person-c")
FILES = [f"{number}.png" for number in range(1, 7)]
OVERLAP = 0.5


class Labelling(RuleBasedStateMachine):
    """People lease, label, change their minds; the server is killed, and time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = fill(Path(tempfile.mkdtemp()), len(FILES))
        self.now = 1000.0
        self.keys = 0
        self.said: list[tuple[str, str, int, str | None, bool]] = []  # the last field: it stands
        self.held: dict[tuple[str, int], float] = {}
        self.start()

    def start(self) -> None:
        """Open everything, as a server does."""
        self.store = Store(self.folder, OVERLAP, lambda: self.now)
        self.store.set_present(FILES)
        self.csv = CsvSync(self.store)
        self.csv.begin()

    @rule(who=st.sampled_from(PEOPLE), want=st.integers(0, 3), keep=st.booleans())
    def lease(self, who: str, want: int, keep: bool) -> None:
        """Somebody asks for images."""
        mine = [i for (s, i), until in self.held.items() if s == who and until > self.now]
        hold = mine if keep else []
        leased = self.store.lease(who, hold, want)
        self.held = {key: until for key, until in self.held.items() if key[0] != who}
        for image in [*(i for i in hold if i not in leased.lost), *leased.new]:
            self.held[who, image] = self.now + LEASE
        for image in leased.new:
            assert not any(s == who and i == image and on for _, s, i, _, on in self.said)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), text=st.sampled_from(["aa", "bb", None]), twice=st.booleans())
    def say(self, data: st.DataObject, text: str | None, twice: bool) -> None:
        """Somebody labels an image that they were given, perhaps long ago."""
        who, image = data.draw(st.sampled_from(sorted(self.held)))
        self.keys += 1
        said = Submission(f"key-{self.keys:04}", image, text)
        assert not self.store.say(who, [said] * (1 + twice))[0].fault
        self.said.append((said.key, who, image, text, True))

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """Somebody withdraws something, perhaps again."""
        at = data.draw(st.integers(0, len(self.said) - 1))
        key, who, image, text, _ = self.said[at]
        assert not self.store.say(who, [Submission(key, None)])[0].fault
        self.said[at] = key, who, image, text, False

    @rule(seconds=st.sampled_from([30.0, LEASE, 10 * LEASE]))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def follow(self) -> None:
        """Bring the file up to date; it says what people say."""
        self.csv.follow()
        path = self.folder / "labels.csv"
        images = Folder.of(self.folder, find_images(self.folder))
        rows = {row.file: row.label for row in read_csv(images, path)} if path.exists() else {}
        assert rows == {file: text for file, text, _ in self.store.labels()[1]}

    @rule()
    def kill(self) -> None:
        """End the server at once, and start it again."""
        self.store.close()
        self.start()

    @invariant()
    def everything_said_stands_once(self) -> None:
        """As people's own last words, and nothing besides."""
        standings = self.store.standings()
        for image in range(1, len(FILES) + 1):
            marks = [(m.key, m.session, m.text) for m in self.store.annotations(image)]
            assert marks == [(k, s, t) for k, s, i, t, on in self.said if on and i == image]
            last = {session: text for _, session, text in marks}
            standing, texts = standings.get(image, OPEN), set(last.values())
            assert (standing.state == "open") == (not texts)
            assert (standing.state == "disputed") == (len(texts) > 1)
            assert standing.text is None or texts == {standing.text}
            assert image in self.store.with_state(standing.state)

    @invariant()
    def no_image_is_with_more_than_should_see_it(self) -> None:
        """One, or two of the share."""
        for image, file in enumerate(FILES, 1):
            held = [s for (s, i), until in self.held.items() if i == image and until > self.now]
            assert len(held) <= (2 if in_share(file, OVERLAP) else 1)

    def teardown(self) -> None:
        """Close and remove everything."""
        self.store.close()
        shutil.rmtree(self.folder)


TestLabelling = Labelling.TestCase
TestLabelling.settings = settings(max_examples=30, stateful_step_count=30)

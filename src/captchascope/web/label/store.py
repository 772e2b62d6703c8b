"""The labels of a folder while people give them: on the disk before it is said that they are.

Threads may share a store. Images have numbers, which never change and are never used again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from sqlite3 import Connection

from captchascope.data.labels import label_fault
from captchascope.files import natural_key
from captchascope.web.label.place import Place
from captchascope.web.label.schema import (
    CSV,
    DATABASE,
    OPEN,
    Annotation,
    Database,
    Guess,
    Result,
    Standing,
    Submission,
    standing_of,
)

LEASE = 120.0
"""Seconds for which an image is one session's; a page that is open renews it."""

_NOW = 2**62  # later than anything that annotations have counted

_ANNOTATION = "key, image, session, text, final, guess, seconds"

_HAS_ROOM = """
    place IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.image = standings.image AND undone IS NULL
        AND (final OR session = :csv))
    AND viewers > (SELECT COUNT(*) FROM (
        SELECT session FROM marks WHERE marks.image = standings.image AND undone IS NULL
        UNION
        SELECT session FROM leases WHERE leases.image = standings.image AND until > :now
    ) WHERE session <> :session)
"""
"""Fewer others have had an image, or have it now, than are to see it: one, or two of the share.
What the session itself has said of it does not matter here."""

_DUE = f"""
    (state = 'open' OR viewers > 1) AND confidence BETWEEN :least AND :most AND {_HAS_ROOM}
    AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.image = standings.image AND undone IS NULL
        AND session = :session)
    AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.image = standings.image
        AND session = :session)
"""


@dataclass(frozen=True, slots=True)
class Leased:
    """Images that are ``new`` to a session, and ``lost`` ones: gone, or others have them."""

    new: list[int]
    lost: list[int]


class Store:
    """The images, annotations and leases of one folder.

    Attributes:
        folder: The folder.
        seq: The time as annotations count it: it grows with each, and with each withdrawal.
    """

    def __init__(
        self, folder: Path, overlap: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the store of a folder, or make it; errors as of ``Database``.

        Args:
            folder: Where the images are.
            overlap: The share of the images, 0 to 1, that two sessions are given.
            clock: Tells the time in seconds; that of another process may begin anywhere.
        """
        self.folder = folder
        self._overlap = overlap
        self._clock = clock
        self._database = Database(folder / DATABASE)
        self._rows = self._database.rows
        latest = "SELECT IFNULL(MAX(MAX(seq), IFNULL(MAX(undone), 0)), 0) FROM marks"
        self.seq: int = self._rows(latest)[0][0]
        with self._database.changing() as connection:
            connection.execute("UPDATE leases SET until = ?", (clock() + LEASE,))  # as if renewed
            self._add(connection, ())
            self._restand(connection, self.standings())

    def close(self) -> None:
        """Close the file; nothing may be asked of the store after that."""
        self._database.close()

    def check(self) -> None:
        """Check that what is stored from now on can be found in the folder.

        Raises:
            OutputError: If it cannot: the folder or the file was removed, replaced or moved.
        """
        self._database.check()

    def back_up(self, copy: Path) -> None:
        """Write all that is stored into a new file, as it is at one moment; labels wait meanwhile.

        Raises:
            OutputError: If the file is there, or cannot be written.
        """
        self._database.back_up(copy)

    @property
    def place(self) -> Place:
        """Where the folder is."""
        return self._database.place

    def set_present(self, files: Sequence[str]) -> None:
        """Say which images are in the folder now, in natural order; new ones get numbers."""
        with self._database.changing() as connection:
            numbers = self._add(connection, files)
            places = {numbers[file]: place for place, file in enumerate(files)}
            before = self._rows("SELECT image, NULL FROM standings WHERE place IS NOT NULL")
            connection.executemany(
                "UPDATE standings SET place = :place WHERE image = :image AND place IS NOT :place",
                ({"image": n, "place": place} for n, place in {**dict(before), **places}.items()),
            )
            connection.execute("""UPDATE counts SET images = (SELECT COUNT(*) FROM standings
                WHERE place IS NOT NULL AND standings.state = counts.state)""")

    def add_images(self, files: Iterable[str]) -> dict[str, int]:
        """Give numbers to files, in the folder or not, and return those of all files."""
        with self._database.changing() as connection:
            return self._add(connection, files)

    def _add(self, connection: Connection, files: Iterable[str]) -> dict[str, int]:
        connection.executemany(
            "INSERT OR IGNORE INTO images (file) VALUES (?)", ((file,) for file in files)
        )
        new = self._rows("""SELECT id, file FROM images
            WHERE id > (SELECT IFNULL(MAX(image), 0) FROM standings)""")
        connection.executemany(
            "INSERT INTO standings (image, viewers) VALUES (?, ?)",
            ((image, 2 if in_share(file, self._overlap) else 1) for image, file in new),
        )
        return dict(self._rows("SELECT file, id FROM images"))

    def set_columns(self, columns: Mapping[int, Mapping[str, str]]) -> None:
        """Store the further columns of some images."""
        with self._database.changing() as connection:
            connection.executemany(
                "UPDATE images SET columns = :columns WHERE id = :image AND columns <> :columns",
                ({"image": n, "columns": json.dumps(dict(c))} for n, c in columns.items()),
            )

    def file(self, image: int) -> str | None:
        """Return the path of an image that is in the folder, relative to it."""
        query = "SELECT file FROM images JOIN standings ON image = id WHERE id = ? AND place >= 0"
        return next((file for (file,) in self._rows(query, (image,))), None)

    def say(self, session: str, submissions: Sequence[Submission]) -> list[Result]:
        """Store what a session says, in order and at once.

        When this returns, all that has no fault is on the disk. Said twice, it is stored once. An
        image whose annotation is withdrawn is the session's own to label again.

        Raises:
            OutputError: If nothing could be stored, or not in the folder.
        """
        with self._database.lock:
            with self._database.changing() as connection:
                seq, changed, results = self.seq, dict[int, Standing](), []
                for submission in submissions:
                    image, fault = self._store(connection, session, submission, seq + 1)
                    results.append(Result(submission.key, fault))
                    if image is not None:
                        changed[image] = OPEN
                        seq += 1
                self._restand(connection, changed | self.standings(changed))
            self.seq = seq
            self._database.check()
        return results

    def _store(
        self, connection: Connection, session: str, said: Submission, seq: int
    ) -> tuple[int | None, str]:
        """Store a submission; return the image of which something is new, and what is wrong."""
        query = "SELECT image, session, undone, text FROM marks WHERE key = ?"
        known = next(iter(self._rows(query, (said.key,))), None)
        if known is not None and known[1] != session:
            return None, "is of another session"
        if said.image is None:
            if known is None:
                return None, "was never stored"
            image, _, undone, _ = known
            if undone is not None:
                return None, ""
            connection.execute("UPDATE marks SET undone = ? WHERE key = ?", (seq, said.key))
            self._lease(connection, session, [image], self._clock())
            return image, ""
        if known is not None:  # it is sent again, as no answer came
            same = (known[0], known[3]) == (said.image, said.text)
            return None, "" if same else "is of another label"
        if not self._rows("SELECT 1 FROM images WHERE id = ?", (said.image,)):
            return None, "there is no such image"
        if said.text is not None and (fault := label_fault(said.text)):
            return None, f"{fault} cannot be stored"
        guess = None if said.guess is None or label_fault(said.guess) else said.guess
        given = (said.key, said.image, session, said.text, int(said.final), guess, said.seconds)
        connection.execute(
            f"INSERT INTO marks (seq, {_ANNOTATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, *given),
        )
        return said.image, ""

    def _restand(self, connection: Connection, standings: Mapping[int, Standing]) -> None:
        connection.executemany(
            "UPDATE standings SET state = ?, text = ? WHERE image = ?",
            ((standing.state, standing.text, image) for image, standing in standings.items()),
        )

    def annotations(self, image: int) -> list[Annotation]:
        """Return what stands of an image, in order."""
        query = f"SELECT {_ANNOTATION} FROM marks WHERE image = ? AND undone IS NULL ORDER BY seq"
        return [Annotation(*row) for row in self._rows(query, (image,))]

    def standings(self, images: Iterable[int] | None = None, at: int = _NOW) -> dict[int, Standing]:
        """Return where all or some images stand, or stood at a time; none that is ``OPEN``."""
        some = "" if images is None else "AND image IN (SELECT value FROM json_each(:images))"
        query = f"""SELECT {_ANNOTATION} FROM marks WHERE seq <= :at
            AND (undone IS NULL OR undone > :at) {some} ORDER BY image, seq"""
        rows = self._rows(query, {"at": at, "images": json.dumps(list(images or ()))})
        found = groupby((Annotation(*row) for row in rows), key=lambda one: one.image)
        return {image: standing_of(those) for image, those in found}

    def counts(self) -> Counter[str]:
        """Return how many of the images in the folder are in which state."""
        return Counter(dict(self._rows("SELECT state, images FROM counts")))

    def with_state(self, state: str) -> list[int]:
        """Return the images in the folder that are in a state, in natural order."""
        query = "SELECT image FROM standings WHERE place >= 0 AND state = ? ORDER BY place"
        return [image for (image,) in self._rows(query, (state,))]

    def labels(self) -> tuple[int, list[tuple[str, str, Mapping[str, str]]]]:
        """Return the time, and the file, label and further columns of each label, in order."""
        query = """SELECT file, text, columns FROM standings JOIN images ON id = image
            WHERE state = 'labelled'"""
        with self._database.lock:
            seq, rows = self.seq, self._rows(query)
        found = [(file, text, json.loads(columns)) for file, text, columns in rows]
        return seq, sorted(found, key=lambda row: [natural_key(p) for p in row[0].split("/")])

    def texts(self) -> list[str]:
        """Return the labels alone, in no order."""
        return [text for (text,) in self._rows("SELECT text FROM standings WHERE state='labelled'")]

    def history(self, session: str, most: int) -> list[Annotation]:
        """Return the last annotations of a session, the oldest first, one for each image."""
        query = f"""SELECT {_ANNOTATION} FROM marks AS this
            WHERE session = ? AND undone IS NULL AND NOT EXISTS (
                SELECT 1 FROM marks WHERE image = this.image AND session = this.session
                AND undone IS NULL AND seq > this.seq)
            ORDER BY seq DESC LIMIT ?"""
        return [Annotation(*row) for row in self._rows(query, (session, most))][::-1]

    def seconds(self, session: str, most: int) -> list[float]:
        """Return how long the last annotations of a session took, where that is known."""
        query = """SELECT seconds FROM marks WHERE session = ? AND undone IS NULL
            ORDER BY seq DESC LIMIT ?"""
        return [taken for (taken,) in self._rows(query, (session, most)) if taken is not None]

    def accepted(self, since: int, most: int) -> list[bool]:
        """Return for the last labels after a time whether they are what the model had guessed."""
        query = """SELECT guess = text FROM marks WHERE seq > ? AND undone IS NULL
            AND guess IS NOT NULL AND text IS NOT NULL ORDER BY seq DESC LIMIT ?"""
        return [bool(same) for (same,) in self._rows(query, (since, most))]

    def set_guesses(self, guesses: Mapping[int, Guess]) -> None:
        """Remember what a model reads in images, until the store is closed or a later one does."""
        with self._database.changing() as connection:
            connection.executemany(
                """UPDATE standings SET model = :model, confidence = :confidence, guess = :guess
                    WHERE image = :image AND model <= :model""",
                (
                    {
                        "image": image,
                        "model": guess.model,
                        "confidence": guess.confidence,
                        "guess": json.dumps([guess.text, guess.chars]),
                    }
                    for image, guess in guesses.items()
                ),
            )

    def guess(self, image: int) -> Guess | None:
        """Return the guess for an image, if it has been read."""
        query = "SELECT guess, confidence, model FROM standings WHERE image = ? AND model > 0"
        for guess, confidence, model in self._rows(query, (image,)):
            text, chars = json.loads(guess)
            return Guess(text, confidence, tuple((char, worth) for char, worth in chars), model)
        return None

    def unread(self, model: int, most: int) -> list[tuple[int, str]]:
        """Return numbers and files of images to label that a model has not read yet."""
        query = """SELECT image, file FROM standings JOIN images ON id = image
            WHERE place IS NOT NULL AND state = 'open' AND model < ?
            ORDER BY model, place LIMIT ?"""
        return self._rows(query, (model, most))

    def lease(
        self, session: str, hold: Sequence[int], want: int, sure: float | None = None
    ) -> Leased:
        """Let a session keep what it holds, and give it more: what the model is least sure of.

        Args:
            session: Who asks.
            hold: What it has and wants to keep; whatever else it had is free.
            want: How many more.
            sure: Give what the model is surest of, from this confidence on.
        """
        limits = {"least": 0.0, "most": 2.0} if sure is None else {"least": sure, "most": 1.0}
        down = "" if sure is None else "DESC"
        query = f"""SELECT image FROM standings WHERE {_DUE}
            ORDER BY confidence {down}, place {down} LIMIT :want"""
        with self._database.changing() as connection:
            now = self._clock()
            connection.execute("DELETE FROM leases WHERE session = ? OR until <= ?", (session, now))
            kept = self._lease(connection, session, hold, now)
            given = {"session": session, "csv": CSV, "now": now, "want": want, **limits}
            new = [image for (image,) in self._rows(query, given)]
            self._lease(connection, session, new, now)
        return Leased(new, [image for image in hold if image not in kept])

    def _lease(
        self, connection: Connection, session: str, images: Iterable[int], now: float
    ) -> set[int]:
        """Lease images to a session where there is room, and return those."""
        query = f"SELECT 1 FROM standings WHERE image = :image AND {_HAS_ROOM}"
        given = {"session": session, "csv": CSV, "now": now}
        leased = {image for image in images if self._rows(query, {**given, "image": image})}
        connection.executemany(
            "INSERT OR REPLACE INTO leases VALUES (?, ?, ?)",
            ((image, session, now + LEASE) for image in leased),
        )
        return leased

    def release(self, session: str, but: Sequence[int]) -> None:
        """Let others have what a session holds, all but a few."""
        with self._database.changing() as connection:
            connection.execute(
                """DELETE FROM leases WHERE session = ?
                    AND image NOT IN (SELECT value FROM json_each(?))""",
                (session, json.dumps(list(but))),
            )

    @property
    def facts(self) -> dict[str, str]:
        """Facts that are kept beside the labels, by name; ``set_facts`` changes it."""
        return dict(self._rows("SELECT name, value FROM facts"))

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Keep facts by name, on the disk too."""
        with self._database.changing() as connection:
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())


def in_share(file: str, share: float) -> bool:
    """Say whether an image is in a share, 0 to 1, of all: by its name, so always the same."""
    if share == 0:
        return False
    digest = hashlib.sha256(f"overlap {file}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64

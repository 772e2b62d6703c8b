"""What ``collect --keep-pages`` keeps beside each image: what the site answered.

A collection's hidden folder ``.pages`` has ``7.json`` for the image ``7.png``: nothing that looks
for images or labels looks there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from captchascope.files import read_regular
from captchascope.jsontext import parse_json
from captchascope.records import build

PAGES = ".pages"
COLLECTED = "collected.csv"

LONGEST_BODY = 2**20
"""Bytes of a body that are kept."""

MOST_EXCHANGES = 30
"""Of one image."""

_LONGEST_PAGE = 64 * 2**20  # bytes of a file; what is kept is shorter
_LONGEST_TABLE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a response: its name as it was sent, and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a site answered once.

    Attributes:
        what: Of what: the page, or the answer in JSON; the image; what else a browser loaded; a
            redirect to one of them; or the page as the browser had it in the end, which has
            neither status nor headers.
        url: What was asked for.
        status: Of HTTP; 0 for a page as the browser had it.
        headers: In their order, ``Set-Cookie`` among them.
        body: The body, at most 1 MiB of it; None of an image.
        encoding: Of the body: text, or base64 of what is no UTF-8.
        cut: Whether the body was longer.
    """

    what: Literal["page", "image", "other", "redirect", "rendered"]
    url: str
    status: int
    headers: tuple[Header, ...] = ()
    body: str | None = None
    encoding: Literal["text", "base64"] = "text"
    cut: bool = False

    @property
    def data(self) -> bytes:
        """The bytes of the body; none where there is none."""
        if self.body is None:
            return b""
        return b64decode(self.body) if self.encoding == "base64" else self.body.encode()


@dataclass(frozen=True, slots=True)
class KeptPage:
    """What came with an image.

    Attributes:
        file: The image's name in the collection.
        sha256: Of its bytes.
        exchanges: In the order in which they were made.
    """

    file: str
    sha256: str
    exchanges: tuple[Exchange, ...]

    def to_json(self) -> bytes:
        """Return it as the file that is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def packed_body(data: bytes) -> tuple[str, Literal["text", "base64"], bool]:
    """Return the ``body``, ``encoding`` and ``cut`` of an exchange."""
    kept, cut = data[:LONGEST_BODY], len(data) > LONGEST_BODY
    try:
        return kept.decode(), "text", cut
    except UnicodeDecodeError:
        return b64encode(kept).decode(), "base64", cut


def page_name(image: str) -> str:
    """Return the name of the file that is kept for an image."""
    return f"{image.partition('.')[0]}.json"


def read_page(path: Path) -> KeptPage | None:
    """Return a page that was kept; None where it is damaged, or a link to elsewhere."""
    try:
        data = b"" if path.is_symlink() else read_regular(path, _LONGEST_PAGE)
        return build(KeptPage, parse_json(data))
    except (OSError, ValueError):
        return None


class Collection:
    """A collection as it lies there, to be looked at.

    Attributes:
        has_pages: Whether pages were kept.
    """

    def __init__(self, folder: Path, files: Mapping[str, tuple[str, str]]) -> None:
        self._folder = folder
        self._files = files
        self.has_pages = (folder / PAGES).is_dir() and not (folder / PAGES).is_symlink()

    @classmethod
    def at(cls, folder: Path) -> Collection | None:
        """Return the collection in a folder, or that whose pages lie there; None without one."""
        folder = folder.parent if folder.name == PAGES else folder
        try:
            text = read_regular(folder / COLLECTED, _LONGEST_TABLE).decode("utf-8", "replace")
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
        except (OSError, csv.Error):
            return None
        known = {}
        for row in rows:
            file, url, sha256 = row.get("file"), row.get("url"), row.get("sha256")
            if file and sha256 and file == Path(file).name:
                known[sha256] = file, url or ""
        return cls(folder, known)

    def __contains__(self, sha256: object) -> bool:
        """Tell whether an image was collected."""
        return sha256 in self._files

    def fingerprint(self) -> str:
        """Return what tells what was kept from what was kept otherwise."""
        digest = hashlib.sha256(repr(sorted(self._files.items())).encode("utf-8", "replace"))
        pages = sorted((self._folder / PAGES).glob("*.json")) if self.has_pages else []
        for path in pages:
            status = path.stat()
            digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def url(self, sha256: str) -> str:
        """Return where an image came from; "" where that is not known."""
        return self._files.get(sha256, ("", ""))[1]

    def page(self, sha256: str) -> KeptPage | None:
        """Return what was kept of an image; None where nothing was, or it cannot be read."""
        file = self._files.get(sha256, ("", ""))[0]
        path = self._folder / PAGES / page_name(file)
        page = read_page(path) if file and self.has_pages else None
        return page if page is not None and page.sha256 == sha256 else None

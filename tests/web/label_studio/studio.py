"""A stand-in for Label Studio: it serves uploads, to who shows a token, and asks as the real one.

What it asks is written from ``label_studio/ml/api_connector.py`` of Label Studio 1.23.2, which
``bench/label_studio.py`` asks with.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LEGACY = "0123456789abcdef0123456789abcdef01234567"
PERSONAL = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl"
ACCESS = "an-access-token"

CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <TextArea name="label" toName="image" maxSubmissions="1" editable="true"/>
</View>
"""
"""What ``convert --to label-studio`` writes beside its tasks."""

HEADERS = {"User-Agent": "heartex/", "Accept": "*/*"}
PROJECT = "1.1764240000"


@dataclass(slots=True)
class Studio:
    """What is served, below ``url``, the paths that were asked for, and whether it is over."""

    files: Mapping[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def studio(files: Mapping[str, bytes]) -> Iterator[Studio]:
    """Serve files by their paths, until the block ends."""
    known = Studio(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            shown = self.headers.get("Authorization")
            if shown not in (f"Token {LEGACY}", f"Bearer {ACCESS}"):
                self._answer(401)
            elif self.path == "/data/late":
                known.over.wait()
            elif self.path == "/data/moved":
                self._answer(302, location="/data/upload/1/1.jpeg")
            else:
                found = known.files.get(self.path)
                self._answer(404 if found is None else 200, found or b"")

        def do_POST(self) -> None:
            known.asked.append(self.path)
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fit = self.path == "/api/token/refresh" and told == {"refresh": PERSONAL}
            self._answer(200 if fit else 401, json.dumps({"access": ACCESS}).encode())

        def _answer(self, status: int, body: bytes = b"", location: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield known
    finally:
        known.over.set()
        server.shutdown()
        serving.join()
        server.server_close()


def setup(config: str = CONFIG) -> dict[str, Any]:
    """Return what ``MLApi.setup`` sends."""
    return {
        "project": PROJECT,
        "schema": config,
        "hostname": "http://localhost:8080",
        "access_token": LEGACY,
        "extra_params": None,
    }


def predict(images: Sequence[object], config: str = CONFIG) -> dict[str, Any]:
    """Return what ``MLApi.make_predictions`` sends for tasks with these addresses of images."""
    return {
        "tasks": [task(number, image) for number, image in enumerate(images, 1)],
        "project": PROJECT,
        "label_config": config,
        "params": {"login": None, "password": None, "context": None},
    }


def task(number: int, image: object) -> dict[str, Any]:
    """Return a task as ``TaskSimpleSerializer`` writes it."""
    return {
        "id": number,
        "annotations": [],
        "predictions": [],
        "data": {"image": image, "note": "of the second week"},
        "meta": {},
        "created_at": "2026-11-27T11:00:00.000000Z",
        "updated_at": "2026-11-27T11:00:00.000000Z",
        "is_labeled": False,
        "overlap": 1,
        "inner_id": number,
        "total_annotations": 0,
        "cancelled_annotations": 0,
        "total_predictions": 0,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": 1,
        "updated_by": None,
        "file_upload": None,
        "comment_authors": [],
    }

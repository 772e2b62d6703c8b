"""How often one warm reading goes from file to file of the package.

    python bench/crossings.py [IMAGE]

Counts consecutive calls of Python functions that lie in different files of captchascope, during
``captchascope read IMAGE`` and during ``POST /v1/read``, each in this process and after it has been
done a few hundred times. Coroutines and generators that go on count as calls. With PYTHONPATH it
measures another state of the code.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import captchascope
from captchascope.cli.app import run_command_line
from captchascope.web.app import create_app
from captchascope.web.settings import Settings

_EXAMPLE = Path(__file__).parents[1] / "examples" / "1.jpeg"
_PACKAGE = str(Path(captchascope.__file__).parent)
_WARM = 300  # readings, until the server knows that they are quick


@dataclass(slots=True)
class Crossings:
    """Calls within the package, and those of them that lie in another file than the one before."""

    calls: int = 0
    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: str = ""

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Note a call, as ``sys.setprofile`` tells of it."""
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(_PACKAGE):
            return
        self.calls += 1
        if self.last and name != self.last:
            self.files[self.last, name] += 1
        self.last = name

    def tell(self, what: str) -> None:
        """Print the count, and between which files it was most."""
        print(f"{what}: {self.files.total()} crossings in {self.calls} calls")
        for (source, target), count in self.files.most_common():
            print(f"  {count:3}  {_short(source)} -> {_short(target)}")


def _short(path: str) -> str:
    return str(Path(path).relative_to(_PACKAGE))


@contextmanager
def _counted() -> Iterator[Crossings]:
    found = Crossings()
    sys.setprofile(found)
    try:
        yield found
    finally:
        sys.setprofile(None)


def of_command(image: Path) -> Crossings:
    """Count the crossings of ``captchascope read``."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        for _ in range(3):
            run_command_line(["read", str(image)])
        with _counted() as found:
            run_command_line(["read", str(image)])
    return found


async def of_request(image: bytes) -> Crossings:
    """Count the crossings of a request through all of the app, from its outermost layer on."""
    app = create_app(Settings(models=("metu",)))
    async with app.router.lifespan_context(app):
        await app.state.batcher.opened()
        for _ in range(_WARM):
            await _asked(app, image)
        await asyncio.sleep(0.1)
        with _counted() as found:
            status = await _asked(app, image)
    if status != 200:
        raise SystemExit(f"answered with {status}")
    return found


async def _asked(app: Any, image: bytes) -> int:
    statuses = []
    length = str(len(image)).encode()
    names = {b"host": b"127.0.0.1", b"content-type": b"image/jpeg", b"content-length": length}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/read",
        "raw_path": b"/v1/read",
        "root_path": "",
        "query_string": b"",
        "headers": list(names.items()),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": image, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status"))

    await app(scope, receive, send)
    return int(statuses[0] or 0)


def main() -> None:
    """Count both, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("image", type=Path, nargs="?", default=_EXAMPLE)
    image: Path = parser.parse_args().image
    of_command(image).tell("captchascope read")
    asyncio.run(of_request(image.read_bytes())).tell("POST /v1/read")


if __name__ == "__main__":
    main()

"""What the access log costs: processor time of a server with and without it, by turns.

    python bench/access_log.py [--rounds 8]

One connection asks for a captcha to be read, or for nothing (/healthz), one request after the
other; the log goes to a file. Processor time is the server's own, as /metrics tells it.
"""

from __future__ import annotations

import argparse
import http.client
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from captchascope.generate import draw_captcha

_SEED, _REQUESTS = 990_005, 1000  # of one turn
_FIGURE = re.compile(r"^process_cpu_seconds_total (\S+)$", re.MULTILINE)


@contextmanager
def served(*options: str) -> Iterator[http.client.HTTPConnection]:
    """Serve until the block ends, and keep a connection."""
    command = [sys.executable, "-m", "captchascope", "serve", "--port", "0", "--model", "metu"]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        yield http.client.HTTPConnection("127.0.0.1", port)
        process.terminate()


def asked(client: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> str:
    """Return an answer's text."""
    client.request(method, path, body, {"Content-Type": "image/jpeg"})
    answer = client.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, text
    return text


def microseconds(client: http.client.HTTPConnection, path: str, body: bytes) -> float:
    """Return the processor time that the server takes for one request."""

    def taken() -> float:
        return float(_FIGURE.findall(asked(client, "GET", "/metrics"))[0])

    before = taken()
    for _ in range(_REQUESTS):
        asked(client, "POST" if body else "GET", path, body)
    return (taken() - before) / _REQUESTS * 1e6


def main() -> None:
    """Measure both, turn by turn, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    image = draw_captcha("metu", _SEED, 1).jpeg()
    with ExitStack() as stack:
        servers = [stack.enter_context(served(*options)) for options in ([], ["-v"])]
        for path, body in (("/healthz", b""), ("/v1/read", image)):
            turns = [[microseconds(one, path, body) for one in servers] for _ in range(rounds)]
            without, logged = map(median, zip(*turns, strict=True))
            print(f"{path}: {without:.0f} us, with the log {logged:.0f}: {logged / without:.3f}")


if __name__ == "__main__":
    main()

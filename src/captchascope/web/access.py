"""The access log: a line on stderr for each request, as most servers write it.

The line is that of the Common Log Format, and after it the seconds that the answer took. Nothing
of a request is in it but its method and path: no query, header or body, hence no image, text or
token. What could end the line or look like another field is escaped.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

_LONGEST = 1000  # characters of a path or address, so that workers' lines never mix
_ODD = re.compile(rb'[^!-~]|["\\]')


def log_request(scope: Mapping[str, Any], status: int, size: int, seconds: float) -> None:
    """Write the line of a request.

    Args:
        scope: The request, as ASGI has it.
        status: What it was answered with.
        size: Bytes of the answer's body.
        seconds: From the request's headers to the end of the answer.
    """
    path = _plain(scope["raw_path"].partition(b"?")[0])
    request = f"{scope['method']} {path} HTTP/{scope['http_version']}"
    _write(scope["client"], request, status, size, f"{seconds:.3f}")


def log_refusal(client: tuple[str, int] | None, status: int, size: int) -> None:
    """Write the line of what was refused before it was a request."""
    _write(client, "-", status, size, "-")


def _write(
    client: tuple[str, int] | None, request: str, status: int, size: int, seconds: str
) -> None:
    host = _plain(client[0].encode("utf-8", "replace")) if client else "-"
    now = time.strftime("%d/%b/%Y:%H:%M:%S %z")
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or None
        sys.stderr.write(f'{host} - - [{now}] "{request}" {status} {size} {seconds}\n')
        sys.stderr.flush()


def _plain(text: bytes) -> str:
    """Return bytes as visible ASCII, without quotes and backslashes, and not too long."""
    plain = _ODD.sub(lambda odd: rb"\x%02X" % ord(odd[0]), text[: _LONGEST + 1]).decode("ascii")
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "..."

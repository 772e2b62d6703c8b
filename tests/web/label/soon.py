"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

SOON = 60  # seconds; nothing takes a tenth of it on an idle machine


def waited(wanted: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SOON
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.01)

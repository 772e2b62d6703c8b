"""Durations as people write them: 90, 90s, 10m, 2h."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["DURATION"]

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


class _Duration(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds of ``value``."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} is no duration; write 90s, 10m or 2h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


DURATION = _Duration()
"""The click type; it gives seconds."""

"""Shares as people write them: 5%, 0.05."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["SHARE"]


class _Share(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return ``value`` as 0 to 1."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", str(value))
        share = float(match[1]) / (100 if match[2] else 1) if match else 2.0
        if share > 1:
            self.fail(f"{value!r} is no share; write 5% or 0.05", param, ctx)
        return share


SHARE = _Share()
"""The click type; it gives 0 to 1."""

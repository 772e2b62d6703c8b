"""Single knobs of a style, turned by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from captchascope.errors import UsageError
from captchascope.generate.style import Style

__all__ = ["option_of", "turned"]

_OPTIONS = {"fonts": "--font", "speckle": "--noise", "gap": "--overlap"}


def option_of(knob: str) -> str:
    """Return what the command line calls a knob."""
    return _OPTIONS.get(knob, f"--{knob}")


def turned(style: Style, knobs: Mapping[str, Any]) -> Style:
    """Return a style with some of its knobs turned.

    Raises:
        UsageError: If there is no such knob, or it cannot have that value: the error names it as
            the command line does.
    """
    known = [field.name for field in fields(Style)]
    for knob in knobs:
        if knob not in known:
            raise UsageError(knob, "is no knob of a style", f"choose of {', '.join(known)}")
    try:
        return replace(style, **knobs)
    except ValueError as error:
        knob, _, rule = str(error).partition(" ")
        raise UsageError(option_of(knob), rule, "see captchascope generate --help") from None

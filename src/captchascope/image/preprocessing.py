"""What is done to an image before anything else looks at it; the same in training and reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from captchascope.errors import UsageError

_Frames: TypeAlias = Literal["auto", "merge", "last", "first"]

_MOST_FRAMES = 9999
_MOST_ROWS = 9
_LONGEST = 40  # characters of a wrong value that an error repeats
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")

ALL_INKS = "all"
"""What is told for an ink where a model was trained on one, and all are wanted."""

INKS = (
    *("black", "gray", "white", "red", "orange", "yellow", "brown"),
    *("green", "cyan", "blue", "purple", "pink"),
)
"""The names of inks; ``image/ink.py`` says which colours go by them."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to every image, in this order, before it is scaled for a network.

    Attributes:
        frames: Which frame of an animation is looked at: ``merge`` for all in one, ``last``,
            ``first``, or its number from 1; ``auto`` for what shows the most.
        rows: In how many rows the text stands; more than one are laid side by side.
        ink: The colour that the text is written in, a name of ``INKS`` or as ``#rrggbb``; what is
            written in others is blanked. None where the colour does not matter.

    Raises:
        UsageError: If a value is none of these; ``where`` is its name.

    Example:
        >>> Preprocessing(rows="2", ink="#C00")
        Preprocessing(frames='auto', rows=2, ink='#cc0000')
    """

    frames: str | int = "auto"
    rows: int = 1
    ink: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _frames(self.frames))
        rows = _number(self.rows, _MOST_ROWS)
        if rows is None:
            what = f"cannot be {_shown(self.rows)}"
            raise UsageError("rows", what, f"write in how many the text stands, 1 to {_MOST_ROWS}")
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "ink", None if self.ink is None else _ink(self.ink))

    def told(
        self,
        frames: str | int | None = None,
        rows: str | int | None = None,
        ink: str | None = None,
    ) -> Preprocessing:
        """Return the same but for what is told; None where nothing is.

        Raises:
            UsageError: As for a new one.
        """
        given = {"frames": frames, "rows": rows, "ink": ink}
        given = {name: value for name, value in given.items() if value is not None}
        return replace(self, **given) if given else self  # type: ignore[arg-type]


def _shown(value: object) -> str:
    """Return a value as an error names it; it may be as long as a request is."""
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _frames(value: object) -> str | int:
    if value in get_args(_Frames):
        return str(value)
    number = _number(value, _MOST_FRAMES)
    if number is None:
        known = ", ".join(get_args(_Frames))
        raise UsageError("frames", f"cannot be {_shown(value)}", f"{known}, or a number from 1")
    return number


def _number(value: object, most: int) -> int | None:
    """Return a whole number from 1, that may be written out; None for all else."""
    written = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch("[1-9][0-9]{0,3}", written) or int(written) > most:
        return None
    return int(written)


def _ink(value: object) -> str | None:
    """Return a name of an ink, or its colour with six digits; None for all inks."""
    written = value.strip().lower() if isinstance(value, str) else ""
    written = "gray" if written == "grey" else written
    if written == ALL_INKS:
        return None
    if _HEX.fullmatch(written):
        return written if len(written) == 7 else "#" + "".join(2 * digit for digit in written[1:])
    if written not in INKS:
        known = ", ".join(INKS)
        raise UsageError(
            "ink", f"cannot be {_shown(value)}", f"{known}, or a colour such as #cc0000"
        )
    return written

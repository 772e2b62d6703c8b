"""What the pages send, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from captchascope.web.label.store import Said

__all__ = ["Session", "Speech", "Wish"]

Session = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{8,64}$")]
"""What a page calls itself; no name of ours, such as ``labels.csv``, is of this form."""

_Number = Annotated[int, Field(ge=1, lt=2**31)]
_MOST = 100  # images that one page may have, and marks of one request
_LONGEST = 200  # characters of a label
_DAY = 86400.0


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wish(_Strict):
    """A page that wants images.

    Attributes:
        session: Who.
        hold: What it has and keeps.
        want: How many more.
        sure: Whether it wants those that the model is sure of.
    """

    session: Session
    hold: list[_Number] = Field(default=[], max_length=_MOST)
    want: int = Field(default=0, ge=0, le=40)
    sure: bool = False


class _Word(_Strict):
    key: Session
    image: _Number | None
    text: str | None = Field(default=None, max_length=_LONGEST)
    final: bool = False
    guess: str | None = Field(default=None, max_length=_LONGEST)
    seconds: float | None = Field(default=None, ge=0, le=_DAY)

    def said(self) -> Said:
        """Return it as the store takes it."""
        return Said(self.key, self.image, self.text, self.final, self.guess, self.seconds)


class Speech(_Strict):
    """What a page wants stored, in order."""

    session: Session
    said: list[_Word] = Field(min_length=1, max_length=_MOST)

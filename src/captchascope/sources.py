"""The sources of images, which may fail in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from captchascope.errors import ImageError

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class Source(Generic[_Made]):
    """Goes through what is given, prepared, until that ends or fails.

    What came before a failure can so be dealt with before the error is raised in its place. It
    holds back errors alone: Ctrl-C is raised at once.

    Args:
        given: What is gone through.
        prepare: Is called with each.
    """

    def __init__(self, given: Iterable[_Given], prepare: Callable[[_Given], _Made]) -> None:
        self._rest = map(prepare, given)
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[_Made]:
        return self

    def __next__(self) -> _Made:
        if self._error is None:
            try:
                return next(self._rest)
            except StopIteration:
                raise
            except Exception as error:
                self._error = error
        raise StopIteration

    def raise_error(self) -> None:
        """Raise what has ended it before its end, if anything has."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame


class Unread:
    """A file that could not be read, which says so where it is read again.

    An error is so told in the image's place, as any other.
    """

    def __init__(self, error: ImageError) -> None:
        self._error = error

    def read(self, size: int, /) -> bytes:
        """Raise the error."""
        raise self._error

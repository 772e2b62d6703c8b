"""The exception tree: its lines, its drawing, and its way between processes."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import captchascope
from captchascope import errors
from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ImageError,
    MissingExtraError,
    UsageError,
    causes_of,
)

CLASSES: list[type[CaptchascopeError]] = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, CaptchascopeError)
]
EXAMPLES = [
    ImageError("a.png", "is truncated", "save it again"),
    DatasetError("labels.csv", "has no label", "add one", row=7),
    DatasetError("folder", "is empty"),
    MissingExtraError("train", "train"),
    *(cls("here", "it broke", "mend it") for cls in CLASSES if cls is not MissingExtraError),
]


def test_an_error_is_one_line() -> None:
    """WHERE: WHAT (REMEDY), and no brackets where there is no remedy."""
    assert str(ImageError("a.png", "is truncated", "save it again")) == (
        "a.png: is truncated (save it again)"
    )
    assert str(UsageError("--first", "is beyond the last")) == "--first: is beyond the last"


def test_a_row_is_part_of_the_place() -> None:
    """As editors and compilers write it."""
    error = DatasetError("labels.csv", "has no label", row=7)
    assert (error.where, error.row) == ("labels.csv:7", 7)
    assert DatasetError("labels.csv", "is empty").row is None


def test_a_missing_extra_names_the_command_that_mends_it() -> None:
    """With quotes, for brackets mean something to a shell."""
    error = MissingExtraError("captchascope train", "train")
    assert str(error) == (
        "captchascope train: needs the packages of the extra 'train' "
        "(pip install 'captchascope[train]')"
    )


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_errors_travel_between_processes(error: CaptchascopeError) -> None:
    """With all that they know."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_the_tree_is_drawn_whole() -> None:
    """Every class is in the drawing, in the module's list and in the package."""
    assert sorted(cls.__name__ for cls in CLASSES) == sorted(errors.__all__)
    for cls in CLASSES:
        assert issubclass(cls, CaptchascopeError)
        assert cls is CaptchascopeError or cls.__bases__ == (CaptchascopeError,)
        assert f" {cls.__name__} " in (errors.__doc__ or "")
        assert getattr(captchascope, cls.__name__) is cls


def test_what_is_behind_an_error_comes_to_an_end() -> None:
    """Where one was raised from itself, or from what came of it, too."""
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__context__ = other, one
    assert [*causes_of(one)] == [one, other]
    other.__cause__ = other
    assert [*causes_of(other)] == [other]

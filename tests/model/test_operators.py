"""The rules of operators: what fits together gives the sizes that it has, all else is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from captchascope.model.operators import (
    FLOAT,
    INT64,
    OPERATORS,
    Attribute,
    Given,
    MisfitError,
    Node,
    Value,
)

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


def _given(op: str, inputs: Sequence[Value | None], attributes: dict[str, Attribute]) -> Value:
    names = tuple(f"i{n}" for n in range(len(inputs)))
    value, work = OPERATORS[op].rule(Given(Node(op, "", names, ("o",), attributes), inputs))
    assert work >= 0
    return value


def _floats(*dims: int) -> Value:
    return Value(FLOAT, dims)


def _whole(*numbers: int) -> Value:
    return Value(INT64, (len(numbers),), numbers)


IMAGE, WEIGHTS = _floats(2, 3, 8, 9), _floats(5, 3, 3, 3)
FITS: list[tuple[str, list[Value | None], dict[str, Any], tuple[int, ...]]] = [
    ("Add", [_floats(4, 1, 3), _floats(5, 1)], {}, (4, 5, 3)),
    ("Conv", [IMAGE, WEIGHTS, _floats(5)], {"strides": (2, 1), "pads": (1, 0, 1, 0)}, (2, 5, 4, 7)),
    ("Conv", [IMAGE, WEIGHTS, None], {"dilations": (2, 3)}, (2, 5, 4, 3)),
    ("MaxPool", [IMAGE], {"kernel_shape": (2, 4), "strides": (2, 2)}, (2, 3, 4, 3)),
    ("MatMul", [_floats(7, 1, 2, 3), _floats(4, 3, 5)], {}, (7, 4, 2, 5)),
    ("Gemm", [_floats(3, 2), _floats(5, 3), _floats(5)], {"transA": 1, "transB": 1}, (2, 5)),
    ("Concat", [IMAGE, IMAGE], {"axis": -1}, (2, 3, 8, 18)),
    ("Gather", [IMAGE, Value(INT64, (), (0,))], {"axis": 2}, (2, 3, 9)),
    ("Slice", [IMAGE, _whole(1), _whole(2**62), _whole(-1), _whole(3)], {}, (2, 3, 8, 3)),
    ("Reshape", [IMAGE, _whole(0, -1)], {}, (2, 216)),
    ("Transpose", [IMAGE], {}, (9, 8, 3, 2)),
    ("Squeeze", [_floats(1, 4, 1)], {}, (4,)),
    ("Squeeze", [_floats(1, 4, 1), _whole(-1)], {}, (1, 4)),
    ("Unsqueeze", [_floats(4), _whole(0, 2)], {}, (1, 4, 1)),
    ("ReduceMean", [IMAGE, _whole(1, -1)], {"keepdims": 0}, (2, 8)),
    ("ReduceMax", [IMAGE], {}, (1, 1, 1, 1)),
    ("ReduceSum", [IMAGE], {"noop_with_empty_axes": 1}, (2, 3, 8, 9)),
    ("Shape", [IMAGE], {"start": -2}, (2,)),
    ("Constant", [], {"value_ints": (1, 2, 3)}, (3,)),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "dims"), FITS)
def test_what_fits_has_the_size_that_onnx_gives_it(
    op: str, inputs: list[Value | None], attributes: dict[str, Any], dims: tuple[int, ...]
) -> None:
    """By https://onnx.ai/onnx/operators."""
    assert _given(op, inputs, attributes).dims == dims


def test_sizes_are_followed() -> None:
    """Those of an array, put together anew, say which shape another gets."""
    sizes = _given("Shape", [IMAGE], {})
    batch = _given("Gather", [sizes, _whole(0)], {})
    wanted = _given("Concat", [batch, _whole(-1)], {"axis": 0})
    assert (sizes.known, batch.known, wanted.known) == ((2, 3, 8, 9), (2,), (2, -1))
    part = _given("Slice", [sizes, _whole(1), _whole(3)], {})
    assert part.known == (3, 8)
    assert _given("Reshape", [IMAGE, wanted], {"allowzero": 1}).dims == (2, 216)


MISFITS: list[tuple[str, list[Value | None], dict[str, Any]]] = [
    ("Add", [_floats(2), None], {}),
    ("Add", [_floats(2), _floats(3)], {}),
    ("Add", [_floats(2), _whole(1, 2)], {}),
    ("Cast", [_floats(2)], {"to": 8}),
    ("Softmax", [_floats(2)], {"axis": 1}),
    ("BatchNormalization", [IMAGE, *[_floats(4)] * 4], {}),
    ("Conv", [IMAGE, _floats(5, 4, 3, 3)], {}),
    ("Conv", [IMAGE, WEIGHTS, _floats(4)], {}),
    ("Conv", [IMAGE, WEIGHTS], {"group": 3}),
    ("Conv", [IMAGE, WEIGHTS], {"auto_pad": b"SAME_UPPER"}),
    ("Conv", [IMAGE, WEIGHTS], {"kernel_shape": (1, 1)}),
    ("Conv", [IMAGE, WEIGHTS], {"strides": (1,)}),
    ("Conv", [IMAGE, _floats(5, 3, 9, 9)], {}),
    ("Conv", [_floats(2, 3), WEIGHTS], {}),
    ("MaxPool", [IMAGE], {}),
    ("MaxPool", [IMAGE], {"kernel_shape": (2, 2), "ceil_mode": 1}),
    ("MaxPool", [IMAGE], {"kernel_shape": (2, 2), "dilations": (2, 2)}),
    ("MatMul", [_floats(2, 3), _floats(2, 3)], {}),
    ("Gemm", [_floats(2, 3, 1), _floats(3, 2)], {}),
    ("Gemm", [_floats(2, 3), _floats(3, 2), _floats(3)], {}),
    ("Gemm", [_floats(2, 3), _floats(3, 2)], {"transA": 2}),
    ("Concat", [_floats(2, 3), _floats(3, 3)], {"axis": 1}),
    ("Gather", [IMAGE, _floats(1)], {}),
    ("Gather", [_whole(1, 2), _whole(5)], {}),
    ("Slice", [IMAGE, _whole(1), _whole(2), _whole(0), _whole(-1)], {}),
    ("Slice", [IMAGE, _whole(1), _whole(2, 3)], {}),
    ("Reshape", [IMAGE, _whole(5, -1)], {}),
    ("Reshape", [_floats(4), _whole(4, 0)], {}),
    ("Transpose", [IMAGE], {"perm": (0, 1, 2, 2)}),
    ("Squeeze", [IMAGE, _whole(0)], {}),
    ("Unsqueeze", [_floats(4), _whole(0, 0)], {}),
    ("ReduceMean", [IMAGE, Value(INT64, (1,))], {}),
    ("ReduceMean", [IMAGE], {"keepdims": 2}),
    ("Constant", [], {}),
]


@pytest.mark.parametrize(("op", "inputs", "attributes"), MISFITS)
def test_what_does_not_fit_is_refused(
    op: str, inputs: list[Value | None], attributes: dict[str, Any]
) -> None:
    """Before anything else computes with it."""
    with pytest.raises(MisfitError):
        _given(op, inputs, attributes)


def test_the_docs_name_all_operators() -> None:
    """Whoever has a model of another network sees there which it may have."""
    (row,) = re.findall(r"^\| operators \|.*", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall("`([A-Z][A-Za-z]+)`", row) == sorted(OPERATORS)

"""Model files that would loop, double, multiply or fill the memory, were they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from captchascope.charset import Charset
from captchascope.model.metadata import FORMAT, Metadata

FLOAT = onnx.TensorProto.FLOAT
SIZE = {"kind": "glyph", "height": 4, "width": 3}
META = Metadata(FORMAT, "glyphs", Charset("0123456789"), SIZE, "", SIZE, 1.0, "0", 7, "", {})
EDIT = Callable[[onnx.ModelProto], object]
Nodes = Sequence[onnx.NodeProto]


def node(op: str, *names: str, **attributes: Any) -> onnx.NodeProto:
    """Return an operator; the last name is that of what it gives."""
    return helper.make_node(op, names[:-1], names[-1:], **attributes)


def numbers(*values: int) -> NDArray[np.int64]:
    """Return whole numbers, such as sizes."""
    return np.array(values, np.int64)


def network(nodes: Nodes, edit: EDIT | None = None, **weights: NDArray[np.generic]) -> bytes:
    """Return a model that multiplies its input ``x`` (N, 12) to ``y`` (N, 10), after ``nodes``.

    These come before, and take what they like.
    """
    arrays = {"w": np.ones((12, 10), np.float32), **weights}
    graph = helper.make_graph(
        [*nodes, node("MatMul", "x", "w", "y")],
        "g",
        [helper.make_tensor_value_info("x", FLOAT, ["N", 12])],
        [helper.make_tensor_value_info("y", FLOAT, ["N", 10])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    imports = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    helper.set_model_props(model, META.to_props())
    if edit is not None:
        edit(model)
    return bytes(model.SerializeToString())


def _loop() -> Nodes:
    body = helper.make_graph(
        [node("Identity", "go", "again")],
        "body",
        [
            helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("again", onnx.TensorProto.BOOL, [])],
    )
    return [helper.make_node("Loop", ["", "true"], [], body=body)]


def _squares(count: int) -> Nodes:
    """Square how many numbers there are, again and again."""
    nodes: list[onnx.NodeProto] = [node("Reshape", "x", "row", "a0")]
    for n in range(count):
        nodes += [
            node("Transpose", f"a{n}", f"b{n}", perm=[1, 0]),
            node("Add", f"a{n}", f"b{n}", f"c{n}"),
            node("Reshape", f"c{n}", "row", f"a{n + 1}"),
        ]
    return nodes


def _products(count: int) -> Nodes:
    """Multiply ``s``, which is square, with itself."""
    return [node("MatMul", "s" * n, "s" * n, "s" * (n + 1)) for n in range(1, count + 1)]


def _chain(op: str, count: int, *more: str, first: str = "x", **attributes: Any) -> Nodes:
    names = [first, *(f"{op}{n}" for n in range(count))]
    return [node(op, a, *more, b, **attributes) for a, b in pairwise(names)]


def _doubled(count: int, first: str = "x", axis: int = 1) -> Nodes:
    names = [first, *(f"d{n}" for n in range(count))]
    return [node("Concat", a, a, b, axis=axis) for a, b in pairwise(names)]


def _shaped(dims: Sequence[int], data: bytes, kind: int = FLOAT) -> EDIT:
    return lambda m: m.graph.initializer.add(name="v", data_type=kind, dims=dims, raw_data=data)


def _conv(*shape: int, **attributes: Any) -> bytes:
    nodes = [node("Reshape", "x", "image", "i"), node("Conv", "i", "k", "c", **attributes)]
    return network(nodes, image=numbers(-1, 1, 4, 3), k=np.zeros(shape, np.float32))


def _pool(**attributes: Any) -> bytes:
    nodes = [node("Reshape", "x", "image", "i"), node("MaxPool", "i", "c", **attributes)]
    return network(nodes, image=numbers(-1, 1, 4, 3))


def _branch() -> Nodes:
    value = helper.make_tensor_value_info("z", FLOAT, None)
    graph = helper.make_graph([node("Relu", "x", "z")], "b", [], [value])
    return [node("Relu", "x", "r", then=graph)]


def _twice(model: onnx.ModelProto) -> None:
    model.graph.node[-1].attribute.add(name="axis", type=2, i=1)
    model.graph.node[-1].attribute.add(name="axis", type=2, i=0)


def _said(model: onnx.ModelProto) -> None:
    model.graph.value_info.append(helper.make_tensor_value_info("r", FLOAT, [2**40, 12]))


RECURRENT = np.zeros((1, 3, 12), np.float32)
ROW, TENS = numbers(1, -1), np.zeros(10**6, np.int64)

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a loop": (
        lambda: network(_loop(), true=np.array(True)),
        "uses the operator Loop",
    ),
    "a branch": (lambda: network([node("If", "x", "r")]), "operator If"),
    "a scan": (lambda: network([node("Scan", "x", "r")]), "operator Scan"),
    "a graph in a node": (lambda: network(_branch()), "holds a graph within a node"),
    "tiles": (lambda: network([node("Tile", "x", "t", "r")], t=numbers(1, 2**40)), "Tile"),
    "an expansion": (
        lambda: network([node("Expand", "x", "s", "r")], s=numbers(2**31, 1, 12)),
        "operator Expand",
    ),
    "a resize": (lambda: network([node("Resize", "x", "", "s", "r")]), "operator Resize"),
    "a constant of a shape": (
        lambda: network([node("ConstantOfShape", "s", "r")], s=numbers(2**20, 2**20)),
        "operator ConstantOfShape",
    ),
    "a pad": (lambda: network([node("Pad", "x", "s", "r")], s=numbers(2**31)), "operator Pad"),
    "a recurrence": (
        lambda: network([node("GRU", "x", "k", "k", "r", hidden_size=2**20)], k=RECURRENT),
        "operator GRU",
    ),
    "a string": (lambda: network([node("StringConcat", "x", "x", "r")]), "StringConcat"),
    "an operator of another domain": (
        lambda: network([helper.make_node("Attention", ["x"], ["r"], domain="com.microsoft")]),
        "custom operator com.microsoft::Attention",
    ),
    "doubling": (lambda: network(_doubled(40)), "multiply-adds for one image, with Concat"),
    "doubling of the batch": (lambda: network(_doubled(40, axis=0)), "for one image, with Concat"),
    "doubling of weights": (lambda: network(_doubled(30, "w")), "one image, with Concat"),
    "squaring": (lambda: network(_squares(300), row=ROW), "for one image, with Add"),
    "squaring of the batch": (
        lambda: network(
            [node("Transpose", "x", "t"), node("MatMul", "x", "t", "s"), *_products(3)]
        ),
        "for 4,096 images, with MatMul",
    ),
    "picking the same again": (
        lambda: network(_chain("Gather", 4, "t", axis=1), t=TENS),
        "for one image, with Gather",
    ),
    "an outer product": (
        lambda: network(
            [node("Reshape", "x", "u", "a"), node("MatMul", "a", "k", "r")],
            u=numbers(-1, 1),
            k=np.zeros((1, 8 * 2**20), np.float32),
        ),
        "for one image",
    ),
    "a long chain": (lambda: network(_chain("Relu", 5000)), "5,001 operators"),
    "much work for a small image": (
        lambda: network(
            [node("MatMul", "x", "k", "m0"), *_chain("MatMul", 99, "k2", first="m0")],
            k=np.zeros((12, 1000), np.float32),
            k2=np.zeros((1000, 1000), np.float32),
        ),
        "multiply-adds for one image",
    ),
    "weights that are taken again and again": (
        lambda: network(
            [
                node("Reshape", "x", "s", "a"),
                *(node("MatMul", "a", "k", f"r{n}") for n in range(20)),
            ],
            s=numbers(-1, 1, 12),
            k=np.zeros((12, 100_000), np.float32),
        ),
        "one image, with MatMul",
    ),
    "a margin": (lambda: _conv(1, 1, 3, 3, pads=[2**31] * 4), "has Conv, which has a kernel"),
    "a margin below nothing": (lambda: _conv(1, 1, 3, 3, pads=[-1] * 4), "has a kernel"),
    "a large gap": (
        lambda: _conv(1, 1, 2, 2, dilations=[2**40] * 2, pads=[2**40] * 4),
        "for one image",
    ),
    "a large kernel": (
        lambda: _pool(kernel_shape=[2**24] * 2, pads=[2**24 - 1] * 4),
        "for one image",
    ),
    "no step": (lambda: _conv(1, 1, 1, 1, strides=[0, 0]), "a step"),
    "many channels": (lambda: _conv(2**22, 1, 1, 1), "for one image"),
    "a reshape beyond": (
        lambda: network([node("Reshape", "x", "s", "r")], s=numbers(2**31, 2**31)),
        "which makes",
    ),
    "sizes from the image": (
        lambda: network([node("Cast", "x", "s", to=7), node("Reshape", "x", "s", "r")]),
        "not fixed numbers",
    ),
    "an array that is too short": (
        lambda: network([], _shaped([2**20, 2**6], b"")),
        "has 0 bytes for",
    ),
    "an array of no bound": (
        lambda: network([], _shaped([2**62, 2**62, 4], b"")),
        "sizes beyond all bounds",
    ),
    "an array of many axes": (lambda: network([], _shaped([1] * 500, bytes(4))), "beyond"),
    "an array below nothing": (lambda: network([], _shaped([-1], b"")), "beyond all bounds"),
    "texts for numbers": (lambda: network([], _shaped([], b"", kind=8)), "numbers of the type 8"),
    "a shape that is not so": (
        lambda: network([node("Relu", "x", "r")], _said),
        "says that 'r' has the shape",
    ),
    "an attribute twice": (lambda: network([], _twice), "uses MatMul with the attribute"),
    "a name twice": (
        lambda: network([node("Relu", "x", "w")]),
        "gives 'w' more than once",
    ),
    "a circle": (lambda: network([node("Add", "x", "r", "r")]), "which nothing before it gives"),
    "several versions of operators": (
        lambda: network([], lambda m: m.opset_import.add(domain="ai.onnx.ml", version=3)),
        "needs operators of",
    ),
    "a version nobody knows": (
        lambda: network([], lambda m: m.opset_import[0].MergeFrom(helper.make_opsetid("", 999))),
        "needs operators of ONNX 999",
    ),
    "a function": (
        lambda: network([], lambda m: m.functions.add(name="f")),
        "defines functions of its own",
    ),
    "a training": (lambda: network([], lambda m: m.training_info.add()), "holds a training"),
    "a sparse array": (
        lambda: network([], lambda m: m.graph.sparse_initializer.add()),
        "holds sparse arrays",
    ),
    "a quantisation": (
        lambda: network([], lambda m: m.graph.quantization_annotation.add()),
        "holds a field, 14 of a graph, that no network of ours has",
    ),
    "data elsewhere": (
        lambda: network(
            [],
            lambda m: m.graph.initializer[0].external_data.add(key="location", value="/etc/passwd"),
        ),
        "keeps a part of its data in another file",
    ),
    "data said to be elsewhere": (
        lambda: network([], lambda m: setattr(m.graph.initializer[0], "data_location", 1)),
        "keeps a part of its data in another file",
    ),
    "numbers in another form": (
        lambda: network([], lambda m: m.graph.initializer[0].float_data.append(1)),
        "in a form that captchascope never writes",
    ),
    "another input": (
        lambda: network(
            [], lambda m: m.graph.input.append(helper.make_tensor_value_info("w", FLOAT, [12, 10]))
        ),
        "is not a network with one input",
    ),
}
"""By what is wrong with it: the file, and a part of the refusal."""

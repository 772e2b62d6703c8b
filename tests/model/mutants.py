"""Model files changed where their structure is, opened and run under a limit of memory.

    python -m model.mutants COUNT SEED MODEL...

Whatever is changed, a file is refused by an error of captchascope, or reads. What became of them is
printed as JSON: how many were refused, failed in use, and read, and the peak memory in MB.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

import captchascope
from captchascope.errors import CaptchascopeError, ModelError
from captchascope.model.operators import OPERATORS

_LIMIT = 6 * 2**30  # bytes of address space: what the libraries map counts too
_NUMBERS = (0, 1, -1, 2, 3, 7, 8, 255, 4096, 2**31 - 1, 2**31, 2**40, 2**62, -(2**63))
_JSON = ("0", "-1", "1e999", "NaN", "null", "true", '"x"', "[]", "{}", "9" * 4000, "[" * 5000, "")
_FOREIGN = ("Loop", "If", "Scan", "Tile", "Expand", "Resize", "Pad", "ConstantOfShape", "GRU")

Edit = Callable[[random.Random, onnx.ModelProto], object]


def _dims(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    if tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(_NUMBERS)


def _reshaped(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    rng.shuffle(dims := [*tensor.dims])
    tensor.dims[:] = dims


def _kind(rng: random.Random, model: onnx.ModelProto) -> None:
    rng.choice(model.graph.initializer).data_type = rng.randrange(25)


def _data(rng: random.Random, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.raw_data = bytes(rng.choices(b"\0\x7f\xff\x80", k=len(tensor.raw_data)))


def _operator(rng: random.Random, model: onnx.ModelProto) -> None:
    rng.choice(model.graph.node).op_type = rng.choice([*OPERATORS, *_FOREIGN])


def _input(rng: random.Random, model: onnx.ModelProto) -> None:
    node, other = rng.choice(model.graph.node), rng.choice(model.graph.node)
    if node.input:
        names = [*other.input, *other.output, "", "images"]
        node.input[rng.randrange(len(node.input))] = rng.choice(names)


def _attribute(rng: random.Random, model: onnx.ModelProto) -> None:
    node = rng.choice([node for node in model.graph.node if node.attribute])
    attribute = rng.choice(node.attribute)
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(_NUMBERS)
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = rng.choice(_NUMBERS)
    else:
        attribute.type = rng.randrange(15)


def _again(rng: random.Random, model: onnx.ModelProto) -> None:
    model.graph.node.append(rng.choice(model.graph.node))


def _gone(rng: random.Random, model: onnx.ModelProto) -> None:
    del model.graph.node[rng.randrange(len(model.graph.node))]


def _grown(rng: random.Random, model: onnx.ModelProto) -> None:
    """Put what doubles, picks or joins between two operators."""
    at = rng.randrange(len(model.graph.node))
    name = last = rng.choice(model.graph.node[at].input or ["images"])
    for n in range(rng.choice((1, 2, 5, 30))):
        made = f"{name}.{n}"
        op = rng.choice(("Concat", "Add", "Mul", "MatMul", "Softmax", "Pow", "Transpose"))
        inputs = [last] * (1 if op in ("Softmax", "Transpose") else 2)
        axis: dict[str, Any] = (
            {"axis": rng.choice((-1, 0, 1, 2))} if op in ("Concat", "Softmax") else {}
        )
        model.graph.node.insert(at + n, helper.make_node(op, inputs, [made], **axis))
        last = made
    node = model.graph.node[at + n + 1]
    node.input[:] = [last if given == name else given for given in node.input]


def _port(rng: random.Random, model: onnx.ModelProto) -> None:
    port = rng.choice([*model.graph.input, *model.graph.output, *model.graph.value_info])
    dims = port.type.tensor_type.shape.dim
    if dims:
        rng.choice(dims).dim_value = rng.choice(_NUMBERS)


def _metadata(rng: random.Random, model: onnx.ModelProto) -> None:
    prop = rng.choice(model.metadata_props)
    try:
        value: Any = json.loads(prop.value)
    except ValueError:
        value = None
    if isinstance(value, dict) and value:
        value[rng.choice([*value])] = "@"
        prop.value = json.dumps(value).replace('"@"', rng.choice(_JSON))
    else:
        prop.value = rng.choice(_JSON)


EDITS: Sequence[Edit] = (
    *(_dims, _reshaped, _kind, _data, _operator, _input, _attribute, _again, _gone, _grown, _port),
    *(_metadata, lambda rng, m: setattr(m.opset_import[0], "version", rng.randrange(15, 30))),
)


def mutant(rng: random.Random, data: bytes) -> bytes:
    """Return a model file with a few changes of its structure, or of its bytes."""
    model = onnx.load_from_string(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if model.graph.node:
            rng.choice(EDITS)(rng, model)
    changed = bytearray(model.SerializeToString())
    if rng.random() < 0.15:
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    if rng.random() < 0.05:
        start = rng.randrange(len(changed))
        changed += changed[start : start + rng.randrange(400)]
    return bytes(changed)


def outcome(path: Path, data: bytes) -> str:
    """Return whether a model file is refused, fails in use or reads; other errors are raised."""
    path.write_bytes(data)
    image = np.random.default_rng(0).integers(0, 256, (50, 150), np.uint8)
    with np.errstate(all="ignore"):  # weights may be any numbers
        try:
            reader = captchascope.load(path)
        except ModelError:
            return "refused"
        try:
            reader.read(image)
        except CaptchascopeError:
            return "failed"
    return "read"


def main(count: int, seed: int, models: Sequence[Path]) -> None:
    """Open as many as are asked for, and print what became of them."""
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT))
    rng, files = random.Random(seed), [path.read_bytes() for path in models]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutant.onnx")
        told = Counter(outcome(path, mutant(rng, rng.choice(files))) for _ in range(count))
    # Not ru_maxrss, which begins with the peak of the process that has started this one.
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    sys.stdout.write(json.dumps({**told, "megabytes": int(peak) // 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])

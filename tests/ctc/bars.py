"""A segmentation-free model that needs no training: it reads bars, each character its own gray.

Four columns are a timestep, as in the real networks; a character is a bar of two timesteps in its
level, and white is the blank. The distance is how much the rows of an image differ.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from captchascope.charset import Charset
from captchascope.ctc.inputs import NORMALISATION, CtcSpec
from captchascope.model.metadata import Metadata

CHARS = "01234ABab"
GRAY = CtcSpec("whole", 24, 96, 96, 96, 1)
FREE = CtcSpec("whole", 24, None, 32, 200, 1)
SHARPNESS = 400.0  # a neighbouring level is then read with a probability of about 0.003


def levels() -> NDArray[np.float32]:
    """Return the level of every class, 0 to 1: the blank is white."""
    return np.linspace(1, 0, len(CHARS) + 1, dtype=np.float32)


def bars(text: str, size: tuple[int, int] = (24, 96), *, margin: int = 4) -> NDArray[np.uint8]:
    """Draw a text in bars of 8 columns with 4 of white between them, shape ``size``."""
    image = np.full(size, 255, np.uint8)
    for number, char in enumerate(text):
        left = margin + 12 * number
        image[:, left : left + 8] = round(255 * float(levels()[1 + CHARS.index(char)]))
    return image


def noise(seed: int, size: tuple[int, int] = (24, 96)) -> NDArray[np.uint8]:
    """Return an image that is unlike any bars."""
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


def metadata(spec: CtcSpec = GRAY, **changes: Any) -> Metadata:
    """Return the metadata of the model, with some of it changed."""
    values: dict[str, Any] = {
        "format": 1,
        "method": "whole",
        "charset": Charset(CHARS),
        "input": asdict(spec),
        "normalisation": NORMALISATION,
        "scheme": None,
        "temperature": 1.0,
        "version": "0",
        "seed": None,
        "data": json.dumps({"samples": 0}),
        "metrics": {},
        "unfamiliar": 0.2,
    }
    return Metadata(**values | changes)


def _nodes(scores: str) -> Sequence[onnx.NodeProto]:
    """Return the graph: (B, C, H, W) to (B, T, K), called ``scores``, and (B,)."""
    return [
        helper.make_node("ReduceMean", ["images", "colour_rows"], ["line"], keepdims=0),
        helper.make_node("Unsqueeze", ["line", "first"], ["lines"]),
        helper.make_node("AveragePool", ["lines"], ["steps"], kernel_shape=[4], strides=[4]),
        helper.make_node("Transpose", ["steps"], ["upright"], perm=[0, 2, 1]),
        helper.make_node("Sub", ["upright", "levels"], ["off"]),
        helper.make_node("Mul", ["off", "off"], ["squares"]),
        helper.make_node("Mul", ["squares", "sharpness"], [scores]),
        helper.make_node("ReduceMax", ["images", "rows"], ["top"], keepdims=0),
        helper.make_node("ReduceMin", ["images", "rows"], ["bottom"], keepdims=0),
        helper.make_node("Sub", ["top", "bottom"], ["ranges"]),
        helper.make_node("ReduceMean", ["ranges", "channels_columns"], ["distance"], keepdims=0),
    ]


def model_bytes(
    spec: CtcSpec = GRAY, *, distance: bool = True, breaks: bool = False, **changes: Any
) -> bytes:
    """Return the model file; ``changes`` are of the metadata.

    A model that ``breaks`` can be opened, and fails on whatever it is given.
    """
    meta = metadata(spec, **changes)
    floats = onnx.TensorProto.FLOAT
    images = helper.make_tensor_value_info(
        "images", floats, ["B", spec.channels, spec.height, spec.width or "W"]
    )
    outputs = [helper.make_tensor_value_info("logits", floats, ["B", "T", len(CHARS) + 1])]
    if distance:
        outputs.append(helper.make_tensor_value_info("distance", floats, ["B"]))
    axes = {"colour_rows": [1, 2], "first": [1], "rows": [2], "channels_columns": [1, 2]}
    constants = [
        numpy_helper.from_array(levels(), "levels"),
        numpy_helper.from_array(np.array(-SHARPNESS, np.float32), "sharpness"),
        *(numpy_helper.from_array(np.array(value), name) for name, value in axes.items()),
    ]
    nodes = [
        node
        for node in _nodes("scores" if breaks else "logits")
        if distance or not {"top", "bottom", "ranges", "distance"} & {*node.output}
    ]
    if breaks:  # no batch has so many images
        constants.append(numpy_helper.from_array(np.array([10**6]), "beyond"))
        nodes.append(helper.make_node("Gather", ["scores", "beyond"], ["logits"]))
    graph = helper.make_graph(nodes, "bars", [images], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, meta.to_props())
    return bytes(model.SerializeToString())


SUMS = "01234+-/="
"""An alphabet for models that read sums: each stands for the bar of the same place in CHARS."""


def sum_bars(text: str) -> NDArray[np.uint8]:
    """Draw a sum, as ``bars``."""
    return bars(text.translate(str.maketrans(SUMS, CHARS)))


def write_model(path: Path, spec: CtcSpec = GRAY, **changes: Any) -> Path:
    """Write the model file, and return its path."""
    path.write_bytes(model_bytes(spec, **changes))
    return path

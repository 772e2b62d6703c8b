"""From a trained network to the bytes of a model file, proved against torch."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from captchascope.errors import TrainingError
from captchascope.glyphs.inputs import InputSpec
from captchascope.modelfile import Metadata, open_model_bytes

__all__ = ["calibrate", "export"]

_TOLERANCE = 1e-4  # of logits
_OPSET = 20  # ONNX Runtime reads it since 1.17


def export(network: nn.Module, spec: InputSpec, metadata: Metadata) -> bytes:
    """Return the model file of ``network``, after ONNX Runtime has agreed with torch on a batch.

    Raises:
        TrainingError: If they disagree.
    """
    batch = torch.rand(5, 1, spec.height, spec.width, generator=torch.Generator().manual_seed(0))
    program = _bare(_onnx_of(network.eval(), batch))
    for key, value in metadata.to_props().items():
        program.metadata_props.add(key=key, value=value)
    data: bytes = program.SerializeToString()
    _prove(network, data, batch)
    return data


def calibrate(logits: Tensor, targets: Tensor) -> float:
    """Return the temperature that makes ``logits``, shape (M, C), most probable (Guo et al. 2017).

    Of a grid from 0.25 to 4; 1 where there is nothing to calibrate on.
    """
    if len(targets) == 0:
        return 1.0
    grid = torch.logspace(-2, 2, 161, base=2.0)
    losses = [nn.functional.cross_entropy(logits / t, targets).item() for t in grid]
    return round(grid[int(np.argmin(losses))].item(), 4)


def _onnx_of(network: nn.Module, batch: Tensor) -> onnx.ModelProto:
    with _quiet():
        program = torch.onnx.export(
            network,
            (batch,),
            dynamo=True,
            opset_version=_OPSET,
            external_data=False,
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            verbose=False,
        )
    if program is None:
        raise TrainingError("train", "torch exported nothing", "report it")
    return program.model_proto


def _bare(program: onnx.ModelProto) -> onnx.ModelProto:
    """Take out the exporter's notes on every node: stack traces, with paths of this machine."""
    graph = program.graph
    for part in (program, graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
    return program


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter prints, logs and warns about its own insides from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _prove(network: nn.Module, data: bytes, batch: Tensor) -> None:
    with torch.no_grad():
        wanted = network(batch).numpy()
    given = open_model_bytes(data, "the exported model").run(batch.numpy())
    difference = float(np.abs(given - wanted).max())
    if not difference <= _TOLERANCE:
        what = f"ONNX Runtime and torch differ by {difference:.2g} after the export"
        raise TrainingError("train", what, "try other versions of torch or onnxruntime")

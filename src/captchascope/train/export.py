"""Export: from a trained network to the bytes of a model file, proved against torch."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import numpy as np
import onnx
import torch
from onnxscript.optimizer import remove_unused_nodes
from torch import Tensor, nn

from captchascope.errors import TrainingError
from captchascope.model.file import open_model_bytes
from captchascope.model.metadata import Metadata

_TOLERANCE = 1e-4  # of logits, in parts of the largest where that is above 1
_COARSE = 1e-2  # of distances: whitening magnifies what is rounded
_OPSET = 20  # ONNX Runtime reads it since 1.17


@torch.no_grad()
def round_to_half(network: nn.Module) -> None:
    """Round the weights of ``network`` to what half precision holds, but for those of one axis.

    Biases and statistics are few, and a variance may be less than half precision has.
    """
    for weight in network.parameters():
        if weight.dim() > 1:
            weight.copy_(weight.half())


def export_model(
    network: nn.Module,
    example: Tensor,
    metadata: Metadata,
    *,
    free_width: bool = False,
    half: bool = False,
) -> bytes:
    """Return the model file of ``network``, after ONNX Runtime has agreed with torch on a batch.

    Every weight keeps the name that it has in the network's ``state_dict``.

    Args:
        network: A batch to logits, or to logits and the distance of each image, shape (B,).
        example: A batch, shape (B, channels, H, W), B of at least 2; the file takes any B.
        metadata: What the file says of itself.
        free_width: Whether the file takes any W as well.
        half: Whether weights that half precision holds exactly, as ``round_to_half`` leaves them,
            are stored so; ONNX Runtime makes them whole when it opens the file.

    Raises:
        TrainingError: If they disagree.
    """
    program = _bare(_onnx_of(network.eval(), example, free_width))
    if half:
        _store_in_half(program.graph)
    for key, value in metadata.to_props().items():
        program.metadata_props.add(key=key, value=value)
    data: bytes = program.SerializeToString()
    _prove(network, data, example)
    if free_width:
        _prove(network, data, example[:, :, :, : example.shape[3] * 2 // 3])
    return data


def _onnx_of(network: nn.Module, example: Tensor, free_width: bool) -> onnx.ModelProto:
    sizes = {0: torch.export.Dim("batch", min=1)}
    if free_width:
        sizes[3] = torch.export.Dim("width", min=8)
    with _quiet(), torch.no_grad():
        outputs = 1 if isinstance(network(example), Tensor) else 2
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=_OPSET,
            external_data=False,
            input_names=["images"],
            output_names=["logits", "distance"][:outputs],
            dynamic_shapes=(sizes,),
            optimize=False,  # ONNX Runtime folds as much itself, and so the weights stay weights
            verbose=False,
        )
    if program is None:
        raise TrainingError("train", "torch exported nothing", "report it")
    return program.model_proto


def _bare(program: onnx.ModelProto) -> onnx.ModelProto:
    """Take out what the exporter puts in that nobody needs.

    Those are its notes on every node, stack traces with paths of this machine; and the zeros that
    a convolution without a bias gets for one, computed anew in each run, which would keep ONNX
    Runtime from folding the normalisation behind it.
    """
    graph = program.graph
    for part in (program, graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
    weights = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[2] not in weights:
            del node.input[2]
    remove_unused_nodes(program)
    return program


def _store_in_half(graph: onnx.GraphProto) -> None:
    """Store the weights of more than one axis in half precision where that changes none of them."""
    casts = []
    for tensor in graph.initializer:
        weight = onnx.numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or weight.ndim < 2:
            continue
        half = weight.astype(np.float16)
        if np.array_equal(half, weight):
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, name))
            whole = f"{name}.whole"
            for node in graph.node:
                node.input[:] = [whole if given == name else given for given in node.input]
            casts.append(onnx.helper.make_node("Cast", [name], [whole], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]  # in the order in which they are run
    del graph.node[:]
    graph.node.extend(nodes)


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
        wanted = network(batch)
    logits, distances = open_model_bytes(data, "the exported model").run_with_distance(
        batch.numpy()
    )
    pairs = [(logits, wanted if distances is None else wanted[0], _TOLERANCE)]
    if distances is not None:
        pairs.append((distances, wanted[1], _COARSE))
    for given, torchs, tolerance in pairs:
        difference = np.abs(given - torchs.numpy()) / np.maximum(1, np.abs(given)).max()
        if not difference.max() <= tolerance:
            what = f"ONNX Runtime and torch differ by {difference.max():.2g} after the export"
            raise TrainingError("train", what, "try other versions of torch or onnxruntime")

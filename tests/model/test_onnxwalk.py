"""The walk: what it finds in an ONNX file, and that hostile bytes only ever give a ModelError."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from captchascope.errors import ModelError
from captchascope.model import onnxwalk
from captchascope.model.onnxwalk import MAX_MODEL_BYTES, read_model, read_props

FLOAT = onnx.TensorProto.FLOAT
PROPS = {"one": "1", "two": "zwei €"}


def _graph(*nodes: onnx.NodeProto, name: str = "g") -> onnx.GraphProto:
    value = helper.make_tensor_value_info("y", FLOAT, None)
    return helper.make_graph(nodes, name, [], [value])


def _model(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    model = helper.make_model(_graph(*nodes), producer_name="test")
    helper.set_model_props(model, PROPS)
    return model


def _constant(tensor: onnx.TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["y"], value=tensor)


def _branching(node: onnx.NodeProto, depth: int = 1) -> onnx.NodeProto:
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["y"], then_branch=_graph(node))
    return node


def _tensor() -> onnx.TensorProto:
    return numpy_helper.from_array(np.arange(3, dtype=np.float32), "w")


def _external() -> onnx.TensorProto:
    tensor = onnx.TensorProto(name="w", data_type=FLOAT, dims=[3])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def _marked() -> onnx.TensorProto:
    return onnx.TensorProto(name="w", data_location=onnx.TensorProto.EXTERNAL)


def _refusal(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read_props(data, "m.onnx")
    assert caught.value.where == "m.onnx"
    assert caught.value.remedy
    return caught.value


def _outcome(data: bytes) -> str:
    """Return what is wrong with ``data``, or nothing."""
    try:
        read_props(data, "m.onnx")
    except ModelError as error:
        return error.what
    return ""


WHOLE = _model(_constant(_tensor())).SerializeToString()


def test_the_metadata_of_a_plain_model_is_returned() -> None:
    """Keys and values come back as text."""
    assert read_props(WHOLE, "m.onnx") == PROPS


def test_operators_of_the_standard_domains_pass() -> None:
    """The default domain, its other name, and the classical machine learning are ONNX's own."""
    nodes = [helper.make_node("Add", ["a", "b"], ["y"], domain=d) for d in onnxwalk.DOMAINS]
    assert read_props(_model(*nodes).SerializeToString(), "m.onnx") == PROPS


PLACES: dict[str, Callable[[onnx.ModelProto], onnx.TensorProto]] = {
    "initializer": lambda m: m.graph.initializer.add(),
    "sparse initializer": lambda m: m.graph.sparse_initializer.add().values,
    "attribute": lambda m: m.graph.node.add().attribute.add().t,
    "list attribute": lambda m: m.graph.node.add().attribute.add().tensors.add(),
    "sparse attribute": lambda m: m.graph.node.add().attribute.add().sparse_tensor.indices,
    "sparse list": lambda m: m.graph.node.add().attribute.add().sparse_tensors.add().values,
    "subgraph": lambda m: m.graph.node.add().attribute.add().g.initializer.add(),
    "list of graphs": lambda m: (
        m.graph.node.add().attribute.add().graphs.add().node.add().attribute.add().t
    ),
    "function": lambda m: m.functions.add(name="f").node.add().attribute.add().t,
    "function default": lambda m: m.functions.add(name="f").attribute_proto.add().t,
    "training": lambda m: m.training_info.add().algorithm.initializer.add(),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("make", [_external, _marked])
def test_external_data_is_found_wherever_a_tensor_may_be(
    place: str, make: Callable[[], onnx.TensorProto]
) -> None:
    """A tensor whose data lies in another file is refused; the same with its own data is not."""
    fine, bad = _model(), _model()
    PLACES[place](fine).CopyFrom(_tensor())
    PLACES[place](bad).CopyFrom(make())
    assert read_props(fine.SerializeToString(), "m.onnx") == PROPS
    assert "another file" in _refusal(bad.SerializeToString()).what


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.training", "AI.onnx", "é"])
@pytest.mark.parametrize("depth", [0, 1, 9])
def test_a_custom_operator_is_named(domain: str, depth: int) -> None:
    """Other domains than ONNX's own are refused, in subgraphs, too."""
    node = _branching(helper.make_node("Spy", ["x"], ["y"], domain=domain), depth)
    assert f"{domain}::Spy" in _refusal(_model(node).SerializeToString()).what


def test_a_custom_operator_in_a_function_is_named() -> None:
    """A function of the model is no place to hide one."""
    model = _model()
    model.functions.add(name="f").node.add(op_type="Spy", domain="x\n")
    assert "x\\n::Spy" in _refusal(model.SerializeToString()).what


def test_a_later_domain_does_not_hide_an_earlier_one() -> None:
    """Every occurrence of a repeated field counts, whichever a parser keeps."""
    model = _model()
    model.graph.node.add(op_type="Spy", domain="evil")
    data = model.SerializeToString()
    assert "evil" in _refusal(data + b"\x3a\x00" + data[2:]).what


def test_a_tag_beyond_32_bits_is_refused() -> None:
    """Protobuf would cut it, and so see another field than the walk."""
    hidden = b"\xba\x80\x80\x80\x10\x00"
    assert "damaged" in _refusal(b"\x08\x08" + hidden + WHOLE[2:]).what


def test_deep_nesting_is_refused() -> None:
    """Ten subgraphs inside one another are one too many."""
    model = _model(_branching(_constant(_tensor()), depth=10))
    assert "deep" in _refusal(model.SerializeToString()).what


def test_a_flood_of_fields_is_given_up() -> None:
    """The walk has a budget."""
    walk = onnxwalk._Walk(b"\x08\x08" * 101, "m.onnx", fields_left=100)
    with pytest.raises(ModelError, match="fields"):
        walk.check_complete()


def test_a_large_initializer_costs_nothing() -> None:
    """Its bytes are passed over, not read."""
    model = _model()
    model.graph.initializer.add(name="w", data_type=FLOAT, raw_data=bytes(MAX_MODEL_BYTES - 1000))
    data = model.SerializeToString()
    start = time.perf_counter()
    assert read_props(data, "m.onnx") == PROPS
    assert time.perf_counter() - start < 0.5


def test_a_key_may_occur_once() -> None:
    """Of two values nobody could tell which one counts."""
    model = _model()
    model.metadata_props.add(key="one", value="2")
    assert "'one' more than once" in _refusal(model.SerializeToString()).what


def test_metadata_that_is_not_text_is_refused() -> None:
    """Keys and values are UTF-8."""
    assert "UTF-8" in _refusal(WHOLE.replace(b"zwei", b"zw\xffi")).what


@pytest.mark.parametrize(
    ("data", "look"),
    [
        (b"PK\x03\x04....", "PyTorch"),
        (b"\x80\x04\x95....", "pickle"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"\x08\x00\x12\x00", "not an ONNX file"),
        (b"hello", "not an ONNX file"),
    ],
)
def test_foreign_data_is_called_what_it_looks_like(data: bytes, look: str) -> None:
    """The error says that it is not an ONNX file, and what it may be."""
    what = _refusal(data).what
    assert what.startswith("is not an ONNX file")
    assert look in what


def test_every_prefix_is_truncated_until_only_metadata_lacks() -> None:
    """A file that breaks off is never taken for a whole one."""
    start_of_props = WHOLE.index(b"\x72\x08\x0a\x03one")
    for length in range(1, len(WHOLE)):
        between = length in (start_of_props, start_of_props + 10)
        assert _outcome(WHOLE[:length]).startswith("" if between else "is truncated")


def test_trailing_bytes_are_damage() -> None:
    """Zeros, as an unfinished download has them, are no field."""
    assert "damaged" in _refusal(WHOLE + bytes(8)).what


@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_are_refused(data: bytes, onnx_like: bool) -> None:
    """Whatever the bytes, the error is a ModelError."""
    assert _outcome(b"\x08\x08" + data if onnx_like else data)


def test_mutations_pass_or_are_refused() -> None:
    """A few changed bytes never raise anything but a ModelError."""
    rng = random.Random(0)
    data = _model(_branching(_constant(_tensor()), depth=2)).SerializeToString()
    for _ in range(3000):
        mutated = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            mutated[rng.randrange(len(data))] = rng.choice(
                [0, 1, 127, 128, 255, rng.randrange(256)]
            )
        _outcome(bytes(mutated))


def _read_refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_model(path)
    return caught.value.what


def test_a_file_is_read(tmp_path: Path) -> None:
    """The bytes are those of the file."""
    (tmp_path / "m.onnx").write_bytes(WHOLE)
    assert read_model(tmp_path / "m.onnx") == WHOLE


def test_a_path_that_leads_to_no_file_is_refused(tmp_path: Path) -> None:
    """Missing, a folder, below a file, impossible: each says so."""
    (tmp_path / "file").write_bytes(b"x")
    assert _read_refusal(tmp_path / "none") == "does not exist"
    assert _read_refusal(tmp_path / "file" / "none") == "does not exist"
    assert _read_refusal(tmp_path) == "is a directory, not a model file"
    assert _read_refusal(tmp_path / "a\0b").startswith("cannot be read")
    assert _read_refusal(tmp_path / ("n" * 5000)).startswith("cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """It might never end."""
    os.mkfifo(tmp_path / "pipe")
    assert _read_refusal(tmp_path / "pipe") == "is not a regular file"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """The length is looked at first."""
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    assert _read_refusal(tmp_path / "huge").startswith("is too large: 67,108,865 bytes")


def test_nothing_and_too_much_are_no_model() -> None:
    """A caller that has the bytes is told so, too."""
    assert _refusal(b"").what == "is empty"
    assert _refusal(bytes(MAX_MODEL_BYTES + 1)).what.startswith("is too large: 67,108,865 bytes")

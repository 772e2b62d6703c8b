"""The walk: what it finds in an ONNX file, and that hostile bytes only ever give a ModelError."""

from __future__ import annotations

import os
import random
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.errors import ModelError
from captchascope.model.onnxwalk import MAX_MODEL_BYTES, read_graph, read_model, read_props
from captchascope.model.wire import Wire
from model.hostile import FLOAT, META, network

PROPS = META.to_props()


def _model() -> onnx.ModelProto:
    return onnx.load_from_string(network([]))


def _read(data: bytes) -> dict[str, str]:
    """Return the metadata of a file whose network can be read, too."""
    props = read_props(data, "m.onnx")
    read_graph(data, "m.onnx")
    return props


def _refusal(data: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        _read(data)
    assert caught.value.where == "m.onnx"
    assert caught.value.remedy
    return caught.value


def _outcome(data: bytes) -> str:
    """Return what is wrong with ``data``, or nothing."""
    try:
        _read(data)
    except ModelError as error:
        return error.what
    return ""


WHOLE = network([])


def test_the_metadata_of_a_plain_model_is_returned() -> None:
    """Keys and values come back as text."""
    assert _read(WHOLE) == PROPS


def test_the_network_of_a_plain_model_is_returned() -> None:
    """Operators, weights and ports come back with their names and sizes."""
    graph = read_graph(WHOLE, "m.onnx")
    (only,), (weights,) = graph.nodes, graph.tensors
    assert (only.op, only.inputs, only.outputs, only.attributes) == (
        "MatMul",
        ("x", "w"),
        ("y",),
        {},
    )
    assert (weights.name, weights.dims, weights.known) == ("w", (12, 10), None)
    assert [(p.name, p.dims) for p in (*graph.inputs, *graph.outputs)] == [
        ("x", (None, 12)),
        ("y", (None, 10)),
    ]


def test_metadata_comes_before_the_network() -> None:
    """A model of another program is told by what it says, whatever its operators."""
    model = _model()
    model.graph.node.add(op_type="Spy", domain="evil")
    assert read_props(model.SerializeToString(), "m.onnx") == PROPS


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.ml", "AI.onnx", "é"])
def test_a_custom_operator_is_named(domain: str) -> None:
    """Other domains than ONNX's own are refused."""
    model = _model()
    model.graph.node.add(op_type="Spy\n", domain=domain)
    assert f"{domain}::Spy\\n" in _refusal(model.SerializeToString()).what


def test_a_second_graph_is_refused() -> None:
    """A parser that merged the two would see another network than the walk."""
    again = onnx.ModelProto(graph=_model().graph).SerializeToString()
    assert "graph, more than once" in _refusal(WHOLE + again).what


def test_a_later_domain_does_not_hide_an_earlier_one() -> None:
    """Every occurrence of a repeated field counts, whichever a parser keeps."""
    evil = onnx.NodeProto(op_type="Relu", domain="evil").SerializeToString() + b"\x3a\x00"
    graph = b"\x0a" + bytes([len(evil)]) + evil
    model = _model()
    model.ClearField("graph")
    assert (
        "evil" in _refusal(model.SerializeToString() + b"\x3a" + bytes([len(graph)]) + graph).what
    )


def test_a_tag_beyond_32_bits_is_refused() -> None:
    """Protobuf would cut it, and so see another field than the walk."""
    hidden = b"\xba\x80\x80\x80\x10\x00"
    assert "damaged" in _refusal(b"\x08\x08" + hidden + WHOLE[2:]).what


def test_a_flood_of_fields_is_given_up() -> None:
    """The walk has a budget."""
    wire = Wire(b"\x08\x08" * 101, "m.onnx", fields_left=100)
    with pytest.raises(ModelError, match="fields"):
        list(wire.fields(0, len(wire.data)))


def test_a_flood_of_numbers_in_one_field_is_given_up() -> None:
    """They count as fields do."""
    model = _model()
    model.graph.node.add(op_type="Constant", output=["c"]).attribute.add(
        name="value_ints", type=7, ints=range(10**6)
    )
    assert "fields" in _refusal(model.SerializeToString()).what


def test_a_large_initializer_is_not_looked_into() -> None:
    """Its bytes are passed over: the fields of the file are few, however long it is."""
    model = _model()
    count = MAX_MODEL_BYTES // 4 - 1000
    model.graph.initializer.add(name="v", data_type=FLOAT, dims=[count], raw_data=bytes(4 * count))
    assert _read(model.SerializeToString()) == PROPS


def test_a_key_may_occur_once() -> None:
    """Of two values nobody could tell which one counts."""
    model = _model()
    model.metadata_props.add(key="seed", value="2")
    assert "'seed' more than once" in _refusal(model.SerializeToString()).what


def test_metadata_that_is_not_text_is_refused() -> None:
    """Keys and values are UTF-8."""
    assert "UTF-8" in _refusal(WHOLE.replace(b"glyphs", b"glyph\xff")).what


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
    ends = {WHOLE.index(b"\x0a" + bytes([len(key)]) + key.encode()) - 2 for key in PROPS}
    for length in range(1, len(WHOLE)):
        assert _outcome(WHOLE[:length]).startswith("is truncated") or length in ends


def test_trailing_bytes_are_damage() -> None:
    """Zeros, as an unfinished download has them, are no field."""
    assert "damaged" in _refusal(WHOLE + bytes(8)).what


@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_are_refused(data: bytes, onnx_like: bool) -> None:
    """Whatever the bytes, the error is a ModelError."""
    assert _outcome(b"\x08\x08" + data if onnx_like else data)


def test_mutations_pass_or_are_refused() -> None:
    """A few changed bytes never raise anything but a ModelError."""
    rng, data = random.Random(0), WHOLE
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

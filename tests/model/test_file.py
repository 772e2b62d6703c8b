"""Model files: opening, running, and every way to be refused."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from captchascope.charset import Charset
from captchascope.errors import ModelError, UsageError
from captchascope.glyphs.inputs import InputSpec
from captchascope.model import file as modelfile
from captchascope.model.file import ModelFile, open_model, open_model_bytes
from captchascope.model.metadata import FORMAT, Metadata
from captchascope.reader import model_path
from captchascope.records import build
from model.hostile import HOSTILE

FLOAT = onnx.TensorProto.FLOAT
DIGITS = Charset("0123456789")
SIZE = {"kind": "glyph", "height": 4, "width": 3}
GOT = {"exact": 0.5}
META = Metadata(FORMAT, "glyphs", DIGITS, SIZE, "0 to 1", SIZE, 1.25, "0.1.0", 7, "nothing", GOT)
WEIGHTS = np.random.default_rng(0).normal(size=(12, 10)).astype(np.float32)
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
BATCH = np.random.default_rng(1).random((5, 12), dtype=np.float32)


def _bytes(
    props: Mapping[str, str] | None = None,
    nodes: list[onnx.NodeProto] | None = None,
    *,
    classes: int | None = 10,
    kind: int = FLOAT,
    producer: str = "test",
    opset: int = 17,
    width: int | str = 12,
) -> bytes:
    """Return a network that multiplies its input ``x`` (N, 12) with ``WEIGHTS`` to ``y``."""
    graph = helper.make_graph(
        nodes or [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", kind, ["N", width])],
        [helper.make_tensor_value_info("y", kind, ["N", classes])],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, producer_name=producer, opset_imports=imports, ir_version=8)
    helper.set_model_props(model, dict(META.to_props() if props is None else props))
    return bytes(model.SerializeToString())


def _refusal(data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        open_model_bytes(data, "m.onnx")
    assert caught.value.where == "m.onnx"
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize("props", [{}, {"version": "8.0", "names": "{}"}])
def test_a_foreign_model_is_told_apart(props: dict[str, str]) -> None:
    """An ONNX file of another program is no damaged file of ours."""
    expected = (
        "is an ONNX file, but not one of captchascope's (train one with `captchascope train`)"
    )
    assert _refusal(_bytes(props)) == f"m.onnx: {expected}"


def test_a_model_opens_and_runs(tmp_path: Path) -> None:
    """From a path as from bytes, with its metadata, and the numbers that numpy gives."""
    path = tmp_path / "m.onnx"
    path.write_bytes(_bytes())
    for model in (open_model(path), open_model(str(path)), open_model_bytes(_bytes(), str(path))):
        assert model.name == str(path)
        assert model.metadata == META
        assert model.run(BATCH).dtype == np.float32
        np.testing.assert_allclose(model.run(BATCH), BATCH @ WEIGHTS, rtol=1e-5)


def test_the_shipped_model_of_the_first_release_opens() -> None:
    """It has none of the newer keys, and gives no distance."""
    model = open_model(model_path("metu-glyphs"))
    assert (model.metadata.format, model.metadata.method) == (1, "glyphs")
    assert (model.metadata.lengths, model.metadata.unfamiliar) == (None, None)
    spec = build(InputSpec, model.metadata.input)
    batch = np.zeros((2, 1, spec.height, spec.width), np.float32)
    logits, distances = model.run_with_distance(batch)
    assert (logits.shape, distances) == ((2, 10), None)


def _with_second(name: str = "distance", kind: int = FLOAT, axis: int = 1) -> ModelFile:
    """Open a network whose second output is the maximum of each row, or of each column."""
    network = onnx.load_from_string(_bytes(opset=18))
    largest = helper.make_node("ReduceMax", ["x", "axes"], ["largest"], keepdims=0)
    network.graph.node.extend([largest, helper.make_node("Cast", ["largest"], [name], to=kind)])
    network.graph.initializer.append(numpy_helper.from_array(np.array([axis]), "axes"))
    network.graph.output.append(helper.make_tensor_value_info(name, kind, [None]))
    return open_model_bytes(bytes(network.SerializeToString()), "m.onnx")


def test_a_second_output_is_the_distance() -> None:
    """One for each image, beside the same logits; who does not ask for it gets the logits."""
    model = _with_second()
    logits, distances = model.run_with_distance(BATCH)
    np.testing.assert_array_equal(logits, model.run(BATCH))
    assert distances is not None
    np.testing.assert_array_equal(distances, BATCH.max(axis=1))


def test_a_second_output_of_another_name_is_none() -> None:
    """It may be anything."""
    model = _with_second("hidden", onnx.TensorProto.INT64)
    assert model.run_with_distance(BATCH)[1] is None


def test_a_distance_must_be_one_float_for_each_image() -> None:
    """Another type is known when the file is opened, another shape when it is run."""
    with pytest.raises(ModelError, match="32-bit floats"):
        _with_second(kind=onnx.TensorProto.INT64)
    with pytest.raises(ModelError, match=r"distances of the shape \(12,\) for 5 images"):
        _with_second(axis=0).run_with_distance(BATCH)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_could_cost_anything_is_refused_unopened(name: str) -> None:
    """The error names the file, what is wrong, and what to do; ONNX Runtime never sees the file."""
    make, reason = HOSTILE[name]
    message = _refusal(make())
    assert reason in message
    assert "ONNX Runtime" not in message
    assert "captchascope" in message or "again" in message or "save it as one file" in message


def test_a_large_batch_is_run_in_parts() -> None:
    """The logits and distances are the same, however many images are run at once."""
    model = _with_second()
    wanted = model.run_with_distance(BATCH)
    for at_once in (1, 2, 5):
        found = replace(model, at_once=at_once).run_with_distance(BATCH)
        for given, whole in zip(found, wanted, strict=True):
            assert given is not None
            assert whole is not None
            np.testing.assert_allclose(given, whole, rtol=1e-6)


@pytest.mark.parametrize(("name", "fewest"), [("any", 32), ("metu", 32), ("metu-glyphs", 1536)])
def test_the_models_that_ship_need_no_parts(name: str, fewest: int) -> None:
    """As many images as the readers give them fit into the memory that is allowed."""
    assert open_model(model_path(name)).at_once >= fewest


def test_threads_may_share_a_model() -> None:
    """Every thread gets the logits of its own batch."""
    model = open_model_bytes(_bytes(), "m.onnx")
    batches = [BATCH * n for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        for batch, logits in zip(batches, pool.map(model.run, batches), strict=True):
            np.testing.assert_allclose(logits, batch @ WEIGHTS, rtol=1e-4)


def test_a_session_uses_one_thread_and_the_cpu() -> None:
    """Parallelism is the caller's business."""
    session = open_model_bytes(_bytes(), "m.onnx").session
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_threads_and_providers_are_the_callers(tmp_path: Path) -> None:
    """A session gets the number of threads and the providers that are asked for."""
    (path := tmp_path / "m.onnx").write_bytes(_bytes())
    model = open_model(path, threads=3, providers=["CPUExecutionProvider"])
    assert model.session.get_session_options().intra_op_num_threads == 3
    assert model.session.get_providers() == ["CPUExecutionProvider"]
    np.testing.assert_allclose(model.run(BATCH), BATCH @ WEIGHTS, rtol=1e-5)


@pytest.mark.parametrize(
    "name", sorted({"AzureExecutionProvider", CPU} & {*onnxruntime.get_available_providers()})
)
def test_a_provider_is_known_by_its_beginning(name: str) -> None:
    """In either case, too; it is the one that runs the network, and the model tells which it is."""
    short = name.removesuffix("ExecutionProvider")
    for told in (name, short, short.lower()):
        model = open_model_bytes(_bytes(), "m.onnx", providers=[told])
        assert model.provider == model.session.get_providers()[0] == name
        np.testing.assert_allclose(model.run(BATCH), BATCH @ WEIGHTS, rtol=1e-5)
    assert open_model_bytes(_bytes(), "m.onnx").session.get_providers()[-1] == CPU


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="this build has CUDA")
def test_cuda_that_is_not_installed_says_what_to_install() -> None:
    """And that the other build of ONNX Runtime has to go."""
    with pytest.raises(UsageError) as caught:
        open_model_bytes(_bytes(), "m.onnx", providers=["cuda"])
    assert str(caught.value) == (
        "providers: has cuda, which this ONNX Runtime lacks (pip uninstall onnxruntime, then pip "
        "install onnxruntime-gpu in its place: both at once are in each other's way)"
    )


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="this build has CUDA")
def test_what_is_asked_for_is_not_left_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CUDA cannot be used, ONNX Runtime silently takes the CPU, as it does here."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    for told in (["cuda"], [CUDA, CPU], ["cpu", "cuda"]):
        with pytest.raises(UsageError, match=f"providers: has {CUDA}, which does not work here: "):
            open_model_bytes(_bytes(), "m.onnx", providers=told)
    assert open_model_bytes(_bytes(), "m.onnx").provider == CPU


def test_no_threads_and_unknown_providers_are_wrong_usage() -> None:
    """The error names the parameter, and the providers that there are."""
    with pytest.raises(UsageError, match="threads: must be at least 1, not 0"):
        open_model_bytes(_bytes(), "m.onnx", threads=0)
    with pytest.raises(UsageError, match=r"providers: has Abacus, .*CPUExecutionProvider"):
        open_model_bytes(_bytes(), "m.onnx", providers=["Abacus"])


def test_cuda_comes_first_and_the_cpu_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build for CUDA works on a machine without a GPU, too."""
    tried: list[list[str]] = []
    real = onnxruntime.InferenceSession

    def session(data: bytes, providers: list[str], **options: Any) -> Any:
        tried.append(providers)
        if len(providers) > 1:
            raise RuntimeError("no CUDA-capable device is detected")
        return real(data, providers=providers, **options)

    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert open_model_bytes(_bytes(), "m.onnx").run(BATCH).shape == (5, 10)
    assert tried == [both, both[1:]]


@pytest.mark.parametrize(("method", "classes"), [("glyphs", 11), ("whole", 10)])
def test_the_charset_must_fit_the_output(method: Literal["glyphs", "whole"], classes: int) -> None:
    """A glyph network has a class per character, a whole one also the blank."""
    props = replace(META, method=method, charset=Charset("0123456789x"[:classes])).to_props()
    assert "its charset needs 11" in _refusal(_bytes(props))


def test_a_number_of_classes_that_shows_late_is_checked_late() -> None:
    """Where the graph does not tell the shape, the first batch does."""
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    model = open_model_bytes(_bytes(nodes=nodes, classes=None, width="W"), "m.onnx")
    with pytest.raises(ModelError, match="12 classes"):
        model.run(BATCH)


def test_a_batch_that_does_not_fit_is_a_model_error() -> None:
    """The error names the shape of the batch."""
    model = open_model_bytes(_bytes(), "m.onnx")
    with pytest.raises(ModelError, match=r"shape \(5, 3\)"):
        model.run(BATCH[:, :3])


def test_what_onnx_runtime_refuses_is_refused() -> None:
    """Its reason is handed on, on one line."""
    cast = helper.make_node("Cast", ["x"], ["whole"], to=onnx.TensorProto.INT64)
    data = _bytes(nodes=[cast, helper.make_node("Sqrt", ["whole"], ["y"])], classes=12)
    message = _refusal(data)
    assert message.startswith("m.onnx: is refused by ONNX Runtime: ")
    assert "tensor(int64)" in message
    assert "\n" not in message


def test_other_types_than_floats_are_refused() -> None:
    """A reader has nothing else to give."""
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    data = _bytes(nodes=nodes, kind=onnx.TensorProto.INT64, classes=12)
    assert "32-bit floats" in _refusal(data)


def test_a_producer_cannot_pass_for_another_format() -> None:
    """ONNX Runtime takes bytes with ORTM at the fifth place for its own format."""
    data = _bytes(producer="ORTM")
    assert data[4:8] == b"ORTM"
    assert open_model_bytes(data, "m.onnx").run(BATCH).shape == (5, 10)


def test_the_path_in_an_error_is_one_line(tmp_path: Path) -> None:
    """Control characters are escaped."""
    with pytest.raises(ModelError, match=r"a\\nb\.onnx: does not exist"):
        open_model(tmp_path / "a\nb.onnx")


def test_mutations_open_or_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """A few changed bytes give a ModelError or a model that runs, and no log on stderr."""
    rng, whole, ran = random.Random(0), _bytes(), 0
    for _ in range(2000):
        data = bytearray(whole)
        for at in rng.sample(range(len(whole)), rng.randint(1, 3)):
            data[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        ran += _runs(bytes(data))
    assert 0 < ran < 2000
    assert capfd.readouterr().err == ""


def _runs(data: bytes) -> bool:
    try:
        open_model_bytes(data, "m.onnx").run(BATCH)
    except ModelError:
        return False
    return True


def test_prefixes_are_refused() -> None:
    """A model that breaks off is never opened."""
    whole = _bytes()
    assert all(_refusal(whole[:length]) for length in range(len(whole)))


def test_onnx_runtime_is_imported_by_the_first_opening() -> None:
    """Importing the module costs nothing."""
    code = f"import sys, {modelfile.__name__}; sys.exit('onnxruntime' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

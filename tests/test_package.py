"""The package as a whole: its names, and what importing it brings along."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import captchascope
from captchascope.generate import draw_captcha

HEAVY = {"torch", "onnx", "onnxscript", "matplotlib", "pyarrow", "ray", "sklearn"}
UNNEEDED = HEAVY | {"PIL", "click", "jinja2", "rapidfuzz", "rich", "multiprocessing"}

SCRIPT = """
import json, sys
import captchascope
imported = sorted({name.partition(".")[0] for name in sys.modules})
reading = captchascope.load("metu").read(sys.stdin.buffer.read())
read = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([reading.text, imported, read]))
"""


def test_the_names_of_the_package_are_pinned() -> None:
    """What a script may import from ``captchascope`` is a promise."""
    assert captchascope.__all__ == [
        "BulkProgress",
        "BulkSummary",
        "CaptchascopeError",
        "CharReading",
        "Dataset",
        "DatasetError",
        "Evaluation",
        "ImageError",
        "MissingExtraError",
        "ModelError",
        "OutputError",
        "ParquetDataset",
        "ReadOptions",
        "Reader",
        "Reading",
        "SchemeError",
        "SegmentationError",
        "Trained",
        "TrainingError",
        "UsageError",
        "evaluate_reader",
        "load",
        "read_bulk",
        "read_dataset",
        "read_parquet",
        "run_audit",
        "train_model",
    ]
    assert all(hasattr(captchascope, name) for name in captchascope.__all__)


def test_what_is_there_can_be_looked_up() -> None:
    """In a fresh process, before any of it has been imported."""
    code = "import captchascope; print(*dir(captchascope))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {*captchascope.__all__, "__version__"} <= {*done.stdout.split()}


EVERYTHING = """
import captchascope, json, pkgutil, sys
from types import ModuleType
first = {name: getattr(captchascope, name) for name in captchascope.__all__}
for module in pkgutil.walk_packages(captchascope.__path__, "captchascope."):
    if not module.name.endswith(("__main__", "hook-captchascope")):  # PyInstaller runs the one
        __import__(module.name)
gone = [name for name in first if getattr(captchascope, name) is not first[name]]
rooms = [m for name, m in sys.modules.items() if name.partition(".")[0] == "captchascope"]
gone += [
    f"{room.__name__}.{name}"
    for room in rooms
    for name in getattr(room, "__all__", [])
    if isinstance(getattr(room, name), ModuleType)
]
print(json.dumps(gone))
"""


def test_no_module_takes_the_place_of_a_public_name() -> None:
    """A module that is imported becomes an attribute of its package, whatever was there."""
    for package in ("torch", "httpx", "fastapi", "pyarrow", "ray"):
        pytest.importorskip(package, reason="needs the extra 'all'")
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=True, timeout=300
    )
    assert json.loads(done.stdout) == []


def test_no_public_function_bears_the_name_of_a_room_or_module() -> None:
    """A name tells which of the two is meant."""
    files = [*Path(captchascope.__file__).parent.rglob("*.py")]
    modules = {(file.parent if file.name == "__init__.py" else file).stem for file in files}
    offenders = [
        f"{file.name}: {node.name}"
        for file in files
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in modules
    ]
    assert offenders == []


def test_reading_needs_few_packages() -> None:
    """A fresh process that reads a JPEG has numpy, OpenCV and ONNX Runtime, and no more."""
    drawn = draw_captcha("metu", 990008, 1)
    alone = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        input=drawn.jpeg(),
        capture_output=True,
        env=alone,  # what measures coverage imports multiprocessing
        check=True,
        timeout=60,
    )
    text, imported, read = json.loads(done.stdout)
    assert done.stderr == b""
    assert text == drawn.label
    assert not UNNEEDED & set(imported)
    assert not UNNEEDED & set(read)
    assert "onnxruntime" not in imported
    assert {"numpy", "cv2", "onnxruntime"} <= set(read)


def test_the_package_alone_imports_no_large_library() -> None:
    """The command line can be up, and catch Ctrl-C, before they are."""
    code = "import captchascope, sys; print('numpy' in sys.modules, captchascope.load.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "load"]

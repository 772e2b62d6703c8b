"""The package as a whole: its names, and what importing it brings along."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import captchascope
from captchascope.generate import draw_captcha

HEAVY = {"torch", "lightning", "onnx", "onnxscript", "matplotlib", "pyarrow", "ray", "sklearn"}
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
        "CaptchascopeError",
        "CharReading",
        "DatasetError",
        "ImageError",
        "MissingExtraError",
        "ModelError",
        "OutputError",
        "Reader",
        "Reading",
        "SchemeError",
        "SegmentationError",
        "TrainingError",
        "UsageError",
        "load",
    ]
    assert all(hasattr(captchascope, name) for name in captchascope.__all__)


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

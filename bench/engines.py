"""Whoever reads captchas in peers.py, as a child process: it reads when it is told, and times it.

    python engines.py ENGINE [MODEL]

Each line on stdin is a JSON list of image files; each answer is a line of JSON with the texts, the
seconds that reading took, and the peak memory of the process so far in MB. The files are loaded
before the clock starts. All run in one thread. This file imports nothing but what its engine needs,
for ddddocr lives in an environment of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # before any library looks

TESSERACT = ["--psm", "7", "--loglevel", "OFF"]
"""How Tesseract is told that an image is one line of text."""

Read = Callable[[Sequence[Path], Sequence[bytes]], Sequence[str]]
"""Takes files and their bytes, whichever it needs, and gives the texts; "" where there is none."""


def _single_threaded_opencv() -> Any:
    cv2 = import_module("cv2")
    cv2.setNumThreads(1)
    return cv2


def decoding(model: str) -> Read:
    """Only decode: the yardstick."""
    cv2, np = _single_threaded_opencv(), import_module("numpy")

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        for data in files:
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        return [""] * len(files)

    return read


def captchascope(model: str) -> Read:
    """Read one image after the other with a model of ours."""
    _single_threaded_opencv()
    reader = import_module("captchascope").load(model)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        texts = []
        for data in files:
            try:
                texts.append(reader.read(data).text or "")
            except Exception:  # one that cannot be cut is a wrong one, as for all the others
                texts.append("")
        return texts

    return read


def captchascope_many(model: str) -> Read:
    """Read with ``read_many`` in one process."""
    _single_threaded_opencv()
    reader = import_module("captchascope").load(model)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [reading.text or "" for reading in reader.read_many(files, errors="return")]

    return read


def ddddocr(model: str) -> Read:
    """Call ``classification`` for each image; its session is given one thread, as it takes all."""
    _single_threaded_opencv()
    ort: Any = import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    ort.InferenceSession = partial(ort.InferenceSession, sess_options=options)
    engine = import_module("ddddocr").DdddOcr(show_ad=False)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [str(engine.classification(data, png_fix=True)) for data in files]

    return read


def tesseract(model: str) -> Read:
    """Start the program for each image, as pytesseract does."""

    def text(path: Path) -> str:
        command = ["tesseract", str(path), "stdout", *TESSERACT]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    return lambda paths, files: [text(path) for path in paths]


def tesseract_many(model: str) -> Read:
    """Start the program once, with a list of the images; a form feed ends each text."""

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        command = ["tesseract", "stdin", "stdout", *TESSERACT]
        names = "\n".join(map(str, paths))
        done = subprocess.run(command, input=names, capture_output=True, text=True, check=False)
        texts = done.stdout.split("\f")[: len(paths)]
        return texts + [""] * (len(paths) - len(texts))

    return read


ENGINES = {
    "decoding": decoding,
    "captchascope": captchascope,
    "captchascope-many": captchascope_many,
    "tutorial": lambda model: import_module("steps").tutorial(),
    "ddddocr": ddddocr,
    "tesseract": tesseract,
    "tesseract-many": tesseract_many,
}


def _peak() -> float:
    """Return the peak memory of this process, or of its largest child, in MB.

    Linux's own figure, for ``ru_maxrss`` begins with what the process had that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def main(name: str, model: str = "metu") -> None:
    """Answer until stdin ends."""
    read: Read = ENGINES[name](model)
    for line in sys.stdin:
        paths = [Path(file) for file in json.loads(line)]
        files = [path.read_bytes() for path in paths]
        begun = time.perf_counter()
        texts = read(paths, files)
        seconds = time.perf_counter() - begun
        print(json.dumps({"texts": list(texts), "seconds": seconds, "peak": _peak()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Whoever reads captchas in peers.py, as a child process: it reads when it is told, and times it.

    python engines.py ENGINE [MODEL [CHARSET LENGTH]]

Each line on stdin is a JSON list of image files; each answer is a line of JSON with the texts, the
seconds of a processor that reading took, which are those of a clock where nothing else runs, and
the peak memory of the process so far in MB. The files are loaded
before the clock starts, and for those who cannot do it, laid on white where they are transparent.
All run in one thread. This file imports nothing but what its engine needs, for the other readers
live in an environment of their own.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
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


def decoding() -> Read:
    """Only decode: the yardstick."""
    cv2, np = _single_threaded_opencv(), import_module("numpy")

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        for data in files:
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        return [""] * len(files)

    return read


def _our_reader(model: str, charset: str, length: str) -> Any:
    """Return a reader that is told what is not empty."""
    _single_threaded_opencv()
    told = {"charset": charset or None, "length": length or None}
    return import_module("captchascope").load(model, **told)


def captchascope(model: str, charset: str = "", length: str = "") -> Read:
    """Read one image after the other with a model of ours."""
    reader = _our_reader(model, charset, length)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        texts = []
        for data in files:
            try:
                texts.append(reader.read(data).text or "")
            except Exception:  # one that cannot be cut is a wrong one, as for all the others
                texts.append("")
        return texts

    return read


def captchascope_many(model: str, charset: str = "", length: str = "") -> Read:
    """Read with ``read_many`` in one process."""
    reader = _our_reader(model, charset, length)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [reading.text or "" for reading in reader.read_many(files, errors="return")]

    return read


def _single_threaded_sessions() -> None:
    """Give ONNX Runtime's sessions one thread each, as most take all there are."""
    ort: Any = import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    ort.InferenceSession = partial(ort.InferenceSession, sess_options=options)


def ddddocr(beta: bool) -> Read:
    """Call ``classification`` for each image, with the first or the second of its models."""
    _single_threaded_opencv()
    _single_threaded_sessions()
    engine = import_module("ddddocr").DdddOcr(show_ad=False, beta=beta)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [str(engine.classification(data, png_fix=True)) for data in files]

    return read


def _on_white(data: bytes) -> bytes:
    """Return an image as it was, or a transparent one as a PNG on white, in its first frame."""
    image_of: Any = import_module("PIL.Image")
    image = image_of.open(io.BytesIO(data))
    if image.mode not in ("RGBA", "LA", "P"):
        return data
    image = image.convert("RGBA")
    page = image_of.new("RGBA", image.size, "white")
    page.alpha_composite(image)
    page.convert("RGB").save(stream := io.BytesIO(), "PNG")
    return stream.getvalue()


def svtrv2() -> Read:
    """Call the recogniser of azcrawlerpy, without the browser that its packages import."""
    _single_threaded_sessions()
    for name in ("azcrawlerpy", "azcrawlerpy.captcha", "azcrawlerpy.captcha.text"):
        package = types.ModuleType(name)
        inner = name.split(".")[1:]
        package.__path__ = [str(Path(_place_of("azcrawlerpy"), *inner))]
        sys.modules[name] = package
    weights = Path(_place_of("azcrawlerpy_recaptcha_text"), "svtrv2.onnx")
    recogniser = import_module("azcrawlerpy.captcha.text.recognizer").OnnxRecognizer(weights)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [recogniser.read_png(data)[0] for data in files]

    return read


def _place_of(package: str) -> str:
    """Return the folder of an installed package, which need not have been imported."""
    if package in sys.modules:
        return str(sys.modules[package].__path__[0])
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed")
    return str(Path(spec.origin).parent)


def whisperer() -> Read:
    """Call captcha-whisperer for each image."""
    _single_threaded_sessions()
    recogniser = import_module("captcha_whisperer").CaptchaRecognizer(threads=1)

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        return [recogniser.recognize_bytes(data)["text"] for data in files]

    return read


def tesseract() -> Read:
    """Start the program for each image, as pytesseract does."""

    def text(path: Path) -> str:
        command = ["tesseract", str(path), "stdout", *TESSERACT]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    return lambda paths, files: [text(path) for path in paths]


def tesseract_many() -> Read:
    """Start the program once, with a list of the images; a form feed ends each text."""

    def read(paths: Sequence[Path], files: Sequence[bytes]) -> list[str]:
        command = ["tesseract", "stdin", "stdout", *TESSERACT]
        names = "\n".join(map(str, paths))
        done = subprocess.run(command, input=names, capture_output=True, text=True, check=False)
        texts = done.stdout.split("\f")[: len(paths)]
        return texts + [""] * (len(paths) - len(texts))

    return read


ENGINES: dict[str, Callable[..., Read]] = {
    "decoding": decoding,
    "captchascope": captchascope,
    "captchascope-many": captchascope_many,
    "tutorial": lambda: import_module("steps").tutorial(),
    "ddddocr": partial(ddddocr, False),
    "ddddocr-beta": partial(ddddocr, True),
    "svtrv2": svtrv2,
    "whisperer": whisperer,
    "tesseract": tesseract,
    "tesseract-many": tesseract_many,
}

_BLIND = ("svtrv2", "whisperer")  # to transparency


def _peak() -> float:
    """Return the peak memory of this process, or of its largest child, in MB.

    Linux's own figure, for ``ru_maxrss`` begins with what the process had that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _processor_time() -> float:
    """Return the seconds that this process and its children have had of processors."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def main(name: str, *arguments: str) -> None:
    """Answer until stdin ends."""
    read = ENGINES[name](*arguments)
    for line in sys.stdin:
        paths = [Path(file) for file in json.loads(line)]
        files = [path.read_bytes() for path in paths]
        if name in _BLIND:
            files = [_on_white(data) for data in files]
        begun = _processor_time()
        texts = read(paths, files)
        seconds = _processor_time() - begun
        print(json.dumps({"texts": list(texts), "seconds": seconds, "peak": _peak()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

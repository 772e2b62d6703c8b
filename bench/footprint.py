"""What starting and installing a reader costs, for peers.py.

    python footprint.py DISTRIBUTION...

prints the bytes of installed distributions and of all that they need. This much also runs in the
environment of the other readers, where captchascope is not.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "src" / "captchascope"
_OTHERS = {
    "ddddocr": (
        "import sys, ddddocr; "
        "print(ddddocr.DdddOcr(show_ad=False).classification(open(sys.argv[1], 'rb').read()))"
    ),
    "captcha-whisperer": "import sys, captcha_whisperer as c; print(c.recognize(sys.argv[1]))",
}
_DISTRIBUTIONS = {
    "ddddocr": ["ddddocr"],
    # Weights alone, and what reads them; its crawler, which needs a browser, is not counted.
    "azcrawlerpy": ["azcrawlerpy-recaptcha-text", "numpy", "onnxruntime", "pillow"],
    "captcha-whisperer": ["captcha-whisperer"],
}
_TESSERACT = (
    "tesseract-ocr",
    "tesseract-ocr-eng",
    "tesseract-ocr-osd",
    "libtesseract5",
    "liblept5",
)


def cold_starts(image: Path, peers: Path, rounds: int) -> dict[str, float]:
    """Return the median seconds from starting a process to its end, one image read.

    Args:
        image: To be read.
        peers: The Python that has the others.
        rounds: In which all take turns, after one that does not count.
    """
    script = Path(sys.executable).with_name("captchascope")
    commands = {"captchascope": [str(script), "read", str(image)]}
    if peers.exists():
        for name, code in _OTHERS.items():
            commands[name] = [str(peers), "-c", code, str(image)]
    if shutil.which("tesseract"):
        commands["Tesseract"] = ["tesseract", str(image), "stdout", "--psm", "7"]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            times[name].append(_seconds(command))
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def install_sizes(peers: Path) -> dict[str, float]:
    """Return the MB on disk of each reader with all that it needs, Python itself left out.

    Of Tesseract, Debian's packages of the program, its two libraries and English; the further
    libraries, which image programs share, are not counted.
    """
    sizes = {"captchascope": installed(["captchascope"]) / 1e6}
    if peers.exists():
        for name, wanted in _DISTRIBUTIONS.items():
            command = [str(peers), __file__, *wanted]
            sizes[name] = int(subprocess.check_output(command, text=True)) / 1e6
    if shutil.which("tesseract"):
        sizes["Tesseract"] = _debian_size()
    return sizes


def installed(names: Sequence[str]) -> int:
    """Return the bytes of the files of installed distributions, and of what they need."""
    found: dict[str, Distribution] = {}
    names = list(names)
    while names:
        if (chosen := names.pop()) in found:
            continue
        try:
            found[chosen] = distribution(chosen)
        except PackageNotFoundError:  # of another platform or Python
            continue
        names += _needs(found[chosen])
    return sum(_bytes(each) for each in found.values())


def _needs(one: Distribution) -> list[str]:
    """Return the distributions that one needs without any extra."""
    needed = [text for text in one.requires or [] if "extra ==" not in text]
    parts = [re.match(r"[\w.-]+", text) for text in needed]
    return [re.sub(r"[-_.]+", "-", part[0]).lower() for part in parts if part]


def _bytes(one: Distribution) -> int:
    """Return the size of the files as they were installed, without compiled bytecode."""
    if one.name == "captchascope":  # may be installed as a link to its source
        files: Sequence[Path] = [path for path in _SOURCE.rglob("*") if path.is_file()]
    else:
        files = [Path(str(one.locate_file(file))) for file in one.files or []]
    return sum(f.stat().st_size for f in files if f.suffix != ".pyc" and f.exists())


def _debian_size() -> float:
    query = ["dpkg-query", "--show", "--showformat=${Installed-Size}\n", *_TESSERACT]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no Debian
        return float("nan")
    return sum(int(line) for line in done.stdout.split()) * 1024 / 1e6


def _seconds(command: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=False, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(installed(sys.argv[1:]))

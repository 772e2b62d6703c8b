"""Our models beside ddddocr and Tesseract, on the same images, in one run.

    python bench/peers.py [SET...] [--models SET=FILE...] [--count N] [--rounds N]

Every engine is a child process (engines.py) in one thread. Exact match is of each set's test
images; what ddddocr and Tesseract give is then brought to the set's case, and what is no character
of the set is dropped, which can only help them. Times are medians of rounds in which all take
turns. The models are those that `--models` names, or `metu` for its own set and else those that
labels.py has left. An engine that is not installed is left out: `make bench-peers` installs ddddocr
into .venv-peers; Tesseract comes from the system (`apt-get install tesseract-ocr`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from captchascope.data.dataset import read_dataset
from captchascope.evaluate import Rate
from captchascope.generate import write_folder
from captchascope.records import Sample
from footprint import cold_starts, install_sizes
from running import RunError, Training, cell, percent, table, trained
from sets import PLACE, SETS, available, folder_of

_ENGINES = Path(__file__).with_name("engines.py")
_PEERS = _ENGINES.parents[1] / ".venv-peers" / "bin" / "python"
_GLYPHS_SEED, _GLYPHS_IMAGES = 990_007, 4500  # as the tutorial trains
_LABELS = {"captcha": 1000, "captcha-0O": 1000, "wheezy": 1000}  # else 500
_FOREIGN = ("ddddocr", "Tesseract, a process each", "Tesseract, one list")
_SILENT = ("decoding alone", "the tutorial's steps")  # what they give is no text
_FEW = {"ddddocr": 20, "Tesseract, a process each": 4}  # images of a round, where not all


@dataclass(slots=True)
class Engine:
    """A child process that reads.

    Attributes:
        name: What the tables call it.
        child: The process.
        peak: Its peak memory in MB, as it last said.
        seconds: What each round took for one image.
    """

    name: str
    child: subprocess.Popen[str]
    peak: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def read(self, files: Sequence[Path]) -> tuple[list[str], float]:
        """Return the texts of some images, and the seconds that one took in the mean."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        print(json.dumps([str(file) for file in files]), file=self.child.stdin, flush=True)
        if not (line := self.child.stdout.readline()):
            raise RunError(f"{self.name} ended with status {self.child.wait()}")
        answer = json.loads(line)
        self.peak = answer["peak"]
        return answer["texts"], answer["seconds"] / len(files)


def _commands(name: str, model: str, glyphs: str | None) -> Iterator[tuple[str, list[str]]]:
    """Yield every engine that is here, with its command."""
    ours = [sys.executable, str(_ENGINES)]
    yield "decoding alone", [*ours, "decoding"]
    yield "captchascope, read", [*ours, "captchascope", model]
    yield "captchascope, read_many", [*ours, "captchascope-many", model]
    if glyphs is not None:
        yield "captchascope glyphs, tutorial", [*ours, "captchascope", glyphs]
        yield "the tutorial's steps", [*ours, "tutorial"]
    if _PEERS.exists():
        yield "ddddocr", [str(_PEERS), str(_ENGINES), "ddddocr"]
    if shutil.which("tesseract"):
        yield "Tesseract, a process each", [*ours, "tesseract"]
        yield "Tesseract, one list", [*ours, "tesseract-many"]


@contextmanager
def _running(name: str, command: Sequence[str]) -> Iterator[Engine]:
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=dict(os.environ))
    try:
        yield Engine(name, child)
    finally:
        child.communicate()  # closes its stdin, which ends it


def _restricted(text: str, charset: str) -> str:
    """Return the text in the set's case, without what is no character of the set."""
    if charset.upper() == charset:
        text = text.upper()
    elif charset.lower() == charset:
        text = text.lower()
    return "".join(char for char in text if char in charset)


def _exact(engine: Engine, samples: Sequence[Sample], charset: str) -> Rate:
    texts, _ = engine.read([sample.path for sample in samples])
    if engine.name in _FOREIGN:
        texts = [_restricted(text, charset) for text in texts]
    pairs = zip(texts, samples, strict=True)
    return Rate(sum(text == sample.label for text, sample in pairs), len(samples))


def _time(engines: Sequence[Engine], samples: Sequence[Sample], rounds: int) -> None:
    """Let all take turns."""
    files = [sample.path for sample in samples]
    for _ in range(rounds):
        for engine in engines:
            chosen = files[: _FEW.get(engine.name, len(files))]
            engine.seconds.append(engine.read(chosen)[1])


def _measured(name: str, model: str, glyphs: str | None, count: int, rounds: int) -> list[Engine]:
    """Measure all engines on one set, and print its table."""
    samples = read_dataset(folder_of(name) / "test").samples[:count]
    with ExitStack() as stack:
        commands = _commands(name, model, glyphs)
        engines = [stack.enter_context(_running(*each)) for each in commands]
        exact = {engine.name: _exact(engine, samples, SETS[name].charset) for engine in engines}
        _time(engines, samples[:100], rounds)
    times = {engine.name: median(engine.seconds) for engine in engines}
    rows = []
    for engine in engines:
        took = times[engine.name]
        share = "-" if engine.name in _SILENT else percent(exact[engine.name])
        multiple = f"{took / times['decoding alone']:.1f}"
        rows.append(
            [engine.name, share, f"{took * 1000:.3f} ms", multiple, f"{engine.peak:.0f} MB"]
        )
    print(f"\n{name}: {SETS[name].title}; {len(samples)} images; model {Path(model).name}\n")
    print(table(["", "exact match", "an image", "times decoding", "peak memory"], rows), flush=True)
    if name == "metu":
        _print_ratios(times)
    return engines


def _print_ratios(times: dict[str, float]) -> None:
    ours = times["captchascope, read_many"]
    tutorial = 16 * times["decoding alone"]
    print(
        f"\nread_many against the tutorial's own code, 16 times decoding: {tutorial / ours:.1f}",
        end="",
    )
    print(" times as fast; asked 5")
    for name, asked in (("the tutorial's steps", 5), ("ddddocr", 50)):
        if name in times:
            print(
                f"read_many against {name}: {times[name] / ours:.1f} times as fast; asked {asked}"
            )


def _glyphs() -> str:
    """Return a glyphs model of recipe tutorial, trained as the tutorial trains."""
    model = PLACE / "peers" / "tutorial.onnx"
    if not model.exists():
        folder = PLACE / "sets" / "metu-glyphs"
        if not folder.exists():
            write_folder("metu", folder, _GLYPHS_IMAGES, _GLYPHS_SEED)
        trained(folder, model, "--recipe", "tutorial", "--seed", "0")
    return str(model)


def _model_of(name: str, given: dict[str, str]) -> str:
    if name in given:
        return given[name]
    return "metu" if name == "metu" else cell(Training(name, _LABELS.get(name, 500))).model


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our models beside others.")
    parser.add_argument("sets", nargs="*", default=[*SETS], metavar="SET")
    parser.add_argument("--models", nargs="+", default=[], metavar="SET=FILE")
    parser.add_argument("--count", type=int, default=500, help="test images of each set (500)")
    parser.add_argument("--rounds", type=int, default=15, help="of timing (15)")
    return parser.parse_args()


def main() -> None:
    """Print a table for each set, then what starting and installing cost."""
    options = _options()
    given = dict(pair.split("=", 1) for pair in options.models)
    for name in available(options.sets):
        glyphs = given.get("glyphs") or _glyphs() if name == "metu" else None
        _measured(name, _model_of(name, given), glyphs, options.count, options.rounds)
    image = folder_of("metu") / "test" / "1.jpeg"
    starts = cold_starts(image, _PEERS, max(1, options.rounds // 3))
    sizes = install_sizes(_PEERS)
    rows = [[name, f"{starts[name]:.2f} s", f"{sizes[name]:.0f} MB"] for name in starts]
    print()
    print(table(["", "cold start: a process, one image", "installed"], rows))


if __name__ == "__main__":
    main()

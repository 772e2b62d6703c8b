"""What a general reader reads of schemes that it has no label of.

    python bench/any.py [SCHEME...] [--model NAME|FILE...] [--count N] [--rounds N]

Of each scheme (schemes.py): exact match, in its own case and with case folded, told the characters
and the length, and told nothing; and the calibration of the confidence where it is told. Then the
time of an image in one thread, second looks included, beside ddddocr in the same run: the mean of
the shared sets, as median of rounds in which both take turns; and the size of the model and of the
wheel. With several models, a table each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

import captchascope
from calibration import Confidences
from captchascope import Reading
from captchascope.reader import model_path
from captchascope.records import Sample
from children import PEERS, Engine, ours, peer, running, take_turns
from running import commit, share, table
from schemes import GENERATORS, PACKAGES, SCHEMES, SHARED, Scheme, readable

_CALIBRATED = 300  # images from which on calibration is judged
_ECE = 0.03  # that a model may be worse than a perfectly calibrated one
_TIMED = 60  # images of each shared set in a round

Asked = tuple[float, float]
"""What is asked at least, told and told nothing; 0 where nothing is."""

_ASKED: dict[str, Asked] = {
    "henan4": (0.986, 0),
    "cloud4": (0.97, 0),
    "pablo_six": (0.95, 0),
    "pablo_big6": (0.65, 0),
    "math_plus": (0.90, 0),
    "captcha": (0.85, 0),
    "wheezy": (0.97, 0),
    "metu": (0, 0.998),
    "independent": (0, 0.995),
    "metu-real": (0, 1),
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a model reads of a scheme; shares of all images, 0 to 1.

    Attributes:
        count: Images.
        told: Right with case folded, told the characters and the length.
        told_kept: The same in the scheme's own case.
        untold: Right with case folded, told nothing.
        untold_kept: The same in the scheme's own case.
        sure: The confidences where it was told.
    """

    count: int
    told: float
    told_kept: float
    untold: float
    untold_kept: float
    sure: Confidences


def _known(model: str, charset: str) -> str:
    """Return those of a scheme's characters that a model knows; of others it need not be told."""
    known = captchascope.load(model).charset
    return "".join(char for char in charset if char in known)


def _right(readings: Sequence[Reading], samples: Sequence[Sample]) -> tuple[float, float]:
    """Return the share that is right with case folded, and in the scheme's own case."""
    texts = [(reading.text or "", s.label) for reading, s in zip(readings, samples, strict=True)]
    folded = fmean(text.casefold() == label.casefold() for text, label in texts)
    return folded, fmean(text == label for text, label in texts)


def _measured(model: str, scheme: Scheme, samples: Sequence[Sample]) -> Result:
    """Read all images twice, in one thread."""
    files = [sample.path.read_bytes() for sample in samples]
    charset = _known(model, scheme.charset)
    told = captchascope.load(model, charset=charset, length=scheme.length)
    readings = list(told.read_many(files, errors="return"))
    free = list(captchascope.load(model).read_many(files, errors="return"))
    pairs = [
        (reading.confidence, float(reading.text.casefold() == sample.label.casefold()))
        for reading, sample in zip(readings, samples, strict=True)
        if reading.text
    ]
    sure = Confidences(np.array([p for p, _ in pairs]), np.array([hit for _, hit in pairs]))
    return Result(len(files), *_right(readings, samples), *_right(free, samples), sure)


def _row(name: str, result: Result) -> list[str]:
    told, untold = _ASKED.get(name, (0, 0))
    shares = [
        _against(result.told, told),
        share(result.told_kept),
        _against(result.untold, untold),
        share(result.untold_kept),
    ]
    errors = ["", ""]
    if result.count >= _CALIBRATED and len(result.sure.confidence):
        limit = result.sure.ideal() + _ECE
        missed = ", missed" if result.sure.ece() > limit else ""
        errors = [f"{result.sure.ece():.3f}{missed}", f"{limit:.3f}"]
    title = f"{name}: {SCHEMES[name].title}"
    return [title, f"{result.count:,}", *shares, *errors]


def _against(found: float, asked: float) -> str:
    if not asked:
        return share(found)
    return f"{share(found, 2)} (asked {share(asked)}{'' if found >= asked else ', missed'})"


def _print_model(model: str, sets: dict[str, list[Sample]]) -> None:
    """Print the table of a model, line by line as it comes, then the means."""
    path = model_path(model)
    print(f"\n{model}: {path.stat().st_size / 1e6:.2f} MB, at {commit()}\n")
    head = ["told the characters and the length", "own case", "told nothing", "own case"]
    head = ["scheme", "images", *head, "ECE, told", "at most"]
    found = {}
    for place, (name, samples) in enumerate(sets.items()):
        found[name] = _measured(model, SCHEMES[name], samples)
        lines = table(head, [_row(name, found[name])]).splitlines()
        print("\n".join(lines if place == 0 else lines[2:]), flush=True)
    print()
    _print_mean("the shared sets", found, SHARED)
    _print_mean("the two generators", found, GENERATORS)
    _print_mean("the packages", found, PACKAGES)


def _print_mean(what: str, found: dict[str, Result], names: Iterable[str]) -> None:
    chosen = [found[name] for name in names if name in found]
    if not chosen:
        return
    told, untold = [each.told for each in chosen], [each.untold for each in chosen]
    print(f"{what}, case folded: told {share(fmean(told))}, at least {share(min(told))}; ", end="")
    print(f"told nothing {share(fmean(untold))}, at least {share(min(untold))}")


def _print_times(models: Sequence[str], sets: dict[str, list[Sample]], rounds: int) -> None:
    """Print the time of an image over the shared sets, told nothing, and how it is to ddddocr."""
    files = [[s.path for s in sets[name][:_TIMED]] for name in SHARED if name in sets]
    if not files or not rounds:
        return
    commands = {}
    for model in models:
        commands[f"{model}, read"] = ours("captchascope", model)
        commands[f"{model}, read_many"] = ours("captchascope-many", model)
    if PEERS.exists():
        commands["ddddocr"] = peer("ddddocr")
    else:
        print("ddddocr is left out: it needs make peers", file=sys.stderr)
    with ExitStack() as stack:
        engines = [stack.enter_context(running(*each)) for each in commands.items()]
        take_turns(engines, files, rounds, {})
    print(f"\n{table(['', 'an image', 'to ddddocr', 'peak memory'], _time_rows(engines))}")


def _time_rows(engines: Sequence[Engine]) -> list[list[str]]:
    times = {engine.name: median(engine.seconds) for engine in engines}
    beside = times.get("ddddocr", float("nan"))
    return [
        [
            e.name,
            f"{times[e.name] * 1000:.2f} ms",
            f"{times[e.name] / beside:.2f}",
            f"{e.peak:.0f} MB",
        ]
        for e in engines
    ]


def _print_wheel() -> None:
    """Build the wheel, and print its size."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, "."]
        root = Path(__file__).parents[1]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        for wheel in Path(folder).glob("*.whl"):
            print(f"\nwheel: {wheel.stat().st_size / 1e6:.1f} MB")
        if done.returncode:
            print(f"no wheel: {done.stderr.strip()}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Schemes read without a label.")
    parser.add_argument("schemes", nargs="*", default=[*SCHEMES], metavar="SCHEME")
    parser.add_argument("--model", nargs="+", default=["any"], metavar="NAME|FILE")
    parser.add_argument("--count", type=int, help="images of each scheme at most (all)")
    parser.add_argument("--rounds", type=int, default=5, help="of timing; 0: none (5)")
    parser.add_argument("--wheel", action="store_true", help="build the wheel, for its size")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    options = _options()
    if unknown := [name for name in options.schemes if name not in SCHEMES]:
        raise SystemExit(f"no scheme {unknown[0]}; there are {', '.join(SCHEMES)}")
    sets = readable(options.schemes, options.count)
    for model in options.model:
        _print_model(model, sets)
    _print_times(options.model, sets, options.rounds)
    if options.wheel:
        _print_wheel()


if __name__ == "__main__":
    main()

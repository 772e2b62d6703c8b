"""Our models beside every other reader at hand, on the same images, in one run.

    python bench/peers.py [SCHEME...] [--model NAME|FILE] [--models SCHEME=FILE...] [--tutorial]
                          [--count N] [--rounds N]

Every reader is a child process (engines.py) in one thread; none has seen a label of the schemes
(schemes.py). Exact match is counted in the scheme's own case and with case folded; told nothing,
and told the characters and the length: ours take that into the decoding, and what the others give
is brought to the scheme's case, and what is no character of the scheme is dropped, which can only
help them. Times are medians of rounds in which all take turns, beside that of decoding an image.
`--models` adds models that were trained on a scheme; on METU there stands `metu` too, and with
`--tutorial` a model of that recipe, which takes an hour to train. What is not installed is left
out: `make peers` installs the others into .venv-peers; Tesseract comes from the system
(`apt-get install tesseract-ocr`).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import captchascope
from captchascope.generate import write_folder
from captchascope.records import Sample
from children import PEERS, Engine, ours, peer, running, take_turns
from footprint import cold_starts, install_sizes
from running import share, table, trained
from schemes import SCHEMES, Scheme, readable
from sets import PLACE

_GLYPHS_SEED, _GLYPHS_IMAGES = 990_007, 4500  # as the tutorial trains
_OTHERS = {
    "ddddocr": "ddddocr",
    "ddddocr, beta": "ddddocr-beta",
    "azcrawlerpy": "svtrv2",
    "captcha-whisperer": "whisperer",
}
_TESSERACT, _TESSERACT_EACH = "Tesseract, one list", "Tesseract, a process each"
_FOREIGN = (*_OTHERS, _TESSERACT, _TESSERACT_EACH)
_SILENT = ("decoding alone", "the tutorial's steps")  # what they give is no text
_ANY = "captchascope, read_many"
_FEW = dict.fromkeys(_OTHERS, 20) | {_TESSERACT_EACH: 4}  # images of a round, where not all
_TIMED = 100  # images of a round


@dataclass(frozen=True, slots=True)
class Score:
    """The shares that an engine reads right of a scheme, 0 to 1.

    Attributes:
        told: Told the characters and the length, with case folded; then in the scheme's own case.
        untold: Told nothing, likewise.
    """

    told: tuple[float, float]
    untold: tuple[float, float]


def _commands(name: str, options: argparse.Namespace) -> dict[str, list[str]]:
    """Return every engine that is here, with its command; the first is the yardstick of time."""
    found = {"decoding alone": ours("decoding")}
    found["captchascope, read"] = ours("captchascope", options.model)
    found[_ANY] = ours("captchascope-many", options.model)
    given = dict(pair.split("=", 1) for pair in options.models)
    if name in given:
        found["captchascope, trained on it"] = ours("captchascope-many", given[name])
    if name == "metu":
        found["captchascope metu"] = ours("captchascope-many", "metu")
    if name == "metu" and options.tutorial:
        found["captchascope, recipe tutorial"] = ours("captchascope", _glyphs())
        found["the tutorial's steps"] = ours("tutorial")
    if PEERS.exists():
        found |= {other: peer(engine) for other, engine in _OTHERS.items()}
    if shutil.which("tesseract"):
        found |= {_TESSERACT: ours("tesseract-many"), _TESSERACT_EACH: ours("tesseract")}
    return found


def _restricted(text: str, charset: str) -> str:
    """Return the text in the scheme's case, without what is no character of it."""
    if charset.upper() == charset:
        text = text.upper()
    elif charset.lower() == charset:
        text = text.lower()
    return "".join(char for char in text if char in charset)


def _right(texts: Iterable[str], samples: Sequence[Sample]) -> tuple[float, float]:
    """Return the shares that are right with case folded, and in the scheme's own case."""
    pairs = list(zip(texts, (sample.label for sample in samples), strict=True))
    folded = fmean(text.casefold() == label.casefold() for text, label in pairs)
    return folded, fmean(text == label for text, label in pairs)


def _score(engine: Engine, samples: Sequence[Sample], scheme: Scheme, told: Engine) -> Score:
    """Let an engine read all; ours is told by another process, the others afterwards."""
    files = [sample.path for sample in samples]
    texts, _ = engine.read(files)
    if engine.name in _FOREIGN:
        known: Sequence[str] = [_restricted(text, scheme.charset) for text in texts]
    else:
        known = told.read(files)[0] if engine.name == _ANY else texts
    return Score(_right(known, samples), _right(texts, samples))


def _measured(
    name: str, samples: Sequence[Sample], options: argparse.Namespace
) -> dict[str, Score]:
    """Measure all engines on one scheme, and print its table."""
    scheme = SCHEMES[name]
    known = captchascope.load(options.model).charset
    charset = "".join(char for char in scheme.charset if char in known)
    with ExitStack() as stack:
        commands = _commands(name, options)
        engines = [stack.enter_context(running(*each)) for each in commands.items()]
        told = ours("captchascope-many", options.model, charset, scheme.length)
        told_engine = stack.enter_context(running("told", told))
        scores = {
            engine.name: _score(engine, samples, scheme, told_engine)
            for engine in engines
            if engine.name not in (*_SILENT, "captchascope, read", _TESSERACT_EACH)
        }
        take_turns(engines, [[s.path for s in samples[:_TIMED]]], options.rounds, _FEW)
    times = {engine.name: median(engine.seconds) for engine in engines}
    rows = []
    for engine in engines:
        took, score = times[engine.name], scores.get(engine.name)
        shares = ["-"] * 4
        if score is not None:
            shares = [share(each) for each in (*score.told, *score.untold)]
        multiple = f"{took / times['decoding alone']:.1f}"
        cost = [f"{took * 1000:.3f} ms", multiple, f"{engine.peak:.0f} MB"]
        rows.append([engine.name, *shares, *cost])
    print(f"\n{name}: {scheme.title}; {len(samples)} images; model {Path(options.model).name}\n")
    head = ["told, case folded", "told", "untold, case folded", "untold"]
    head += ["an image", "times decoding", "peak memory"]
    print(table(["", *head], rows), flush=True)
    if name == "metu":
        _print_ratios(times)
    return scores


def _print_ratios(times: dict[str, float]) -> None:
    metu = times["captchascope metu"]
    tutorial = 16 * times["decoding alone"]
    print("\nmetu, read_many, against the tutorial's own code, 16 times decoding: ", end="")
    print(f"{tutorial / metu:.1f} times as fast; asked 5")
    for name, asked in (("the tutorial's steps", 5), ("ddddocr", 50)):
        if name in times:
            print(f"against {name}: {times[name] / metu:.1f} times as fast; asked {asked}")


def _print_summary(found: dict[str, dict[str, Score]]) -> None:
    """Print what each reads of each scheme with case folded, and where another reads more."""
    names = [_ANY, *(other for other in _FOREIGN if any(other in s for s in found.values()))]
    rows = []
    for scheme, scores in found.items():
        mine = scores[_ANY]
        best = max(scores[other].told[0] for other in names)
        shares = [share(mine.untold[0]), share(mine.told[0])]
        shares += [share(scores[other].told[0]) for other in names[1:]]
        rows.append([scheme, *shares, "below" if mine.told[0] < best else ""])
    untold, told = _mean(found, _ANY)
    means = [share(untold), share(told)]
    means += [share(_mean(found, other)[1]) for other in names[1:]]
    print("\nCase folded; the others in their better setting\n")
    head = ["scheme", "captchascope, untold", "told", *names[1:], "the best other"]
    print(table(head, [*rows, ["mean", *means, ""]]))


def _mean(found: dict[str, dict[str, Score]], name: str) -> tuple[float, float]:
    """Return the means over all schemes, told nothing and told, with case folded."""
    scores = [scores[name] for scores in found.values()]
    return fmean(s.untold[0] for s in scores), fmean(s.told[0] for s in scores)


def _glyphs() -> str:
    """Return a glyphs model of recipe tutorial, trained as the tutorial trains."""
    model = PLACE / "peers" / "tutorial.onnx"
    if not model.exists():
        folder = PLACE / "sets" / "metu-glyphs"
        if not folder.exists():
            write_folder("metu", folder, _GLYPHS_IMAGES, _GLYPHS_SEED)
        trained(folder, model, "--recipe", "tutorial", "--seed", "0")
    return str(model)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our models beside others.")
    parser.add_argument("schemes", nargs="*", default=[*SCHEMES], metavar="SCHEME")
    parser.add_argument("--model", default="any", metavar="NAME|FILE", help="the general reader")
    parser.add_argument("--models", nargs="+", default=[], metavar="SCHEME=FILE")
    parser.add_argument("--tutorial", action="store_true", help="train that recipe, for METU")
    parser.add_argument("--count", type=int, default=300, help="images of each scheme (300)")
    parser.add_argument("--rounds", type=int, default=5, help="of timing (5)")
    return parser.parse_args()


def main() -> None:
    """Print a table for each scheme and one of all, then what starting and installing cost."""
    options = _options()
    sets = readable(options.schemes, options.count)
    _print_summary({name: _measured(name, samples, options) for name, samples in sets.items()})
    image = next(iter(sets.values()))[0].path
    starts = cold_starts(image, PEERS, max(1, options.rounds // 3))
    sizes = install_sizes(PEERS)
    rows = [
        [name, f"{starts[name]:.2f} s" if name in starts else "", f"{size:.0f} MB"]
        for name, size in sizes.items()
    ]
    print()
    print(table(["", "cold start: a process, one image", "installed"], rows))


if __name__ == "__main__":
    main()

"""A program written for ddddocr, and the same with its import line changed, on the same images.

    python bench/ddddocr_shim.py [--count 500] [--rounds 3] [--seed 1]

The images are real ones of CAPTCHASCOPE_DATA, as many of each of five sets, chosen by the seed. The
program is run with ddddocr in the environment of the other readers (`make peers`), with each of its
two models (`old=True` loads the first, as no argument does), and with captchascope.compat.ddddocr
in this one. Each program is one process on one processor; they take turns, and time is that of the
processor in ``classification``. Nothing is told of the texts.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from captchascope.evaluate import Rate
from captchascope.records import Sample
from children import PEERS
from running import percent, table
from schemes import SHARED, readable

PROGRAM = """\
import ddddocr
import json
import sys
import time

options = json.loads(sys.argv[1])
images = [open(path, "rb").read() for path in json.load(sys.stdin)]
ocr = ddddocr.DdddOcr(show_ad=False, **options)
ocr.classification(images[0])
texts, begun = [], time.process_time()
for image in images:
    texts.append(ocr.classification(image, png_fix=True))
json.dump([texts, time.process_time() - begun], sys.stdout)
"""
THEIRS, OURS = "import ddddocr\n", "from captchascope.compat import ddddocr\n"
CHANGED = PROGRAM.replace(THEIRS, OURS)

Run = tuple[list[str], float]


def _commands(place: Path) -> dict[str, list[str]]:
    """Write both programs, and return the command of each reader."""
    found = difflib.ndiff(_lines(PROGRAM), _lines(CHANGED))
    changes = [line for line in found if line[0] in "+-"]
    assert changes == [f"- {THEIRS}", f"+ {OURS}"], "only the import line may differ"
    before, after = place / "before.py", place / "after.py"
    before.write_text(PROGRAM, encoding="utf-8")
    after.write_text(CHANGED, encoding="utf-8")
    theirs = [str(PEERS), str(before)]
    return {
        "captchascope.compat.ddddocr": [sys.executable, str(after), "{}"],
        "ddddocr": [*theirs, "{}"],
        "ddddocr, beta": [*theirs, '{"beta": true}'],
    }


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _run(command: Sequence[str], samples: Sequence[Sample]) -> Run:
    """Return the texts of some images, and the seconds of a processor that one took."""
    processor = min(os.sched_getaffinity(0))
    done = subprocess.run(
        ["taskset", "-c", str(processor), *command],
        input=json.dumps([str(sample.path) for sample in samples]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    texts, seconds = json.loads(done.stdout)
    return texts, seconds / len(samples)


def _rate(texts: Sequence[str], samples: Sequence[Sample], key: Callable[[str], str]) -> Rate:
    pairs = zip(texts, samples, strict=True)
    return Rate(sum(key(text) == key(sample.label) for text, sample in pairs), len(samples))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="ddddocr, and the same program with ours.")
    parser.add_argument("--count", type=int, default=500, help="images of all sets together (500)")
    parser.add_argument("--rounds", type=int, default=3, help="of timing (3)")
    parser.add_argument("--timed", type=int, default=60, help="images of a round (60)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of images (1)")
    return parser.parse_args()


def main() -> None:
    """Print what each reads right of each set, and what an image takes."""
    options = _options()
    if not PEERS.exists():
        sys.exit("ddddocr is not here: make peers")
    rng = random.Random(options.seed)
    found = readable(SHARED)
    each = options.count // len(found)
    sets = {name: rng.sample(samples, each) for name, samples in found.items()}
    everything = [sample for samples in sets.values() for sample in samples]
    few = rng.sample(everything, min(options.timed, len(everything)))
    with TemporaryDirectory() as place:
        commands = _commands(Path(place))
        texts = {name: _run(command, everything)[0] for name, command in commands.items()}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                times[name].append(_run(command, few)[1])
    print(f"{len(everything)} images, {each} of each set, seed {options.seed}")
    for title, key in (("case folded", str.casefold), ("as it is", str)):
        rows = []
        for at, (name, samples) in enumerate([*sets.items(), ("all", everything)]):
            mine = slice(at * each, at * each + len(samples)) if name != "all" else slice(None)
            shares = [percent(_rate(read[mine], samples, key)) for read in texts.values()]
            rows.append([name, *shares])
        print(f"\nexact match, {title}\n\n{table(['set', *texts], rows)}")
    ours, *_ = (median(seconds) for seconds in times.values())
    rows = [
        [name, f"{median(took) * 1000:.1f} ms", f"{median(took) / ours:.2f}"]
        for name, took in times.items()
    ]
    print(f"\n{table(['', 'an image', 'of ours'], rows)}")


if __name__ == "__main__":
    main()

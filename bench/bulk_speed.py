"""How fast `bulk` is, what it holds in memory, and what it costs to start.

    python bench/bulk_speed.py [PART...] [--data DIR] [--rounds 3] [--short]

PART is one or more of:

- ``local``: 10,000, 50,000 and 200,000 captchas in Parquet, two processes, by turns with
  `read_many` in one process and in two that share nothing. The rate is that between the smallest
  and the largest, so that what it costs to start is off.
- ``memory``: of the driver and its processes together, after a tenth and at the end.
- ``ray``: the same rows on a cluster of two worker processes that is started for it.
- ``sources``: tar, a folder, one huge row group, a Hugging Face column.
- ``s3``: read from and written to a server of S3 on this machine, by both engines.
- ``figure``: draws what RESULTS.md says of both engines; it needs the group `bench`.

``--short`` takes fewer images, once.
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow.fs import copy_files

from bulk_alone import rate_of, reader_of
from bulk_data import (
    DATA,
    ROWS,
    first_shards,
    folder_of_images,
    one_group,
    shards,
    struct_column,
    tar_shards,
)
from bulk_runs import cluster, memory_of, rows_in, seconds_of

_ASKED = "asked: 85 %"
_SIZES, _SHORT = (1, 5, 20), (1, 4, 8)  # files
_PARTS = ("local", "memory", "ray", "sources", "s3")
_FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "scale.png"
_JOBS = ("--jobs", "2")


def fit(counts: Sequence[int], seconds: Sequence[float]) -> tuple[float, float, float]:
    """Return what fits ``seconds = fixed + count / rate`` best, and the exponent without ``fixed``.

    Least squares of the relative errors; the exponent is the slope of the logarithms.
    """
    n, t = np.array(counts, float), np.array(seconds)
    matrix = np.stack([1 / t, n / t], axis=1)
    fixed, each = np.linalg.lstsq(matrix, np.ones(len(n)), rcond=None)[0]
    exponent = np.polyfit(np.log(n), np.log(t - fixed), 1)[0]
    return float(fixed), float(1 / each), float(exponent)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round.

    Attributes:
        seconds: Of each size.
        bulk: Images a second, without what starting costs.
        one: Of `read_many` in one process.
        two: Of two processes at once.
        bulk_cpu: Processor time for an image, in seconds, of the driver and all its processes.
        one_cpu: Of `read_many`.
    """

    seconds: tuple[float, ...]
    bulk: float
    one: float
    two: float
    bulk_cpu: float
    one_cpu: float

    @property
    def share(self) -> float:
        """The rate as a share of twice one core's."""
        return self.bulk / 2 / self.one

    def line(self) -> str:
        """Return the figures in words."""
        return (
            f"bulk {self.bulk:,.0f}/s, one read_many {self.one:,.0f}/s, two {self.two:,.0f}/s: "
            f"{self.share:.1%} of twice one; processor time {self.bulk_cpu * 1e6:.0f} us, "
            f"read_many {self.one_cpu * 1e6:.0f} us"
        )


def _processor_time() -> float:
    """Return what processes have had that have ended, and those that they had started."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextmanager
def _scratch(data: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=data, prefix="written-") as place:
        yield Path(place)


class Bench:
    """The parts of the bench.

    Args:
        data: Where the images are kept.
        sizes: The files of the runs, from few to many.
        rounds: How often.
    """

    def __init__(self, data: Path, sizes: Sequence[int], rounds: int) -> None:
        self.data, self.sizes, self.rounds = data, sizes, rounds
        self.counts = [files * ROWS for files in sizes]

    def local(self) -> None:
        """Measure the rate, and how time grows."""
        rounds = []
        with ExitStack() as stack:
            scratch = stack.enter_context(_scratch(self.data))
            alone = [stack.enter_context(reader_of(path)) for path in shards(self.data, 2)]
            for number in range(self.rounds):
                rounds.append(self._round(scratch / f"{number}", alone))
                print(rounds[-1].line(), flush=True)
        medians = [
            statistics.median(taken) for taken in zip(*(r.seconds for r in rounds), strict=True)
        ]
        _print_fit("local", self.counts, medians)
        print(f"of twice one core's read_many: {_middle([r.share for r in rounds])}; {_ASKED}")
        print(f"of two that share nothing: {_middle([r.bulk / r.two for r in rounds])}")
        print(f"the same of processor time: {_middle([r.one_cpu / r.bulk_cpu for r in rounds])}")

    def _round(self, scratch: Path, alone: Sequence[subprocess.Popen[str]]) -> Round:
        """Read all sizes once, and in between with `read_many`."""
        scratch.mkdir()
        ones, twos, seconds, spent = [rate_of(alone[:1])], [rate_of(alone)], [], []
        for files in self.sizes:
            source, before = first_shards(self.data, files), _processor_time()
            seconds.append(seconds_of(source, scratch / f"{files}", *_JOBS))
            spent.append(_processor_time() - before)
            ones.append(rate_of(alone[:1]))
        twos.append(rate_of(alone))
        rows = self.counts[-1] - self.counts[0]
        return Round(
            tuple(seconds),
            rows / (seconds[-1] - seconds[0]),
            statistics.fmean(rate for rate, _ in ones),
            statistics.fmean(rate for rate, _ in twos),
            (spent[-1] - spent[0]) / rows,
            statistics.fmean(processor for _, processor in ones),
        )

    def memory(self) -> None:
        """Measure the memory after a tenth of the rows and at the end."""
        seen: list[tuple[float, float]] = []
        with _scratch(self.data) as scratch:
            started = seconds_of(first_shards(self.data, 1), scratch / "few", *_JOBS)
            whole = seconds_of(
                first_shards(self.data, self.sizes[-1]),
                scratch / "all",
                *_JOBS,
                look=lambda process, seconds: seen.append((seconds, memory_of(process))),
            )
        begun = started - (whole - started) / (self.sizes[-1] - 1)  # what it costs to start
        early, late = (
            [mb for at, mb in seen if low <= (at - begun) / (whole - begun) < high]
            for low, high in ((0.1, 0.2), (0.88, 0.98))
        )
        growth = statistics.fmean(late) / statistics.fmean(early) - 1
        print(
            f"memory after a tenth of {self.counts[-1]:,}: {statistics.fmean(early):.0f} MB, "
            f"at the end: {statistics.fmean(late):.0f} MB, {growth:+.1%}; "
            f"at most {max(mb for _, mb in seen):.0f} MB; asked: within 5 %"
        )

    def ray(self) -> None:
        """Measure a cluster of two worker processes, and compare what it has read."""
        with _scratch(self.data) as scratch, cluster() as address:
            seconds = [
                seconds_of(first_shards(self.data, files), scratch / f"{files}", *_on(address))
                for files in self.sizes
            ]
            _print_fit("Ray", self.counts, seconds)
            seconds_of(first_shards(self.data, self.sizes[-1]), scratch / "here", *_JOBS)
            _require_same(rows_in(scratch / "here"), rows_in(scratch / f"{self.sizes[-1]}"))

    def s3(self) -> None:
        """Measure reading from S3 and writing to it, by both engines, and compare what is read."""
        sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the server is the tests' own
        from bulk.s3 import Bucket, s3_server

        files = self._few
        with _scratch(self.data) as scratch, s3_server() as endpoint, cluster() as address:
            bucket = Bucket(endpoint, "captchas")
            bucket.files.create_dir(bucket.path)
            for count in (1, 1 + files):
                place = f"{bucket.path}/first-{count}"
                copy_files(
                    str(first_shards(self.data, count)), place, destination_filesystem=bucket.files
                )
            seconds_of(first_shards(self.data, 1 + files), scratch / "here", *_JOBS)
            for engine, options in (("local", _JOBS), ("Ray", _on(address))):
                low, high = (
                    seconds_of(
                        f"{bucket.url}/first-{count}",
                        f"{bucket.url}/{engine}-{count}",
                        *options,
                        *bucket.flags,
                    )
                    for count in (1, 1 + files)
                )
                _print_two(f"S3, {engine}", low, high, files)
                written = rows_in(f"{bucket.path}/{engine}-{1 + files}", bucket.files)
                _require_same(rows_in(scratch / "here"), written)

    @property
    def _few(self) -> int:
        """Files more than one, where many forms of them are read."""
        return min(self.sizes[1], 4)

    def sources(self) -> None:
        """Measure other forms of the same images."""
        makers: Mapping[str, Callable[[Path, int], Path]] = {
            "Parquet": first_shards,
            "Parquet, one row group": one_group,
            "Parquet, a column of Hugging Face": struct_column,
            "tar": tar_shards,
            "a folder of files": folder_of_images,
        }
        with _scratch(self.data) as scratch:
            for name, make in makers.items():
                sources = [make(self.data, count) for count in (1, 1 + self._few)]
                low, high = (
                    seconds_of(source, scratch / f"{name}-{source.name}", *_JOBS)
                    for source in sources
                )
                _print_two(name, low, high, self._few)

    def figure(self) -> None:
        """Draw the seconds of both engines as RESULTS.md has them."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), dpi=120, layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        for name, colour in (("local", "#0b6bcb"), ("Ray", "#c2410c")):
            counts, seconds, fixed, rate = _in_results(name)
            axes.plot(counts, seconds, "o", color=colour)
            line = [0, counts[-1]]
            label = f"{name}: {fixed:.1f} s and {rate:,.0f} images a second"
            axes.plot(line, [fixed + n / rate for n in line], color=colour, label=label)
        axes.set_xticks(counts, [f"{n:,}" for n in counts])
        axes.set(xlabel="images", ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axes.set_title("Reading in bulk on two cores", size=11)
        axes.grid(color="#e5e5e5")
        axes.legend(loc="upper left", framealpha=1)
        figure.savefig(_FIGURE)


def _in_results(engine: str) -> tuple[list[int], list[float], float, float]:
    """Return images, seconds, what starting costs and the rate, of an engine in RESULTS.md."""
    text = Path(__file__).with_name("RESULTS.md").read_text(encoding="utf-8")
    table = text[text.index("\n| | 10,000 |") :]
    row = table[table.index(f"\n| {engine}, ") + 1 :].partition("\n")[0]
    head = table[1:].partition("\n")[0]
    counts = [int(cell.replace(",", "")) for cell in re.findall(r"[\d,]{5,}", head)]
    *seconds, fixed = (float(cell) for cell in re.findall(r"([\d.]+) s ", row))
    return counts, seconds, fixed, float(row.split(" | ")[5].replace(",", ""))


def _on(address: str) -> tuple[str, ...]:
    return "--engine", "ray", "--address", address


def _print_two(name: str, low: float, high: float, files: int) -> None:
    """Print the rate between two runs, of one file and of so many more, and what starting costs."""
    rate = files * ROWS / (high - low)
    start = low - ROWS / rate
    print(
        f"{name}: {low:.1f} and {high:.1f} s: {rate:,.0f} images/s, {start:.1f} s to start",
        flush=True,
    )


def _require_same(rows: pa.Table, others: pa.Table) -> None:
    if not rows.equals(others):
        raise SystemExit(f"not the same: {len(rows):,} rows, and {len(others):,} others")
    print(f"the same {len(rows):,} rows")


def _middle(shares: Sequence[float]) -> str:
    return f"{statistics.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


def _print_fit(name: str, counts: Sequence[int], seconds: Sequence[float]) -> None:
    fixed, rate, exponent = fit(counts, seconds)
    said = ", ".join(f"{n:,}: {t:.2f} s" for n, t in zip(counts, seconds, strict=True))
    print(f"{name}: {said}")
    print(f"{name}: {fixed:.2f} s and {rate:,.0f} images/s; exponent {exponent:.3f}")


def main() -> None:
    """Measure the parts that are asked for."""
    parser = argparse.ArgumentParser(description="Speed and memory of bulk.")
    parts = {name: getattr(Bench, name) for name in (*_PARTS, "figure")}
    told = f"of {', '.join(parts)} (all that measure)"
    parser.add_argument("part", nargs="*", default=list(_PARTS), help=told)
    parser.add_argument("--data", type=Path, default=DATA, help=f"where images are kept ({DATA})")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    sizes, rounds = (_SHORT, 1) if options.short else (_SIZES, options.rounds)
    bench = Bench(options.data, sizes, rounds)
    for part in options.part:
        parts[part](bench)


if __name__ == "__main__":
    main()

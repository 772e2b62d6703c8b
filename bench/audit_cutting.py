"""How well schemes resist being cut apart, and what noise is to them, beside what `any` reads.

    python bench/audit_cutting.py [SCHEME...] [--noise]

All families of `generate`, hollow ones that overlap, and of schemes.py the public sets of
CAPTCHASCOPE_DATA and the two packages of Python, as far as they are here. Of each, 200 of the
images that an audit holds out, at most: how many fall apart into as many pieces as they have
characters; how many glyphs a nearest-neighbour classifier reads then, and whole texts; and the
texts that `any` reads, told the alphabet and the length. With --noise, of 100 of them: what `any`
reads and how many fall apart as they are, and after the way of denoising that is best for each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from captchascope.audit.figures import Denoised
from captchascope.audit.measure.cutting import measure_cutting
from captchascope.audit.measure.noise import measure_noise
from captchascope.audit.setting import Setting
from captchascope.audit.subject import Subject, folder_subject, scheme_subject
from captchascope.decode import ReadOptions
from captchascope.evaluate import Rate, evaluate_reader
from captchascope.generate import SCHEMES as GENERATED
from captchascope.reader import reader_of
from running import commit, percent, share, table
from schemes import GENERATORS, SHARED, readable
from sets import PLACE

_SEED = 990_016  # of what is drawn here; nothing is ever trained on it
_COUNT = 200  # images that `any` reads

_DRAWN: dict[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name, {}) for name in GENERATED},
    "hollow, overlapping": ("hollow", {"gap": -0.14}),
}
_BROUGHT = (*SHARED, *GENERATORS, "metu-real")


def subject_of(name: str) -> Subject | None:
    """Return a scheme as an audit has it; None where its images are not here."""
    if (drawn := _DRAWN.get(name)) is not None:
        folder = PLACE / "audit" / name.replace(", ", "-")
        folder.parent.mkdir(parents=True, exist_ok=True)
        return scheme_subject(*drawn, folder, _SEED)
    found = readable([name])
    return folder_subject(found[name][0].path.parent, _SEED) if found else None


def cutting_row(name: str, setting: Setting) -> list[str]:
    """Return a row of the first table."""
    cutting = measure_cutting(setting)
    figures = [cutting.counted, cutting.glyphs, cutting.exact, _read(setting.subject)]
    return [name, str(cutting.images), *map(_written, figures)]


def _read(subject: Subject) -> Rate:
    """Return what the general reader reads, told what anybody sees."""
    some = subject.held.take(min(_COUNT, len(subject.held.samples)), _SEED)
    told = subject.told(ReadOptions())
    assert told is not None
    return evaluate_reader(reader_of("any", told), some).exact_match


def noise_row(name: str, setting: Setting) -> list[str]:
    """Return a row of the second table."""
    ways = measure_noise(setting).ways
    read = max(ways, key=lambda way: _hits(way.exact))
    cut = max(ways, key=lambda way: _hits(way.counted))
    cells = [_short(ways[0].exact), _best(read, read.exact)]
    return [name, *cells, _short(ways[0].counted), _best(cut, cut.counted)]


def _hits(rate: Rate | None) -> int:
    return 0 if rate is None else rate.hits


def _best(way: Denoised, rate: Rate | None) -> str:
    return f"{_short(rate)}, {way.way}"


def _short(rate: Rate | None) -> str:
    return "" if rate is None else share(rate.value)


def _written(rate: Rate | None) -> str:
    return "" if rate is None else percent(rate)


def main() -> None:
    """Print a table, row by row as they come."""
    parser = argparse.ArgumentParser(description="Segmentation resistance and noise.")
    parser.add_argument("schemes", nargs="*", default=[*_DRAWN, *_BROUGHT], metavar="SCHEME")
    parser.add_argument("--noise", action="store_true", help="what denoising does")
    options = parser.parse_args()
    if unknown := [name for name in options.schemes if name not in (*_DRAWN, *_BROUGHT)]:
        raise SystemExit(f"no scheme {unknown[0]}; there are {'; '.join((*_DRAWN, *_BROUGHT))}")
    head = ["scheme", "images", "fall apart", "glyphs read", "texts read so", "`any`"]
    if options.noise:
        head = ["scheme", "`any`", "at best", "fall apart", "at best"]
    print(f"at {commit()}", file=sys.stderr)
    print(table(head, []), flush=True)
    for name in options.schemes:
        if (subject := subject_of(name)) is not None:
            row = (noise_row if options.noise else cutting_row)(name, Setting(subject, PLACE))
            print(table(head, [row]).splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()

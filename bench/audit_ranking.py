"""Twelve schemes audited one after another, and ranked side by side.

    python bench/audit_ranking.py [SCHEME...] [--time-limit SECONDS] [--html FILE]

Eight are drawn by captchascope, two of them turned until they are what the literature calls hard:
hollow letters that touch, and warped ones of many typefaces; two by packages that are installed
from PyPI. What each came to is kept in build/bench/audits, so that an interrupted bench goes on;
delete a file there to audit its scheme anew. What audit_default.py has measured counts instead.
"""

from __future__ import annotations

import argparse
import base64
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from captchascope import run_audit
from captchascope.atomic import atomic_folder, atomic_write
from captchascope.audit.figures import Picture
from captchascope.audit.report.as_json import from_json, json_text
from captchascope.audit.report.ranking import ranking_html
from captchascope.audit.results import Audit
from captchascope.draw.canvas import png
from captchascope.evaluate import Rate
from captchascope.generate import draw_captcha
from captchascope.generate.typefaces import font_names
from captchascope.image import load_rgb
from running import table
from sets import CLEAR, PLACE, MissingSetError, Row, captcha, wheezy, write_rows

_AUDITS = PLACE / "audits"
_SEED = 990_016
_COUNT = 1500
_LIMIT = 240.0  # seconds for each

DRAWN: dict[str, tuple[str, Mapping[str, Any]]] = {
    "plain": ("plain", {}),
    "lined": ("lined", {}),
    "wavy": ("wavy", {}),
    "crowded": ("crowded", {}),
    "hollow": ("hollow", {}),
    "hollow, touching": ("hollow", {"gap": -0.12}),
    "colourful": ("colourful", {}),
    "noisy": ("noisy", {}),
    "warped, many typefaces": (
        "wavy",
        {"warp": 0.2, "slant": 0.4, "fonts": tuple(font_names()), "mixed": True, "rotation": 25},
    ),
    "metu": ("metu", {}),
}
"""What is drawn here: the scheme, and what of it is turned."""

PACKAGES: dict[str, Callable[[int], Iterable[Row]]] = {
    "captcha": partial(captcha, CLEAR),
    "wheezy.captcha": wheezy,
}
"""What packages draw with the settings that their documents show."""


def _audited(name: str, limit: float) -> Audit:
    """Return a scheme's audit, having made it if need be.

    Raises:
        MissingSetError: If the package that draws it is not here.
    """
    base = _AUDITS / name.replace(", ", "-").replace(" ", "-")
    longer, kept = PLACE / "default" / f"{base.name}.json", base.with_name(f"{base.name}.json")
    if longer.exists():
        kept = longer
    if not kept.exists():
        _AUDITS.mkdir(parents=True, exist_ok=True)
        subject, knobs = DRAWN[name] if name in DRAWN else (str(_folder(name, base)), {})
        audit = run_audit(
            subject,
            base.with_name(f"{base.name}.html"),
            knobs=knobs,
            seed=_SEED,
            time_limit=limit,
            jobs=2,
            on_progress=lambda now: print(f"  {now.event} {now.title} {now.line}", file=sys.stderr),
        )
        if audit.interrupted:
            raise KeyboardInterrupt
        atomic_write(kept, json_text(audit))
    audit = from_json(json.loads(kept.read_text(encoding="utf-8")))
    how = replace(audit.conditions, command=f"python bench/audit_ranking.py {shlex.quote(name)}")
    return replace(audit, subject=replace(audit.subject, name=name), conditions=how)


def _example(name: str) -> Picture:
    """Return an image of a scheme."""
    if name in DRAWN:
        scheme, knobs = DRAWN[name]
        data = draw_captcha(scheme, _SEED, 1, knobs).jpeg()
    else:
        data = next(iter(PACKAGES[name](1))).data
    image = png(load_rgb(data))
    return Picture(base64.b64encode(image).decode(), f"An image of {name}.")


def _folder(name: str, base: Path) -> Path:
    if not base.exists():
        with atomic_folder(base) as place:
            write_rows(place / "captchas", list(PACKAGES[name](_COUNT)))
    return base / "captchas"


def _row(audit: Audit) -> list[str]:
    """Return a scheme's cells of the table."""
    read, cut = audit.figures.untrained, audit.figures.cutting
    told = None if read is None else read.told
    needed = audit.curve.needed if audit.curve is not None else ()
    return [
        audit.subject.name,
        audit.verdict.grade or "none",
        _share(None if read is None else read.untold.exact),
        _share(None if told is None else told.exact),
        *(each.words for each in needed),
        _share(None if cut is None else cut.counted),
        _share(None if cut is None else cut.exact),
    ]


def _share(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.value:.1%}"


_HEAD = [
    "scheme",
    "grade",
    "untold",
    "told",
    "labels for 1 %",
    "50 %",
    "90 %",
    "99 %",
    "falls apart",
    "classical attack",
]


def main() -> None:
    """Audit the schemes, print the table, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("schemes", nargs="*", default=[*DRAWN, *PACKAGES])
    parser.add_argument("--time-limit", type=float, default=_LIMIT)
    parser.add_argument("--html", type=Path)
    asked = parser.parse_args()
    audits, examples = [], {}
    for name in asked.schemes:
        print(name, file=sys.stderr)
        try:
            audits.append(_audited(name, asked.time_limit))
            examples[name] = _example(name)
        except MissingSetError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    print(table(_HEAD, [_row(audit) for audit in audits]))
    if asked.html is not None:
        atomic_write(asked.html, ranking_html(audits, examples))


if __name__ == "__main__":
    main()

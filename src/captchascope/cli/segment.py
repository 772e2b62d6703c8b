"""captchascope segment: the glyph folders of the tutorial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import PATH, common, labels_from, positions, scheme_switches
from captchascope.cli.output import Console, report_problems, say_origin
from captchascope.errors import OutputError
from captchascope.files import printable


@click.command("segment")
@click.argument("folder", metavar="DIR", type=PATH)
@click.argument("out", metavar="OUT", type=PATH)
@scheme_switches
@labels_from
@positions
@common
def segment_command(
    console: Console,
    folder: Path,
    out: Path,
    scheme: str,
    uncleaned: bool,
    no_repair: bool,
    label_options: Mapping[str, Any],
    first: int | None,
    last: int | None,
) -> None:
    """Cut labelled captchas into OUT/0 ... OUT/9, one image per glyph.

    \b
    Example:
      captchascope segment captchas glyphs --first 1 --last 4500
    """
    from captchascope.data.dataset import read_dataset
    from captchascope.glyphs.folder import write_glyphs
    from captchascope.glyphs.scheme import load_scheme

    plan = load_scheme(scheme, uncleaned=uncleaned, repair=not no_repair)
    dataset = read_dataset(folder, **label_options).select(first, last)
    say_origin(console, dataset)
    dataset = dataset.require_scheme(plan)
    report_problems(console, dataset)
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        what = "lies within the data set, and would become a part of it"
        raise OutputError(printable(out), what, "choose a place outside")
    console.note(f"{len(dataset.samples)} samples, scheme {plan.name}", level=1)
    with console.progress("cutting", len(dataset.samples)) as progress:
        counts, problems = write_glyphs(dataset, plan, out, progress)
    for uncut in problems:
        console.error(uncut)
    for char in plan.charset:
        console.result(f"{char}\t{counts[char]}")

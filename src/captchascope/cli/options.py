"""Options that several commands share: durations, ranges, reading, forms of labels, schemes."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

import click
from click.shell_completion import CompletionItem

from captchascope.cli import end_at_once
from captchascope.cli.output import Console
from captchascope.decode import Case, ReadOptions
from captchascope.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_duration(value: Any) -> float:
    """Return the seconds of ``90s``, ``10m`` or ``2h``; a click type."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
    if match is None or float(match[1]) == 0:
        raise click.BadParameter(f"{value!r} is no duration; write 90s, 10m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_share(value: Any) -> float:
    """Return ``5%`` or ``0.05`` as 0 to 1; a click type."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", str(value))
    found = float(match[1]) / (100 if match[2] else 1) if match else 2.0
    if found > 1:
        raise click.BadParameter(f"{value!r} is no share; write 5% or 0.05")
    return found


Completion: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""What the shell is offered in the place of an unfinished word."""


def offering(known: Callable[[], Iterable[str]]) -> Completion:
    """Return what offers the shell the known names, or files where none begins so.

    Args:
        known: Is asked when the shell asks, so that no other start waits for the names.
    """

    def offered(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        names = [name for name in known() if name.startswith(begun)]
        return [CompletionItem(name) for name in names] or [CompletionItem(begun, type="file")]

    return offered


def _model_names() -> list[str]:
    from captchascope.reader import model_names

    return model_names()


def _scheme_names() -> list[str]:
    from captchascope.glyphs.scheme import scheme_names

    return scheme_names()


def _generated() -> list[str]:
    from captchascope.generate import SCHEMES

    return [*SCHEMES]


MODELS, CUT, GENERATED = offering(_model_names), offering(_scheme_names), offering(_generated)
"""What is offered for a model, a scheme that cuts, and one that is drawn."""


def common(function: Callable[..., None]) -> Callable[..., None]:
    """Add -v, -q and --debug, and give the command its console as the first argument."""

    @click.option("-v", "--verbose", is_flag=True, help="Say more.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but results and errors.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @click.pass_obj
    @wraps(function)
    def wrapped(
        console: Console, /, verbose: bool, quiet: bool, debug: bool, **values: Any
    ) -> None:
        console.verbosity = int(verbose) - int(quiet)
        console.debug = debug
        if signal.getsignal(signal.SIGINT) is end_at_once:  # from now on there may be much to undo
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            function(console, **values)
        except UsageError as error:
            # A command's parameters bear the names that they have in Python. What else an error
            # names stays as it is, even where it is called like one: a scheme called ``seed``.
            context = click.get_current_context()
            known = {each.name: each for each in context.command.params}.get(error.where)
            given = map(str, context.params.values())
            if isinstance(known, click.Option) and error.where not in given:
                error.where = max(known.opts, key=len)
            raise

    return wrapped


def adding(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds options to a command, in the order of its help."""

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


positions = adding(
    click.option("--first", type=int, metavar="I", help="Begin with image I, from 1."),
    click.option("--last", type=int, metavar="J", help="Stop after image J."),
)
"""Positions in natural file order, from 1, both included; ``Dataset.select`` takes them."""

text_or_json = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed."
)


def _providers(_: click.Context, __: click.Parameter, name: str) -> tuple[str, ...] | None:
    return None if name == "auto" else (name,)


on_provider = click.option(
    "--provider",
    "providers",
    callback=_providers,
    shell_complete=lambda *_: [CompletionItem(name) for name in ("auto", "cpu", "cuda")],
    default="auto",
    metavar="auto|cpu|cuda",
    help="What runs the network: the CPU, or a GPU by CUDA, which auto takes where it works.",
)
"""Adds --provider, which ``load`` takes as ``providers``; any of ONNX Runtime's names will do."""

on_model = click.option(
    "--model", metavar="NAME|FILE", shell_complete=MODELS, help="Which model.  [default: any]"
)

consistently = click.option(
    "--consistent",
    is_flag=True,
    help="Infer the charset and the length that all images have in common, and read under them.",
)

model_and_jobs = adding(
    on_model,
    click.option("--jobs", type=int, default=1, metavar="N", help="Processes."),
    on_provider,
)

image_options = adding(
    click.option(
        "--frames",
        metavar="WHICH",
        help="Which frame of an animation is looked at: auto, merge, last, first, or its number.",
    ),
    click.option("--rows", metavar="N", help="In how many rows the text stands."),
    click.option(
        "--ink",
        metavar="COLOUR",
        help="Look at what is written in this colour alone, such as red or #cc0000; all for all.",
    ),
)
"""What ``Preprocessing`` has; where it is not told, it is as a model was trained."""

text_options = adding(
    click.option(
        "--charset",
        metavar="CHARS",
        help="Read only these characters: 0-9a-f, or one by one; a literal - stands last.",
    ),
    click.option(
        "--length",
        metavar="N|N-M",
        help="Read only texts of this length; unless it or --pattern is given, as long as "
        "the labels were that the model was trained on.",
    ),
    click.option(
        "--pattern",
        metavar="PATTERN",
        help="Read only texts that match as a whole: [0-9], [^0-9], a, ., \\d, \\w, ?, *, "
        "+, {m}, {m,n}, (ab|cd).",
    ),
    click.option("--ignore-case", is_flag=True, help="Give lower case, whatever the case."),
    click.option(
        "--case",
        type=click.Choice(get_args(Case)),
        default="fold",
        help="What letters told in one case alone mean: both, given in that one, or that one.",
    ),
)
"""What is known of the texts."""

reading_options = adding(
    text_options,
    click.option(
        "--min-confidence",
        type=float,
        default=0.0,
        show_default=False,
        metavar="P",
        help="Abstain below P, 0 to 1.",
    ),
    click.option("--solve", is_flag=True, help="Give the result of sums; abstain from all else."),
    image_options,
)
"""What ``ReadOptions`` has."""


def take_read_options(given: dict[str, Any]) -> ReadOptions:
    """Return what ``reading_options`` added to a command; the rest stays in ``given``."""
    return ReadOptions(**{one.name: given.pop(one.name) for one in fields(ReadOptions) if one.init})


scheme_switches = adding(
    click.option(
        "--scheme", default="metu", metavar="NAME|FILE", shell_complete=CUT, help="How to cut."
    ),
    click.option("--uncleaned", is_flag=True, help="Crop before the noise is dropped."),
    click.option("--no-repair", is_flag=True, help="Leave bad cuts as they are."),
)
"""What ``load_scheme`` takes."""


def _known_source(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the source of labels, or fail as a choice does."""
    from captchascope.data.formats import AUTO, FORMATS, is_source

    if not is_source(value):
        known = ", ".join(map(repr, (AUTO, *FORMATS)))
        raise click.BadParameter(f"{value!r} is not one of {known}, nor a label file", ctx, param)
    return value


def _sources() -> list[str]:
    """Return the forms of labels."""
    from captchascope.data.formats import AUTO, FORMATS

    return [AUTO, *FORMATS]


_label_options = adding(
    click.option(
        "--labels-from",
        callback=_known_source,
        shell_complete=offering(_sources),
        default="auto",
        metavar="FORM|FILE",
        help="Where the labels are: csv, txt, jsonl, label-studio, sidecar, names, imagefolder, "
        "names:2 for the second part of file names (names:-1 the last, names:whole all of it), or "
        "a file (.csv, .tsv, .txt, .jsonl, .json) that names the images of the folder.",
    ),
    click.option(
        "--file-column", metavar="NAME|N", help="The column of a table that names the images."
    ),
    click.option("--label-column", metavar="NAME|N", help="The column that has the labels."),
    click.option(
        "--strip-spaces", is_flag=True, help="Take white space out of labels: 3 + 5 is 3+5."
    ),
    click.option(
        "--as-written",
        is_flag=True,
        help="Take labels that look as a spreadsheet leaves numbers: 42 is no 0042 that was.",
    ),
)


def labels_from(function: Callable[..., None]) -> Callable[..., None]:
    """Add where ``read_dataset`` finds labels, and give the command that as ``label_options``."""
    names = ("labels_from", "file_column", "label_column", "strip_spaces", "as_written")

    @wraps(function)
    def wrapped(*arguments: Any, **values: Any) -> None:
        function(*arguments, label_options={name: values.pop(name) for name in names}, **values)

    return _label_options(wrapped)

"""captchascope label: label a folder of captchas in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from captchascope.cli.durations import DURATION
from captchascope.cli.extras import need
from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.cli.shares import SHARE

__all__ = ["label"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; all but this machine's own needs --token-file.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="P",
    help="The port; 0 takes one that is free.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Let in only who shows the first line of FILE, which nobody else may read.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further name that the server is asked by, such as that of a proxy before it.",
)
@click.option(
    "--model",
    metavar="NAME|FILE",
    help="Which model guesses.  [default: the one trained here, or the shipped one that is surest]",
)
@click.option(
    "--overlap",
    type=SHARE,
    default=0.0,
    metavar="SHARE",
    help="Show that share of the images, such as 5%, to two people; where they differ, the review "
    "page asks who is right.",
)
@click.option(
    "--retrain",
    type=click.IntRange(10),
    default=50,
    show_default=True,
    metavar="N",
    help="Train the model anew after every N labels, where the extra train is installed.",
)
@click.option("--no-retrain", is_flag=True, help="Keep the model as it is.")
@click.option(
    "--time-limit",
    type=DURATION,
    default="3m",
    show_default=True,
    metavar="TIME",
    help="For each training: 90s, 10m.",
)
@common
def label(
    console: Console,
    folder: Path,
    host: str,
    port: int,
    token_file: Path | None,
    hosts: tuple[str, ...],
    model: str | None,
    overlap: float,
    retrain: int,
    no_retrain: bool,
    time_limit: float,
) -> None:
    """Label the captchas of a folder in a browser, with the model's guesses filled in.

    Several people can label one folder at once: no image is given to two of them. Every label is
    stored at once in a hidden file of the folder, and labels.csv follows within seconds. SIGTERM or
    Ctrl-C ends it; nothing is lost, even if it is killed.

    \b
    Examples:
      captchascope label captchas
      captchascope label captchas --overlap 5% --model mine.onnx
    """
    need("web", "captchascope label")
    from captchascope.reader import load
    from captchascope.web.label.plan import Plan
    from captchascope.web.server import serve
    from captchascope.web.settings import Settings, read_token

    def listening(url: str) -> None:
        console.result(f"label at {url}label")
        console.flush()

    if model is not None:
        load(model)  # so that what is wrong with it is said before anybody waits for it
    settings = Settings(
        host=host,
        port=port,
        token=None if token_file is None else read_token(token_file),
        hosts=frozenset(name.lower() for name in hosts),
        models=("metu",) if model is None else (model,),
        label=Plan(folder, model, overlap, None if no_retrain else retrain, time_limit),
    )
    serve(settings, listening, console.note)

"""captchascope models: the models that ship."""

from __future__ import annotations

import click

from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.model.file import open_model
from captchascope.model.metadata import Metadata
from captchascope.reader import model_names, model_path


@click.command("models")
@common
def models_command(console: Console) -> None:
    """List the models that ship, with a line on each.

    \b
    Example:
      captchascope models
    """
    for name in model_names():
        path = model_path(name)
        line = _line(open_model(path).metadata)
        alias = f" (the model {path.stem})" if path.stem != name else ""  # a stand-in
        console.result(f"{name}\t{line}{alias}, {path.stat().st_size / 1000:.0f} kB")


def _line(meta: Metadata) -> str:
    right = meta.metrics.get("validation_captcha")
    measured = f", {right:.1%} of validation captchas right" if isinstance(right, float) else ""
    colour = ", in colour" if meta.input.get("channels") == 3 else ""
    return f"{meta.method}, reads {_texts(meta)}{colour}{measured}"


def _texts(meta: Metadata) -> str:
    if meta.lengths is None:
        return meta.charset.chars
    fewest, most = meta.lengths
    many = f"{most}" if fewest == most else f"{fewest} to {most}"
    return f"{many} of {meta.charset.chars}"

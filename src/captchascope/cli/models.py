"""captchascope models: the models that ship."""

from __future__ import annotations

import click

from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.model.file import open_model
from captchascope.model.metadata import is_calibrated
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
        meta = open_model(path).metadata
        texts = meta.charset.chars
        if meta.lengths is not None:
            texts = f"{' to '.join(map(str, sorted({*meta.lengths})))} of {texts}"
        colour = ", in colour" if meta.input.get("channels") == 3 else ""
        right = meta.metrics.get("validation_captcha")
        count = meta.metrics.get("validation_samples")
        of = "validation captchas" if count is None else f"{count} validation captchas"
        measured = f", {right:.1%} of {of} right" if isinstance(right, float) else ""
        if not is_calibrated(meta.metrics):
            measured += ", confidence uncalibrated"
        size = f"{path.stat().st_size / 1000:.0f} kB"
        console.result(f"{name}\t{meta.method}, reads {texts}{colour}{measured}, {size}")

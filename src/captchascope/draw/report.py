"""An evaluation as one HTML file that needs nothing else: rates, confusions, the worst images."""

from __future__ import annotations

from importlib import resources

import jinja2

from captchascope.draw.canvas import image_uri
from captchascope.errors import ImageError
from captchascope.evaluate import Confusion, Evaluation, Mistake
from captchascope.files import printable
from captchascope.image import load_rgb

_WORST = 50  # images shown
_MOST_CHARS = 40  # of a confusion matrix that still fits a page
_CONFUSED = 30  # pairs that are listed where it does not


def report_html(result: Evaluation, *, model: str, data: str, chars: str) -> str:
    """Return the page.

    Args:
        result: What was measured.
        model: The model's name or file.
        data: The folder it was measured on.
        chars: The model's characters, in the order of the confusion matrix.
    """
    folder = resources.files("captchascope.draw")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"percent": lambda share: f"{share:.2%}", "printable": printable}
    template = environment.from_string(folder.joinpath("report.html").read_text(encoding="utf-8"))
    matrix, pairs = confusions(result, chars)
    return template.render(
        model=printable(model),
        data=printable(data),
        result=result,
        rates=result.rows(),
        matrix=matrix,
        pairs=pairs,
        worst=[(mistake, image_of(mistake)) for mistake in result.mistakes[:_WORST]],
    )


def confusions(
    result: Evaluation, chars: str
) -> tuple[list[tuple[str, list[int]]], list[Confusion]]:
    """Return the confusion matrix where it fits a page, else the most frequent wrong characters."""
    if len(chars) <= _MOST_CHARS:
        return result.confusion_matrix(chars), []
    return [], result.most_confused(_CONFUSED)


def image_of(mistake: Mistake) -> str:
    """Return an image that was misread as an address that holds it; "" where it cannot be read."""
    try:
        return image_uri(load_rgb(mistake.sample.path))
    except ImageError:
        return ""

"""An evaluation as one HTML file that needs nothing else: rates, confusions, the worst images."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import jinja2

from captchascope.draw.canvas import image_uri
from captchascope.errors import ImageError
from captchascope.evaluate import Evaluation
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
    environment.filters["percent"] = lambda share: f"{share:.2%}"
    template = environment.from_string(folder.joinpath("report.html").read_text(encoding="utf-8"))
    small = len(chars) <= _MOST_CHARS
    return template.render(
        model=printable(model),
        data=printable(data),
        result=result,
        rates=result.rows(),
        matrix=result.confusion_matrix(chars) if small else [],
        pairs=[] if small else result.most_confused(_CONFUSED),
        worst=[
            {
                "file": printable(mistake.sample.file),
                "label": mistake.sample.label,
                "text": mistake.reading.text or "-",
                "confidence": mistake.reading.confidence,
                "image": _picture(mistake.sample.path),
            }
            for mistake in result.mistakes[:_WORST]
        ],
    )


def _picture(path: Path) -> str:
    """Return the image as a data URI; empty where it cannot be decoded."""
    try:
        return image_uri(load_rgb(path))
    except ImageError:
        return ""

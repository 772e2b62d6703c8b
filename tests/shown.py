"""What the documents show: commands with their outputs, and Python, in the order of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2

ROOT = Path(__file__).parents[1]
PINNED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if "==" in line
)


@dataclass(frozen=True)
class Shown:
    """A command as it is typed, and the output below it, empty where none is shown."""

    line: str
    output: str


def blocks(text: str, language: str) -> list[str]:
    """Return a document's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[Shown]:
    """Return every command of a document, in its order; one that goes on below is one."""
    found = []
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
            found.append(Shown(line.strip(), output.strip()))
    return found


def comparable(text: str) -> str:
    """Return an output as it is compared: to every digit.

    Where another OpenCV than the pinned one decodes the JPEGs, pixels differ by a shade, and the
    confidences are compared to two places.
    """
    text = text.strip()
    if cv2.__version__.startswith(PINNED["opencv-python-headless"].rpartition(".")[0]):
        return text
    return re.sub(r"\b[01]\.\d{4}\b", lambda match: f"{float(match[0]):.2f}", text)

"""What the documents show: commands with their outputs, and Python, in the order of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import unified_diff
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


@dataclass(frozen=True)
class Code:
    """Python that a document shows, and the block of text right below it, its output."""

    text: str
    output: str


def blocks(text: str, language: str) -> list[str]:
    """Return a document's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def goes_on(line: str) -> bool:
    """Return whether a shell waits for more of a command: after a bar, or within a loop."""
    return line.endswith("|") or (line.startswith("for ") and not line.endswith("\ndone"))


def typed(part: str) -> Shown:
    """Return the command that begins ``part``, without a comment, and its output."""
    line, *rest = re.sub(r"\\\n\s*", "", part).split("\n")
    while goes_on(line) and rest:
        line += ("\n" if line.startswith("for ") else " ") + rest.pop(0).strip()
    return Shown(re.sub(r" {2,}# .*", "", line).strip(), "\n".join(rest).strip())


def steps(text: str) -> list[Shown | Code]:
    """Return every command and every block of Python of a document, in its order."""
    found: list[Shown | Code] = []
    every = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    for (language, block), (following, output) in zip(every, [*every[1:], ("", "")], strict=False):
        if language == "console":
            found += map(typed, re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
        elif language == "python":
            found.append(Code(block, output.strip() if following == "text" else ""))
    return found


def commands(text: str) -> list[Shown]:
    """Return every command of a document, in its order; one that goes on below is one."""
    return [step for step in steps(text) if isinstance(step, Shown)]


def comparable(text: str) -> str:
    """Return an output as it is compared: to every digit.

    Where another OpenCV than the pinned one decodes the JPEGs, pixels differ by a shade, and the
    confidences are compared to two places.
    """
    text = text.strip()
    if cv2.__version__.startswith(PINNED["opencv-python-headless"].rpartition(".")[0]):
        return text
    return re.sub(r"\b[01]\.\d{4}\b", lambda match: f"{float(match[0]):.2f}", text)


ANYTHING = "..."
"""In an output that is shown: as a line, any lines; within one, any characters."""

SECONDS = re.compile(r"(\t| +)\d+\.\d s\b")


def differences(printed: str, shown: str) -> list[str]:
    """Return how what was printed differs from what is shown, line by line; nothing if it does not.

    All is compared to every digit, but for seconds and what stands for anything.
    """
    said, wanted = (
        SECONDS.sub(" SECONDS", comparable(text)).split("\n") for text in (printed, shown)
    )
    lines = (
        r"(?:.*\n)*?" if line.strip() == ANYTHING else f"{literally(line)}\n" for line in wanted
    )
    if re.fullmatch("".join(lines), "".join(f"{line}\n" for line in said)):
        return []
    return list(unified_diff(wanted, said, "the page", "printed", lineterm=""))


def literally(line: str) -> str:
    """Return an expression for a line of an output."""
    return ".*?".join(map(re.escape, line.split(ANYTHING)))

"""The tutorial word for word: every command and every block of Python, in an empty folder.

    python bench/tutorial.py

Runs docs/tutorial.md from its beginning and compares all that is printed with what the page shows,
to the digit, but for seconds; `...` stands for any lines. Another processor rounds differently, so
that what `train` makes may differ a little: such outputs must have the same lines, and shares that
are within two points. It prints what differs, and ends with 1 if anything differs by more. Three
trainings take six minutes or so on two cores.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SECONDS = re.compile(r"[ \t]+\d+\.\d s\b")
_NUMBER = re.compile(r" *(?<![\w.])(?:\d+(?:\.\d+)?(?:\.jpeg)?|\.)(?![\w.])")
_SHARE = re.compile(r"(\d+\.\d+)%")
_NEAR = 2.0  # per cent: the share that it may be off


def steps(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield the language, the code and the output shown of each step of ``page``, in order.

    A step is a command of a block ``console``, or a block ``python`` with the ``text`` after it.
    """
    blocks = _BLOCK.findall(page)
    for (language, code), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "console":
            for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield language, command, output
        elif language == "python":
            yield language, code, shown if following == "text" else ""


def _printed(language: str, code: str, names: dict[str, Any]) -> str:
    """Run a step and return what it prints; Python goes on with ``names``."""
    if language == "python":
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, str(_PAGE), "exec"), names)
        return out.getvalue()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", code],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def differences(shown: str, printed: str) -> list[str]:
    """Return the lines in which two outputs differ, but for seconds; none where they are alike."""
    shown, printed = (_SECONDS.sub(" SECONDS", text) for text in (shown, printed))
    first, dots, last = shown.partition("...\n")
    if dots and printed.startswith(first) and printed.endswith(last):
        return []
    lines = shown.splitlines(), printed.splitlines()
    return list(difflib.unified_diff(*lines, "the page", "printed", n=0, lineterm=""))


def alike(shown: str, printed: str) -> bool:
    """Tell whether two outputs have the same lines but for numbers, and nearly the same shares."""
    first, dots, last = shown.partition("...\n")
    if dots:
        ends = printed.splitlines(keepends=True)
        shown = first + last
        printed = "".join(ends[: first.count("\n")] + ends[-last.count("\n") :])
    shares = zip(_SHARE.findall(shown), _SHARE.findall(printed), strict=False)
    return _NUMBER.sub(" N", shown) == _NUMBER.sub(" N", printed) and all(
        abs(float(one) - float(other)) <= _NEAR for one, other in shares
    )


def main() -> int:
    """Run the page; print each step, and what differs."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found, near, trained = 0, 0, False
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        for language, code, shown in steps(_PAGE.read_text(encoding="utf-8")):
            print(f"{language}: {code.splitlines()[0]}", flush=True)
            printed = _printed(language, code, names)
            trained |= code.startswith("captchascope train ")
            if lines := differences(shown, printed):
                by_training = trained and alike(shown, printed)
                near += by_training
                found += not by_training
                print(
                    "a training decides:" if by_training else "WRONG:", *lines, sep="\n", flush=True
                )
    print(f"{near} outputs differ by what a training decides, {found} by more")
    return found > 0


if __name__ == "__main__":
    sys.exit(main())

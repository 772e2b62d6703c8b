"""A fork, which takes one thread along: the child waits for none of those that it hasn't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PATIENCE = 120  # seconds, of what takes one; only what waits for ever takes as long

INSIDE = """
import io, os, signal, threading, time, warnings
from PIL import Image
from captchascope.image import load_gray

inside, forking = threading.Event(), threading.Event()

class Slow(Image.Image):
    def convert(self, *arguments, **options):
        inside.set()
        forking.wait()
        time.sleep(0.2)  # so that the fork would come before the end, were it not held back
        return super().convert(*arguments, **options)

slow, gif = Image.new("RGB", (9, 9)), io.BytesIO()
slow.save(gif, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9), "red")])
slow.__class__ = Slow
filters = list(warnings.filters)
thread = threading.Thread(target=load_gray, args=(slow,))
thread.start()
inside.wait()
os.register_at_fork(before=forking.set)  # the last that is registered is the first to be called
child = os.fork()
if not child:
    signal.alarm(60)  # should it wait for ever, nobody would end it
    load_gray(gif.getvalue())
    os._exit(warnings.filters != filters)
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

READER = """
import os, signal
from captchascope import load
from captchascope.generate import draw_captcha

if __name__ == "__main__":
    drawn = draw_captcha("metu", 990009, 1)
    reader = load("metu-glyphs", threads=2)
    for jobs in (1, 2):
        next(reader.read_many([drawn.image], jobs=jobs))
    child = os.fork()
    if not child:
        signal.alarm(60)
        with reader:
            texts = [reading.text for reading in reader.read_many([drawn.image] * 40)]
        os._exit(texts != [drawn.label] * 40)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with reader:
        assert next(reader.read_many([drawn.image], jobs=2)).text == drawn.label
    raise SystemExit(status)
"""


@pytest.mark.parametrize("script", [INSIDE, READER], ids=["while decoding", "with a reader"])
def test_the_child_reads(script: str, tmp_path: Path) -> None:
    """Though another thread decoded, or the reader and its processes are the parent's."""
    file = tmp_path / "script.py"
    file.write_text(script)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(file)]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr.decode()

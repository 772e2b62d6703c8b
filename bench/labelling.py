"""The wait while labelling: from the keypress until the next image is painted.

    python bench/labelling.py [IMAGES] [--pace SECONDS]

Labels generated captchas (200 by default) in a headless Chromium by keyboard alone, against a real
``captchascope label``, one key every PACE seconds (0.3 by default, faster than people are).
Before each it presses a key that does nothing, as what the browser takes for a frame by itself is
part of every wait. It fails if the median is 100 ms or more, or if labels.csv lacks a label.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from captchascope.collect.browser import executable
from captchascope.generate import write_folder

_SEED, _ASKED = 990_112, 100.0

_WATCH = """
(() => {
    window.waits = [];
    window.bare = [];
    const stage = () => document.getElementById("stage");
    const isPainted = (before) =>
        stage().dataset.image !== before && stage().firstChild?.complete;
    addEventListener("keydown", (event) => {
        const isKey = event.key === "Enter";
        if (!isKey && event.key !== "Shift") return;
        const list = isKey ? window.waits : window.bare;
        const before = isKey ? stage().dataset.image : null;
        const look = () => requestAnimationFrame(() => {
            const channel = new MessageChannel();  // its message comes after the frame is painted
            channel.port1.onmessage = () =>
                isPainted(before) ? list.push(performance.now() - event.timeStamp) : look();
            channel.port2.postMessage(null);
        });
        look();
    }, true);
})();
"""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve the label page of a folder, and yield its address."""
    options = ["--port", "0", "--model", "metu", "--no-retrain"]
    command = [sys.executable, "-m", "captchascope", "label", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def _label(page: Page, url: str, count: int, pace: float) -> tuple[list[float], list[float]]:
    """Accept every image, and return the milliseconds until the next one, and of bare frames."""
    page.add_init_script(_WATCH)
    page.goto(url)
    page.wait_for_selector("#work:not([hidden])")
    for number in range(count):
        page.wait_for_timeout(1000 * pace)
        page.keyboard.press("Shift")
        page.wait_for_function("number => window.bare.length > number", arg=number)
        page.keyboard.press("Enter")
        if number < count - 1:  # after the last one there is none to paint
            page.wait_for_function("number => window.waits.length > number", arg=number)
    page.wait_for_function("() => document.getElementById('left').textContent === '0'")
    waits, frames = page.evaluate("[window.waits, window.bare]")
    return sorted(waits), frames


def main(count: int, pace: float) -> None:
    """Label, and print what the waits were."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        folder = Path(made, "captchas")
        write_folder("metu", folder, count, _SEED)
        for labels in folder.glob("labels.*"):
            labels.unlink()
        browser = play.chromium.launch(executable_path=executable())
        with _served(folder) as url:
            page = browser.new_page()
            page.set_default_timeout(600_000)
            waits, frames = _label(page, url, count, pace)
        browser.close()
        rows = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    median, late = statistics.median(waits), waits[int(0.99 * len(waits))]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{count} images, keypress to next image painted, in ms (load {load:.1f}):")
    print(f"median {median:.1f}  99 % {late:.1f}  longest {waits[-1]:.1f}  {len(rows)} rows")
    print(f"a frame without any change: median {statistics.median(frames):.1f}")
    if median >= _ASKED or len(rows) != count:
        sys.exit(f"asked: a median below {_ASKED:.0f} ms, and {count} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=int, nargs="?", default=200)
    parser.add_argument("--pace", type=float, default=0.3)
    given = parser.parse_args()
    main(given.images, given.pace)

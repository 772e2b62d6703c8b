"""Take the screenshots of the documentation again: every page, light and dark, desk and phone.

    python tools/draw_screens.py [FOLDER]

It starts ``captchascope serve`` and ``captchascope label`` on captchas generated from seeds, and an
installed Chromium. The pictures go to ``docs/figures``, or to FOLDER.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from captchascope.collect.browser import executable
from captchascope.files import write_whole

_ROOT = Path(__file__).parents[1]
_FIGURES = _ROOT / "docs" / "figures"
_SIZES = {"desk": (1120, 760), "phone": (390, 780)}
_SEED, _COUNT = 2024, 400  # of the captchas that are read and tested on
_COLOURS = 64

Scene: TypeAlias = Callable[[Page, str], None]


def main() -> None:
    """Take all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FIGURES
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        data = Path(made, "captchas")
        _run("generate", "metu", data, "--count", _COUNT, "--seed", _SEED, "-q")
        browser = play.chromium.launch(executable_path=executable())
        with _server("serve", *_models(Path(made)), "--data", data) as url:
            _wait_for_test(browser, url)
            for name, scene in _SCENES.items():
                _shoot(browser, f"{url}", name, scene, folder)
        browser.close()


def _models(folder: Path) -> list[object]:
    """Return the options of three models, one of them with the log of a short training."""
    model = folder / "mine.onnx"
    captchas = folder / "mine"
    _run("generate", "metu", captchas, "--count", 300, "--seed", _SEED + 1, "-q")
    _run("train", captchas, "-o", model, "--recipe", "fast", "--time-limit", "60s", "-q")
    return ["--model", "metu", "--model", "metu-glyphs", "--model", model]


def _run(*arguments: object) -> None:
    command = [sys.executable, "-m", "captchascope", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=_ROOT)


@contextmanager
def _server(command: str, *options: object) -> Iterator[str]:
    """Start the app, and yield its address."""
    words = [sys.executable, "-m", "captchascope", command, "--port", "0", *map(str, options)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def _wait_for_test(browser: Browser, url: str) -> None:
    page = browser.new_page()
    for model in ("metu", "mine"):
        page.goto(f"{url}results/{model}")
        page.wait_for_selector("#rates", timeout=300_000)
    page.close()


def _read(page: Page, url: str) -> None:
    page.goto(url)
    images = [_ROOT / "examples" / f"{number}.jpeg" for number in (1, 4, 8)]
    page.set_input_files("#images", images)
    page.wait_for_selector("[data-reading] >> nth=2")


def _see(page: Page, url: str) -> None:
    page.goto(url)
    page.select_option("#model", "metu-glyphs")
    page.set_input_files("#images", _ROOT / "examples" / "4.jpeg")
    page.click("text=See every stage")
    page.wait_for_selector(".stages")
    page.eval_on_selector("[data-reading]", "card => card.scrollIntoView()")


def _results(page: Page, url: str) -> None:
    page.goto(f"{url}results")


def _result(page: Page, url: str) -> None:
    page.goto(f"{url}results/mine")


_SCENES: dict[str, Scene] = {
    "read": _read,
    "see": _see,
    "results": _results,
    "result": _result,
}


def _shoot(browser: Browser, url: str, name: str, scene: Scene, folder: Path) -> None:
    """Save one page in each size and scheme of colours."""
    for size, (width, height) in _SIZES.items():
        for colours in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if colours == "dark" else "light",
                reduced_motion="reduce",
            )
            scene(page, url)
            page.wait_for_load_state("networkidle")
            shot = Image.open(BytesIO(page.screenshot()))
            write_whole(folder / f"app-{name}-{size}-{colours}.png", _small(shot))
            page.close()


def _small(shot: Image.Image) -> bytes:
    file = BytesIO()
    flat = shot.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    flat.save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()

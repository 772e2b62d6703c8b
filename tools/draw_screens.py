"""Take the screenshots of the documentation again: every page, light and dark, desk and phone.

    python tools/draw_screens.py [--model FILE] [--to FOLDER]

It starts ``captchascope serve`` and ``captchascope label`` on captchas generated from seeds, and an
installed Chromium. The pictures go to ``docs/figures``, or to FOLDER. The results are those of a
model that is trained first, or of FILE, with the log beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeAlias

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from captchascope import read_dataset, train_model
from captchascope.atomic import atomic_write
from captchascope.collect.browser import executable
from captchascope.generate import write_folder

_ROOT = Path(__file__).parents[1]
_FIGURES = _ROOT / "docs" / "figures"
_SIZES = {"desk": (1120, 900), "phone": (390, 780)}
_SEED, _COUNT = 2024, 400  # of the captchas that are read and tested on
_SCHEME = "lined"
_LABELS, _SECONDS = 300, 240.0  # of the model whose learning curve is shown: fewer have none
_COLOURS = 256

_IMAGES = "Promise.all([...document.images].map((image) => image.decode().catch(() => {})))"
"""Waits until every image that the page shows is there, which takes a while on a busy machine."""

Scene: TypeAlias = Callable[[Page], None]


def main() -> None:
    """Take all screenshots."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path)
    parser.add_argument("--to", type=Path, default=_FIGURES)
    given = parser.parse_args()
    folder: Path = given.to
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        captchas = Path(made, "captchas")
        write_folder(_SCHEME, captchas, _COUNT, _SEED)
        model = given.model or _trained(Path(made))
        browser = play.chromium.launch(executable_path=executable())
        models = [word for name in ("metu", "metu-glyphs", model) for word in ("--model", name)]
        with _server("serve", *models, "--data", captchas) as url:
            _shoot(browser, url, _READ, folder)
        for labels in captchas.glob("labels.*"):
            labels.unlink()
        options = "--model", "any", "--no-retrain", "--overlap", "100%"
        with _server("label", "captchas", *options, at=made) as url:
            for ending in ("", "W"):
                _say(browser, url, ending)
            _shoot(browser, url.removesuffix("label"), _LABEL, folder)
        browser.close()


def _trained(folder: Path) -> Path:
    """Train a model on few labels, and return its file."""
    write_folder(_SCHEME, folder / "mine", _LABELS, _SEED + 1)
    dataset = read_dataset(folder / "mine")
    return train_model(dataset, folder / "mine.onnx", time_limit=_SECONDS).model


@contextmanager
def _server(command: str, *options: object, at: str | None = None) -> Iterator[str]:
    """Start the app in a folder, whose path then is on no page, and yield its address."""
    words = [sys.executable, "-m", "captchascope", command, "--port", "0", *map(str, options)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=at) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def _say(browser: Browser, url: str, ending: str) -> None:
    """Label the first image as somebody of his own, as guessed but for the ending.

    Two who differ are what there is to review.
    """
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("#work:not([hidden])")
    guess = page.input_value("#text")
    page.keyboard.type(guess[: len(guess) - len(ending)] + ending)
    page.keyboard.press("Enter")
    page.wait_for_timeout(2000)
    page.close()


def _read(page: Page) -> None:
    images = [_ROOT / "examples" / f"{number}.jpeg" for number in (1, 4, 8)]
    page.set_input_files("#images", images)
    page.wait_for_selector("[data-reading] >> nth=2")


def _see(page: Page) -> None:
    page.select_option("#model", "metu-glyphs")
    page.set_input_files("#images", _ROOT / "examples" / "4.jpeg")
    page.click("text=See every stage")
    page.wait_for_selector(".stages")
    page.eval_on_selector(".stages", "stages => stages.scrollIntoView()")


def _result(page: Page) -> None:
    page.wait_for_selector("#rates", timeout=300_000)


def _confusions(page: Page) -> None:
    _result(page)
    page.eval_on_selector(".pair", "part => part.scrollIntoView()")


def _audit(page: Page) -> None:
    if page.locator("#subject").count():
        page.select_option("#subject", "/")
        page.get_by_role("button", name="Start").click()
    page.wait_for_selector(".lines li:not(.quiet)", timeout=300_000)


def _nothing(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def _one(page: Page) -> None:
    page.wait_for_selector("#work:not([hidden])")
    for _ in range(3):
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)


def _ten(page: Page) -> None:
    page.wait_for_selector("#work:not([hidden]), #empty:not([hidden])")


_READ: dict[str, tuple[str, Scene]] = {
    "read": ("", _read),
    "see": ("", _see),
    "results": ("results", _nothing),
    "result": ("results/mine", _result),
    "charts": ("results/mine", _confusions),
    "audit": ("audit", _audit),
}
_LABEL: dict[str, tuple[str, Scene]] = {
    "label": ("label", _one),
    "label-ten": ("label/grid", _ten),
    "label-review": ("label/review", _nothing),
}
"""What is photographed of each server: the page, and what is done there first."""


def _shoot(browser: Browser, url: str, scenes: dict[str, tuple[str, Scene]], folder: Path) -> None:
    """Save pages in each size and scheme of colours."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for name, (path, scene) in scenes.items():
        for size, (width, height) in _SIZES.items():
            for colours in schemes:
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme=colours,
                    reduced_motion="reduce",
                )
                page.goto(f"{url}{path}")
                scene(page)
                page.evaluate(_IMAGES)
                shot = Image.open(BytesIO(page.screenshot(timeout=120_000)))
                atomic_write(folder / f"app-{name}-{size}-{colours}.png", _small(shot))
                page.close()


def _small(shot: Image.Image) -> bytes:
    """Return a shot with a palette that keeps its grounds: the colours that most pixels have."""
    file = BytesIO()
    flat = shot.convert("RGB").quantize(
        _COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
    flat.save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()

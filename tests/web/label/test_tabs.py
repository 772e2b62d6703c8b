"""Two tabs on one folder in a real Chromium: one goes, a model is trained, and nothing is lost."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("playwright", reason="needs the extra 'browser'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")

from playwright.sync_api import Browser, Page, expect

from captchascope.generate import write_folder
from captchascope.reader import load
from captchascope.web.label.learning import OWN_MODEL, can_train
from web.browsing import PATIENCE, begun, faults, opened
from web.label.folders import fill
from web.label.server import serving

SEED = 990_117
COUNT = 36
EVERY = 10

WATCH = """
    window.seen = [];
    const look = () => {
        const text = (id) => document.getElementById(id)?.textContent ?? "";
        const guess = [...document.querySelectorAll("#chars b")].map((b) => b.textContent).join("");
        const shown = document.getElementById("work").hidden ? "" : text("name");
        seen.push([text("training"), shown, guess, document.getElementById("text").value]);
        requestAnimationFrame(look);
    };
    look();
"""
"""What a page has on the screen, at each frame: the news, the image, its guess, the text."""


def typed(page: Page, truth: dict[str, str]) -> str:
    """Label the image that is shown with what it says, and return its name."""
    expect(page.locator("#work")).to_be_visible()
    name = page.inner_text("#name")
    page.keyboard.type(truth[name])
    page.keyboard.press("Enter")
    return name


def rows(folder: Path) -> dict[str, str]:
    """Return what labels.csv says."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["label"] for row in csv.DictReader(file)}


@pytest.mark.skipif(not can_train(), reason="needs the extra 'train'")
def test_a_tab_goes_and_a_model_comes_while_another_labels(
    tmp_path: Path, browser: Browser
) -> None:
    """No image is lost or shown with another model's guess; the Read page has the new model."""
    folder = tmp_path / "captchas"
    write_folder("lined", folder, COUNT, SEED)
    truth = rows(folder)
    for path in folder.glob("labels.*"):
        path.unlink()
    options = ("--model", "metu", "--retrain", EVERY, "--time-limit", "45s")
    with serving(folder, *options) as served:
        with opened(browser) as one:
            begun(one, served.url)
            with opened(browser) as two:
                begun(two, served.url)
                said = [typed((one, two)[turn % 2], truth) for turn in range(EVERY + 2)]
                assert len(set(said)) == len(said)
                expect(one.locator("#training")).to_contain_text("is learning")
                two.keyboard.type("half")
            one.evaluate(WATCH)
            expect(one.locator("#training")).to_contain_text("guesses now", timeout=20 * PATIENCE)
            expect(one.locator("#guesser")).to_have_text(str(folder / OWN_MODEL))
            while len(said) < COUNT:
                said.append(typed(one, truth))
            expect(one.locator("#left")).to_have_text("0")
            expect(one.locator("#none")).to_have_text("Every image is labelled")
            seen: list[Any] = one.evaluate("seen")
            one.goto(served.url.removesuffix("label"))
            one.select_option("#model", "trained-here")
            one.set_input_files("#images", folder / "1.jpeg")
            expect(one.locator("[data-reading]")).to_have_count(1)
        assert served.stop() == 0, served.heard
    assert str(folder / OWN_MODEL) in served.heard
    assert sorted(said) == sorted(truth)
    assert rows(folder) == truth
    shown = {(n, guess) for news, n, guess, _ in seen if "guesses now" in news and n and guess}
    reader = load(folder / OWN_MODEL)
    assert shown == {(name, reader.read(folder / name).text) for name, _ in shown}
    assert shown


def test_a_small_folder_is_never_said_to_be_done_too_early(
    tmp_path: Path, browser: Browser
) -> None:
    """Another tab has all that is left: that is said, and they come when it goes."""
    folder = fill(tmp_path / "captchas", 3)
    with serving(folder, "--no-retrain", "--model", "metu") as served, opened(browser) as one:
        with opened(browser) as two:
            begun(two, served.url)
            one.goto(served.url)
            away = one.locator("#away")
            expect(away).to_contain_text("3 images are open in another tab")
            assert faults(one) == []
            two.keyboard.type("111111")
            two.keyboard.press("Enter")
            expect(away).to_contain_text("2 images are open in another tab")
            expect(one.locator("#none")).to_have_text("No image for you just now")
        expect(one.locator("#work")).to_be_visible()
        one.keyboard.press("ArrowDown")
        one.keyboard.press("ArrowDown")
        expect(one.locator("#passed")).to_contain_text("2 images are passed over")
        one.click("#return")
        for text in ("222222", "333333"):
            one.keyboard.type(text)
            one.keyboard.press("Enter")
            one.keyboard.press("ArrowUp")
            one.keyboard.press("ArrowUp")
        expect(one.locator("#left")).to_have_text("0")


def test_a_copy_of_a_tab_has_images_of_its_own(tmp_path: Path, browser: Browser) -> None:
    """A browser copies the name of the tab too; the older one takes another."""
    folder = fill(tmp_path / "captchas", 40)
    with serving(folder, "--no-retrain", "--model", "metu") as served, opened(browser) as one:
        begun(one, served.url)
        name = one.evaluate("sessionStorage.getItem('session')")
        with opened(browser) as two:
            two.add_init_script(f"sessionStorage.setItem('session', '{name}')")
            begun(two, served.url)
            expect(one.locator("#work")).to_be_visible()
            with one.expect_navigation():  # it loads itself again
                one.evaluate("void dispatchEvent(new Event('visibilitychange'))")
            assert one.evaluate("sessionStorage.getItem('session')") != name
            expect(one.locator("#work")).to_be_visible()
            assert one.inner_text("#name") != two.inner_text("#name")


def test_what_the_texts_are_is_told_on_the_page(tmp_path: Path, browser: Browser) -> None:
    """The guess on the screen follows; what is no charset is refused; it is kept."""
    folder = tmp_path / "captchas"
    write_folder("metu", folder, 12, SEED)
    truth = rows(folder)
    for path in folder.glob("labels.*"):
        path.unlink()
    with serving(folder, "--no-retrain", "--model", "metu") as served:
        with opened(browser) as page:
            begun(page, served.url)
            page.fill("#charset", "0-4")
            page.press("#charset", "Enter")
            expect(page.locator("#texts-note")).to_have_text("All is read again.")
            expect(page.locator("#text")).to_have_value(re.compile("^[0-4]{6}$"))
            assert faults(page) == []
            page.focus("#text")
            for _ in range(11):
                typed(page, truth)
            expect(page.locator("#suggested")).to_have_text("By your 11 labels: 0-9, 6 long.")
            page.click("#take")
            expect(page.locator("#charset")).to_have_value("0-9")
            expect(page.locator("#suggestion")).to_be_hidden()
        assert served.stop() == 0, served.heard
    with serving(folder, "--no-retrain", "--model", "metu") as served, opened(browser) as page:
        begun(page, served.url)
        expect(page.locator("#charset")).to_have_value("0-9")
        expect(page.locator("#length")).to_have_value("6")

"""Labelling in a real Chromium, by keyboard alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("playwright", reason="needs the extra 'browser'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")

from playwright.sync_api import Browser, Page, expect

from captchascope.generate import write_folder
from web.browsing import begun, faults, opened
from web.label.server import Labeller, Served, serving

COUNT = 200
SEED = 990_111
OPTIONS = ("--no-retrain", "--model", "metu")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Draw captchas without labels, and return what each says."""
    folder = tmp_path_factory.mktemp("label") / "captchas"
    write_folder("metu", folder, COUNT, SEED)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["file"]: row["label"] for row in csv.DictReader(file)}
    for path in folder.glob("labels.*"):
        path.unlink()
    return {str(folder / file): label for file, label in labels.items()}


@pytest.fixture
def folder(drawn: dict[str, str], tmp_path: Path) -> Path:
    """Make a folder of its own with these captchas."""
    for path in map(Path, drawn):
        (tmp_path / path.name).hardlink_to(path)
    return tmp_path


@contextmanager
def forgiving(browser: Browser) -> Iterator[Page]:
    """Open a page whose requests may fail, which its console complains of."""
    context = browser.new_context()
    try:
        yield context.new_page()
    finally:
        context.close()


def left(page: Page, number: int) -> None:
    """Wait until so many images are left, which the server has said."""
    expect(page.locator("#left")).to_have_text(str(number))


def rows(folder: Path) -> dict[str, str]:
    """Return what labels.csv says."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        found = [(row["file"], row["label"]) for row in csv.DictReader(file)]
    assert len(found) == len(dict(found))
    return dict(found)


def test_two_hundred_images_by_keyboard_alone(
    folder: Path, drawn: dict[str, str], browser: Browser
) -> None:
    """Nine of ten are accepted, every tenth typed; all are in the file, as they were said."""
    labels = {Path(path).name: label for path, label in drawn.items()}
    said = {}
    with serving(folder, *OPTIONS) as served:
        with opened(browser) as page:
            begun(page, served.url)
            for number in range(COUNT):
                expect(page.locator("#work")).to_be_visible()
                name = page.inner_text("#name")
                guess = page.input_value("#text")
                said[name] = guess
                if number % 10 == 0 or not guess:
                    said[name] = labels[name]
                    page.keyboard.type(said[name])
                page.keyboard.press("Enter")
            left(page, 0)
            expect(page.locator("#empty")).to_be_visible()
        assert served.stop() == 0, served.heard
    assert said.keys() == labels.keys()
    assert rows(folder) == said


def test_every_key_does_what_the_page_says(folder: Path, browser: Browser) -> None:
    """Up and Down, Ctrl+Enter and Ctrl+Z, and a label that is none is not taken."""
    with serving(folder, *OPTIONS) as served, opened(browser) as page:
        begun(page, served.url)
        first = page.inner_text("#name")
        page.keyboard.type("111111")
        page.keyboard.press("Enter")
        second = page.inner_text("#name")
        page.keyboard.press("Control+Enter")
        third = page.inner_text("#name")
        assert len({first, second, third}) == 3
        page.keyboard.type("22")
        page.keyboard.press("ArrowUp")
        expect(page.locator("#name")).to_have_text(second)
        expect(page.locator("#note")).to_have_text("You marked this one as unreadable.")
        page.keyboard.press("ArrowUp")
        assert (page.inner_text("#name"), page.input_value("#text")) == (first, "111111")
        page.keyboard.type("333333")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        assert (page.inner_text("#name"), page.input_value("#text")) == (third, "22")
        page.keyboard.type("a b")
        page.keyboard.press("Enter")
        expect(page.locator("#note")).to_have_text("A label has no spaces.")
        page.keyboard.press("Control+z")
        expect(page.locator("#name")).to_have_text(first)
        expect(page.locator("#text")).to_have_value("333333")
        page.keyboard.press("Control+z")
        expect(page.locator("#name")).to_have_text(second)
        left(page, COUNT - 1)
        assert served.stop() == 0, served.heard
        assert rows(folder) == {first: "111111"}


def test_a_label_outlives_a_server_that_is_killed(folder: Path, browser: Browser) -> None:
    """The page says that it is not stored, goes on, and stores it when the server is back."""
    with serving(folder, *OPTIONS) as served, forgiving(browser) as page:
        begun(page, served.url)
        port = served.url.rpartition(":")[2].partition("/")[0]
        served.kill()
        names = []
        for text in ("111111", "222222"):
            names.append(page.inner_text("#name"))
            page.keyboard.type(text)
            page.keyboard.press("Enter")
        expect(page.locator("#unsent")).to_contain_text("not stored yet")
        with serving(folder, *OPTIONS, "--port", port) as again:
            left(page, COUNT - 2)
            expect(page.locator("#unsent")).to_be_hidden()
            assert again.stop() == 0, again.heard
    assert rows(folder) == dict(zip(names, ("111111", "222222"), strict=True))


def test_what_was_not_stored_outlives_loading_the_page_again(
    folder: Path, browser: Browser
) -> None:
    """It is kept with the tab, and so is what can be undone."""
    with serving(folder, *OPTIONS) as served, forgiving(browser) as page:
        begun(page, served.url)
        page.on("dialog", lambda dialog: dialog.accept())
        name = page.inner_text("#name")
        page.route("**/label/say", lambda route: route.abort())
        page.keyboard.type("111111")
        page.keyboard.press("Enter")
        expect(page.locator("#unsent")).to_be_visible()
        page.unroute("**/label/say")
        page.reload()
        left(page, COUNT - 1)
        expect(page.locator("#name")).not_to_be_empty()  # what was said is back
        page.keyboard.press("Control+z")
        expect(page.locator("#name")).to_have_text(name)
        expect(page.locator("#text")).to_have_value("111111")
        left(page, COUNT)


def test_two_browsers_never_have_the_same_image(folder: Path, browser: Browser) -> None:
    """However they take turns."""
    with (
        serving(folder, *OPTIONS) as served,
        opened(browser) as one,
        opened(browser) as two,
    ):
        seen: list[str] = []
        for page in (one, two):
            begun(page, served.url)
        for turn in range(40):
            page = (one, two)[turn * 7 % 5 % 2]
            seen.append(page.inner_text("#name"))
            page.keyboard.type("111111")
            page.keyboard.press("Enter")
        assert len(set(seen)) == len(seen)
        two.reload()
        left(two, COUNT - 40)


def test_ten_sure_ones_are_confirmed_by_one_key(folder: Path, browser: Browser) -> None:
    """One is mended, one is left for later; and one key takes all back."""
    with serving(folder, *OPTIONS) as served, opened(browser) as page:
        page.goto(f"{served.url}/grid")
        cells = page.locator(".cell")
        expect(cells).to_have_count(10)
        first = page.get_attribute("#grid", "data-first")
        page.keyboard.type("111111")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        expect(cells.nth(1).locator(".state")).to_have_text("for later")
        page.keyboard.press("Enter")
        left(page, COUNT - 9)
        assert page.get_attribute("#grid", "data-first") != first
        page.keyboard.press("Control+z")
        left(page, COUNT)
        assert page.get_attribute("#grid", "data-first") == first
        assert cells.nth(0).locator("input").input_value() == "111111"


def test_a_disagreement_is_settled_on_the_review_page(folder: Path, browser: Browser) -> None:
    """By a click, or by typing something else."""
    with serving(folder, *OPTIONS, "--overlap", "100%") as served:
        disagree(served, 2)
        with opened(browser) as page:
            page.goto(f"{served.url}/review")
            cases = page.locator(".case")
            expect(cases).to_have_count(2)
            cases.nth(0).get_by_role("button", name="222222").click()
            expect(cases.nth(0).get_by_role("status")).to_have_text("Stored.")
            cases.nth(1).locator("input").fill("333333")
            page.keyboard.press("Enter")
            expect(cases.nth(1).get_by_role("status")).to_have_text("Stored.")
        assert served.stop() == 0, served.heard
    assert sorted(rows(folder).values()) == ["222222", "333333"]


def disagree(served: Served, count: int) -> None:
    """Have two people label some images, each in a way of their own."""
    for name, text in (("person-a", "111111"), ("person-b", "222222")):
        person = Labeller(served.url, name)
        for image in range(1, count + 1):
            person.say(image, text)
        person.close()


def test_axe_finds_nothing_serious_on_any_label_page(folder: Path, browser: Browser) -> None:
    """One at a time, ten at a time, and where two disagree."""
    with serving(folder, *OPTIONS, "--overlap", "100%") as served:
        disagree(served, 1)
        with opened(browser) as page:
            begun(page, served.url)
            assert faults(page) == []
            page.goto(f"{served.url}/grid")
            expect(page.locator(".cell")).to_have_count(10)
            assert faults(page) == []
            page.goto(f"{served.url}/review")
            assert faults(page) == []

"""The pages in a real Chromium: dropped, pasted and chosen images, the keyboard, and axe-core."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from captchascope.reader import load
from captchascope.web.settings import Settings
from web.serving import serving

pytest.importorskip("playwright", reason="needs the extra 'browser'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")

from playwright.sync_api import Browser, FilePayload, Page, Route, ViewportSize, expect

from web.browsing import faults, opened

EXAMPLES = Path(__file__).parents[2] / "examples"
ONE, TWO = EXAMPLES / "1.jpeg", EXAMPLES / "2.jpeg"
DESK: ViewportSize = {"width": 1120, "height": 760}
PHONE: ViewportSize = {"width": 360, "height": 740}

MADE = """
images => {
    const transfer = new DataTransfer();
    for (const [name, data] of images) {
        const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
    }
    return transfer;
}
"""
PASTED = """
transfer => document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true}))
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve two models, and labelled images to test them on."""
    with serving(Settings(models=("metu", "metu-glyphs"), data=EXAMPLES)) as served:
        yield served.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """Open the Read page."""
    with opened(browser, viewport=DESK) as tab:
        tab.goto(url)
        yield tab


def expected(*images: Path) -> list[str]:
    """Return what the library reads."""
    return [str(load("metu").read(image).text) for image in images]


def shown(page: Page, count: int) -> list[str]:
    """Return the texts on the page, once there are so many."""
    found = page.locator("[data-reading] h3")
    expect(found).to_have_count(count)
    return [text.strip() for text in found.all_inner_texts()]


def sent(*images: Path) -> list[tuple[str, str]]:
    """Return images as ``MADE`` takes them."""
    return [(image.name, base64.b64encode(image.read_bytes()).decode()) for image in images]


def test_chosen_images_are_read_at_once(page: Page) -> None:
    """Without a click on anything else; what was done is told to those who hear the page."""
    page.set_input_files("#images", [ONE, TWO])
    assert shown(page, 2) == expected(ONE, TWO)
    expect(page.get_by_role("status")).to_have_text("2 images read.")
    assert page.url.rstrip("/").count("/") == 2


def test_images_chosen_before_the_scripts_have_come_are_read(page: Page, url: str) -> None:
    """Whoever is quicker than a slow connection need not click, either."""
    held: list[Route] = []
    scripts = re.compile(r"\.js\b")
    page.route(scripts, lambda route: held.append(route))
    page.goto(url, wait_until="commit")
    page.set_input_files("#images", [ONE, TWO])
    assert held
    page.route(scripts, lambda route: route.continue_())  # those that are asked for from now on
    for route in held:
        route.continue_()
    assert shown(page, 2) == expected(ONE, TWO)


def test_dropped_images_are_read(page: Page) -> None:
    """Wherever on the page they fall; while they are over it, it shows that it takes them."""
    transfer = page.evaluate_handle(MADE, sent(ONE, TWO))
    page.dispatch_event("h1", "dragover", {"dataTransfer": transfer})
    assert "over" in (page.get_attribute("#drop", "class") or "")
    page.dispatch_event("h1", "drop", {"dataTransfer": transfer})
    assert "over" not in (page.get_attribute("#drop", "class") or "")
    assert shown(page, 2) == expected(ONE, TWO)


def test_a_pasted_image_is_read(page: Page) -> None:
    """And the newest is the first."""
    page.evaluate(PASTED, page.evaluate_handle(MADE, sent(ONE)))
    assert shown(page, 1) == expected(ONE)
    page.evaluate(PASTED, page.evaluate_handle(MADE, sent(TWO)))
    assert shown(page, 2) == expected(TWO, ONE)


def test_every_stage_is_seen_beside_the_reading(page: Page) -> None:
    """Nine of them, each with its picture."""
    page.set_input_files("#images", ONE)
    page.get_by_role("button", name="See every stage").click()
    stages = page.locator("[data-reading] .stages > li")
    expect(stages).to_have_count(9)
    assert stages.locator("img").evaluate_all("all => all.every(one => one.naturalWidth > 0)")


def test_what_is_wrong_is_shown_and_goes_again(browser: Browser, url: str) -> None:
    """A refused charset leaves a notice; the next reading takes it away."""
    with browser.new_context() as context:  # a refusal is an error in the console, and may be
        page = context.new_page()
        page.goto(url)
        page.click("summary")
        page.fill("#charset", "x")
        page.set_input_files("#images", ONE)
        expect(page.get_by_role("alert")).to_contain_text("nothing in common")
        page.fill("#charset", "")
        page.get_by_role("button", name="Read", exact=True).click()
        assert shown(page, 1) == expected(ONE)
        expect(page.get_by_role("alert")).to_have_count(0)


def test_it_works_without_scripts(browser: Browser, url: str) -> None:
    """The form, its answer, and the stages, each as a page."""
    with opened(browser, viewport=DESK, java_script_enabled=False) as page:
        page.goto(url)
        page.set_input_files("#images", [ONE, TWO])
        page.get_by_role("button", name="Read", exact=True).click()
        assert shown(page, 2) == expected(ONE, TWO)
        page.get_by_role("button", name="See every stage").first.click()
        expect(page.locator(".stages > li")).to_have_count(9)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page) -> None:
    """In the order of the page, beginning with the way past the navigation."""
    seen = []
    for _ in range(10):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                    const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
                    const name = document.activeElement.textContent.trim();
                    return [name || document.activeElement.id, outlineStyle, outlineWidth];
                }"""
            )
        )
    names = ["Skip to the content", "captchascope", "Read", "Label", "Results", "Audit", "images"]
    assert [name for name, *_ in seen][:8] == [*names, "What the texts may be"]
    assert seen[9][0] == "Read"
    assert all(style == "solid" and width == "3px" for _, style, width in seen)


def test_a_page_fits_a_phone(browser: Browser, url: str) -> None:
    """Nothing is wider than the screen, not even a table: that scrolls by itself."""
    with opened(browser, viewport=PHONE) as page:
        for path in ("", "results", "results/metu", "label", "audit"):
            page.goto(f"{url}/{path}")
            page.wait_for_selector("h1:not(:has-text('Testing'))")
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width == PHONE["width"], path


@pytest.mark.parametrize("path", ["", "results", "results/metu", "label", "audit"])
def test_axe_finds_nothing_serious(browser: Browser, url: str, path: str) -> None:
    """On no page, with all that folds unfolded."""
    with opened(browser, viewport=DESK) as page:
        page.goto(f"{url}/{path}")
        page.wait_for_selector("h1:not(:has-text('Testing'))")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert faults(page) == []


def test_axe_finds_nothing_serious_in_what_was_not_found(browser: Browser, url: str) -> None:
    """The page of a problem is a page like the others."""
    with browser.new_context(viewport=DESK) as context:  # the console tells of the status
        page = context.new_page()
        page.goto(f"{url}/nowhere")
        expect(page.locator("h1")).to_have_text("Not Found")
        assert faults(page) == []


def test_axe_finds_nothing_serious_where_one_logs_in(browser: Browser) -> None:
    """Before the token is given, and after a wrong one."""
    with (
        serving(Settings(token="0123456789abcdef")) as served,
        browser.new_context(viewport=DESK) as context,
    ):
        page = context.new_page()
        page.goto(served.url)
        assert page.url.endswith("/login")
        assert faults(page) == []
        page.fill("#token", "fedcba9876543210")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        assert faults(page) == []


def test_axe_finds_nothing_serious_in_readings(browser: Browser, url: str) -> None:
    """Of both ways, sure and unsure, with every stage, and one that failed."""
    with opened(browser, viewport=DESK) as page:
        page.goto(url)
        page.click("summary")
        page.fill("#charset", "0123")
        nothing: FilePayload = {"name": "no.png", "mimeType": "image/png", "buffer": b"no image"}
        page.set_input_files("#images", nothing)
        shown(page, 1)
        for count, model in enumerate(("metu-glyphs", "metu"), 2):
            page.select_option("#model", model)
            page.set_input_files("#images", [])
            page.set_input_files("#images", ONE)
            shown(page, count)
        page.get_by_role("button", name="See every stage").first.click()
        page.wait_for_selector(".stages")
        assert page.locator(".weak").count() > 0
        assert faults(page) == []

"""The pages themselves."""

from __future__ import annotations

import re

from captchascope.practice.pages import COURSES, STATIC, Form, registration_page, static

FILLED = Form(
    javascript=False,
    right=2,
    answered=3,
    fields={"name": '"><b>x', "number": "1815121", "course": "CENG 140"},
    notice="wrong",
)


def test_every_field_has_its_label() -> None:
    """For those who hear the page; the picture has a text too."""
    page = registration_page(FILLED)
    labels = set(re.findall(r'<label for="(\w+)"', page))
    assert labels == set(re.findall(r'<(?:input|select) id="(\w+)"', page))
    assert labels == {"name", "number", "course", "answer"}
    assert 'alt="Characters to copy"' in page


def test_what_was_filled_in_stays() -> None:
    """As text, whatever it is; the answer does not."""
    page = registration_page(FILLED)
    assert 'value="&#34;&gt;&lt;b&gt;x"' in page
    assert 'value="1815121"' in page
    assert re.findall(r'<option value="([^"]*)" selected>', page) == ["CENG 140"]
    assert len(re.findall(r"<option", page)) == len(COURSES) + 1


def test_the_score_is_shown() -> None:
    """Beside what came of the last answer."""
    page = registration_page(FILLED)
    assert "<strong>2</strong> of 3" in page
    assert "did not match" in page


def test_nothing_comes_from_elsewhere() -> None:
    """No address of another host, no style or script within the page, which its policy forbids."""
    pages = [registration_page(FILLED), registration_page(Form(javascript=True))]
    for text in [*pages, *(static(name).decode() for name in STATIC)]:
        assert "//" not in re.sub(r'xmlns="[^"]*"|^ *//.*$', "", text, flags=re.MULTILINE)
        assert "@import" not in text
    for page in pages:
        assert not re.search(r"<style|style=|\bon\w+=|javascript:|data:", page)
        assert not re.search(r"<script(?! src=\"/refresh\.js\" defer></script>)", page)


def test_the_picture_is_put_in_by_the_script_alone() -> None:
    """With ``javascript`` the page has neither picture nor link; without it has no script."""
    with_script, plain = registration_page(Form(True)), registration_page(Form(False))
    assert "<img" not in with_script
    assert 'href="/"' not in with_script
    assert "/refresh.js" in with_script
    assert '<img id="captcha" src="/captcha.jpeg"' in plain
    assert '<a class="refresh" id="refresh" href="/"' in plain
    assert "<script" not in plain

"""The pages and what their scripts ask for, of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi")

from captchascope.web.label import pages
from captchascope.web.label.session import LabelSession
from captchascope.web.settings import LabelSettings
from web.label.folders import fill
from web.label.server import Labeller, Served, serving

ODD = "odd <b>&\"'‮.png"
OUTSIDE = b"secret"


A = "person-ann"


def stored_by(labeller: Labeller) -> list[str]:
    """Return what is stored of somebody that is called ``a``."""
    status, data = labeller.ask("GET", f"/label/history?session={labeller.session}")
    assert status == 200
    return [mark["key"] for mark in json.loads(data)["marks"] if mark["text"] == "a"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with 40 images, a broken one, one of an odd name, and links out of it."""
    folder = fill(tmp_path_factory.mktemp("label") / "captchas", 40)
    (folder / "41.png").write_bytes(b"no image")
    (folder / ODD).write_bytes((folder / "1.png").read_bytes())
    secret = folder.parent / "secret.png"
    secret.write_bytes(OUTSIDE)
    (folder / "42.png").symlink_to(secret)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """Serve it, half of the images to two."""
    options = ("--no-retrain", "--model", "metu-glyphs", "--overlap", "50%")
    with serving(folder, *options) as served:
        yield served


@pytest.fixture
def ann(served: Served) -> Iterator[Labeller]:
    """Give somebody who labels."""
    labeller = Labeller(served.url, "person-ann")
    yield labeller
    labeller.lease(0)
    labeller.close()


def test_an_image_is_shown_by_its_number_as_a_png(ann: Labeller, folder: Path) -> None:
    """Pixel by pixel as it is."""
    item = ann.lease(1)["new"][0]
    status, data = ann.ask("GET", f"/label/image/{item['id']}")
    assert status == 200
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    stored = cv2.imread(str(folder / item["name"]), cv2.IMREAD_GRAYSCALE)
    assert stored is not None
    assert shown is not None
    assert np.array_equal(shown, stored)


def test_nothing_outside_the_folder_is_shown(ann: Labeller, folder: Path) -> None:
    """No link that leads out, not even one that came later; and nothing by its name."""
    for number in range(1, 60):
        status, data = ann.ask("GET", f"/label/image/{number}")
        assert status in (200, 404, 422)
        assert OUTSIDE not in data
    for path in ("../secret.png", "%2e%2e%2fsecret.png", "42.png", "1.png", "0", "-1", "9" * 40):
        status, data = ann.ask("GET", f"/label/image/{path}")
        assert status in (404, 422), path
    image = folder / "7.png"
    kept = image.read_bytes()
    image.unlink()
    image.symlink_to(folder.parent / "secret.png")
    try:
        status, data = ann.ask("GET", "/label/image/7")
        assert (status, json.loads(data)["detail"]) == (422, "leads outside the folder")
    finally:
        image.unlink()
        image.write_bytes(kept)


def test_what_cannot_be_decoded_is_said_to_be_so(ann: Labeller) -> None:
    """So that the page can tell its visitor."""
    first = ann.lease(40)["new"]
    rest = ann.lease(40, [item["id"] for item in first])["new"]
    numbers = {item["name"]: item["id"] for item in first + rest}
    status, data = ann.ask("GET", f"/label/image/{numbers['41.png']}")
    assert (status, json.loads(data)["title"]) == (422, "Unprocessable Content")


def test_a_name_is_only_ever_text(ann: Labeller) -> None:
    """Characters that reorder a line are escaped; the page's own script puts it in as text."""
    items = ann.lease(40)["new"]
    items += ann.lease(40, [item["id"] for item in items])["new"]
    assert ODD.replace("‮", "\\u202e") in {item["name"] for item in items}


def test_a_label_that_is_acknowledged_is_in_the_figures(ann: Labeller) -> None:
    """And withdrawing it takes it out of them."""
    item = ann.lease(1)["new"][0]
    before = ann.lease(0, [item["id"]])["progress"]
    after = ann.say(item["id"], "123456", "figure-1", seconds=2.5)["progress"]
    assert (after["left"], after["labelled"]) == (before["left"] - 1, before["labelled"] + 1)
    assert after["seconds"] == 2.5
    assert ann.say(None, None, "figure-1")["progress"]["left"] == before["left"]


def test_a_page_that_is_loaded_again_knows_what_was_said(served: Served) -> None:
    """In the order it was said, the last word of each image."""
    bob = Labeller(served.url, "person-bob")
    first, second = bob.lease(2)["new"]
    for image, text in ((first, "11"), (second, None), (first, "12")):
        bob.say(image["id"], text)
    status, data = bob.ask("GET", "/label/history?session=person-bob")
    marks = [(mark["item"]["id"], mark["text"]) for mark in json.loads(data)["marks"]]
    assert (status, marks) == (200, [(second["id"], None), (first["id"], "12")])
    bob.close()


def test_two_who_differ_are_reviewed(served: Served) -> None:
    """The page shows both opinions, and a decision takes the image off it."""
    people = [Labeller(served.url, f"person-{name}") for name in ("cat", "dan")]
    given = [{item["id"] for item in person.lease(40)["new"]} for person in people]
    image = min(given[0] & given[1])
    people[0].say(image, "7q7q7q")
    assert people[1].say(image, "<8q8q>")["progress"]["disputed"] == 1
    page = people[0].ask("GET", "/label/review")[1].decode()
    assert "7q7q7q" in page
    assert "&lt;8q8q&gt;" in page
    assert people[0].say(image, "7q7q7q", final=True)["progress"]["disputed"] == 0
    for person in people:
        person.lease(0)
        person.close()


def test_two_at_once_get_no_image_twice_but_for_the_share(served: Served) -> None:
    """Of some forty images, about half are given to both."""
    people = [Labeller(served.url, f"person-{name}") for name in ("eve", "fay", "gus")]
    given = [{item["id"] for item in person.lease(40)["new"]} for person in people]
    assert given[0] & given[1]
    assert not given[0] <= given[1]
    assert not given[0] & given[1] & given[2]
    for person in people:
        person.lease(0)
        person.close()


@pytest.mark.parametrize(
    "body",
    [
        {"session": "labels.csv", "said": [{"key": "key-12345", "image": 1, "text": "a"}]},
        {"session": "person-ann", "said": []},
        {"session": "person-ann", "said": [{"key": "key-12345", "image": 0, "text": "a"}]},
        {"session": "person-ann", "said": [{"key": "key-12345", "image": 1, "text": "a" * 201}]},
        {"session": "person-ann", "said": [{"key": "key-12345", "image": 1, "file": "1.png"}]},
        {"session": "person-ann", "said": [{"key": "key-12345", "image": 1, "seconds": -1}]},
        [],
    ],
)
def test_what_no_page_sends_is_refused(ann: Labeller, body: object) -> None:
    """Before anything is stored."""
    assert ann.ask("POST", "/label/say", body)[0] == 422


@pytest.mark.parametrize(
    "said",
    [
        '"image": true',
        '"image": "1"',
        '"image": 1.0',
        '"image": 1, "final": 1',
        '"image": 1, "final": "true"',
        '"image": 1, "seconds": true',
        '"image": 1, "seconds": "2"',
        '"image": 1, "image": 2',
    ],
)
def test_values_are_of_the_types_they_should_be(ann: Labeller, said: str) -> None:
    """A truth is no number, and a text none either; a key that is there twice has no value."""
    data = f'{{"session": "{A}", "said": [{{"key": "key-12345", "text": "a", {said}}}]}}'
    assert ann.ask("POST", "/label/say", data.encode())[0] == 422
    assert not stored_by(ann)


@pytest.mark.parametrize(
    "data", ["{", '{"session": NaN}', "[" * 100_000, '{"a": 1%s}' % ("0" * 5000)]
)
def test_what_is_no_json_is_refused(ann: Labeller, data: str) -> None:
    """However deep, and however large its numbers."""
    assert ann.ask("POST", "/label/say", data.encode())[0] == 400


def test_tabs_that_are_long_gone_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that runs for months stays as large as it was."""
    monkeypatch.setattr(pages, "_TABS", 10)
    labelling = LabelSession(LabelSettings(fill(tmp_path / "captchas", 1), retrain=None))
    shown = pages._Pages(labelling)
    for number in range(50):
        shown.leave(pages.LeaveBody(session=f"person-{number:03}", page=1))
    assert list(shown._newest) == [f"person-{number:03}" for number in range(40, 50)]
    labelling.end()


def test_a_label_that_cannot_be_stored_is_named(ann: Labeller) -> None:
    """The page then offers its image again."""
    image = ann.lease(1)["new"][0]["id"]
    done = ann.say(image, "a\tb", "fault-key")["done"]
    assert done == [
        {
            "key": "fault-key",
            "fault": "a label with white space or a control character cannot be stored",
        }
    ]
    assert ann.say(999, "abc")["done"][0]["fault"] == "there is no such image"


def test_what_a_page_had_is_free_when_it_goes(served: Served) -> None:
    """All but what it says is not stored yet; what it asked for before comes too late."""
    ann, bob = Labeller(served.url, "person-leave-a"), Labeller(served.url, "person-leave-b")
    given = [item["id"] for item in ann.lease(40, page=7)["new"]]
    assert not ann.leave(7, given[:2])
    got = {item["id"] for item in bob.lease(40)["new"]}
    assert set(given[2:]) <= got
    assert ann.lease(40, page=7) == {"taken": True}
    assert "taken" not in ann.lease(0, page=8)
    for person in (ann, bob):
        person.lease(0, page=9)
        person.close()


def test_a_page_that_goes_takes_nothing_from_the_next_one(served: Served) -> None:
    """A tab went from one page to another, and the farewell of the first came late."""
    ann, bob = Labeller(served.url, "person-late-a"), Labeller(served.url, "person-late-b")
    ann.lease(5, page=7)
    given = {item["id"] for item in ann.lease(40, page=8)["new"]}
    ann.leave(7)
    held = ann.lease(0, sorted(given), page=8)
    assert held["lost"] == []
    assert ann.lease(1, page=7) == {"taken": True}
    for person in (ann, bob):
        person.lease(0, page=9)
        person.close()


def test_guesses_are_of_the_model_in_use_and_renewed_for_another(ann: Labeller) -> None:
    """A page is given those of what it holds again, unless it has them."""
    given = ann.lease(3)
    held = [item["id"] for item in given["new"]]
    assert given["model"] == given["progress"]["model"]
    assert ann.lease(0, held, model=given["model"])["again"] == []
    again = ann.lease(0, held, model="another")["again"]
    assert again == given["new"]


@pytest.mark.parametrize(
    ("charset", "length", "said"),
    [("9-0", "", "charset: 9-0 is a range backwards"), ("", "many", "length: is no length: many")],
)
def test_what_no_text_can_be_is_refused(
    ann: Labeller, charset: str, length: str, said: str
) -> None:
    """And what was told before stays."""
    told = {"session": ann.session, "charset": charset, "length": length}
    status, data = ann.ask("POST", "/label/texts", told)
    assert (status, said in json.loads(data)["detail"]) == (422, True)
    progress = ann.lease(0)["progress"]
    assert progress["texts"] == {"charset": "", "length": "", "why": ""}
    assert progress["guesser"] == "metu-glyphs"

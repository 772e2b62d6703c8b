"""Answers that stand beside the picture, and folders that have none."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("filelock")

from captchascope.audit.figures import Leak, Leaks
from captchascope.audit.leaks.search import measure_leaks
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.audit.subject import folder_subject
from captchascope.collect.kept import COLLECTED, PAGES, Exchange, Header, KeptPage
from captchascope.data.dataset import read_dataset
from captchascope.data.labels import write_labels
from captchascope.generate import write_folder
from captchascope.records import Sample, build

COUNT = 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Draw some captchas, labelled in a file."""
    write_folder("metu", tmp_path / "captchas", COUNT, 1)
    return tmp_path / "captchas"


def measured(folder: Path, pages: Path | None = None, **subject: Any) -> Leaks:
    """Measure a folder, and check that what was found can be stored."""
    setting = Setting(folder_subject(folder, 0, **subject), folder.parent, pages=pages)
    leaks = measure_leaks(setting)
    assert measure_leaks(setting) == leaks
    return leaks


def samples(folder: Path) -> tuple[Sample, ...]:
    """Return the labelled images."""
    return read_dataset(folder).samples


def only(leaks: Leaks) -> Leak:
    """Return the one leak."""
    (leak,) = leaks.leaks
    return leak


def test_a_folder_without_leaks(folder: Path) -> None:
    """It says where it looked, and where it could not."""
    leaks = measured(folder)
    assert leaks.leaks == ()
    assert any("metadata of 16 image files" in place for place in leaks.looked_at)
    assert any("--keep-pages" in place for place in leaks.not_looked_at)


def comment(sample: Sample) -> None:
    """Save an image with its answer in a comment."""
    Image.open(sample.path).save(sample.path, comment=f"text={sample.label}")


def tail(sample: Sample) -> None:
    """Write the hash of the answer behind an image."""
    digest = hashlib.md5(sample.label.encode()).hexdigest()
    sample.path.write_bytes(sample.path.read_bytes() + digest.encode())


@pytest.mark.parametrize(
    ("plant", "what", "example"),
    [
        (comment, "the JPEG comment", "text={}"),
        (tail, "bytes after the end of the image, as its MD5", "({} as its MD5)"),
    ],
)
@pytest.mark.parametrize("unlabelled", [False, True])
def test_an_answer_in_the_file(
    folder: Path, plant: Callable[[Sample], None], what: str, example: str, unlabelled: bool
) -> None:
    """It is found by the labels, and without any by what can be read surely."""
    for sample in samples(folder):
        plant(sample)
    leaks = measured(folder, unlabelled=unlabelled)
    leak = only(leaks)
    assert (leak.where, leak.what) == ("metadata", what)
    assert leak.found.hits == leak.found.total > 5
    assert leak.by_chance < 0.1
    assert any(example.format(sample.label) in leak.example for sample in samples(folder))
    assert any("no labels" in place for place in leaks.looked_at) is unlabelled


def renamed(folder: Path) -> None:
    """Call each image as its answer."""
    found = samples(folder)
    for sample in found:
        sample.path.rename(folder / f"{sample.label}{sample.path.suffix}")
    named = [f"{sample.label}{sample.path.suffix}" for sample in found]
    write_labels(
        folder, [Sample(n, s.label, folder / n) for n, s in zip(named, found, strict=True)]
    )


def test_an_answer_in_the_name(folder: Path) -> None:
    """It is a leak where a file labels the images, and a label where none does."""
    renamed(folder)
    leak = only(measured(folder))
    assert (leak.where, leak.what, leak.found.hits) == ("file name", "the name of the file", COUNT)
    for path in folder.glob("labels.*"):
        path.unlink()
    leaks = measured(folder)
    assert leaks.leaks == ()
    assert any("the labels are taken from them" in place for place in leaks.not_looked_at)


def collected(folder: Path, url: str) -> None:
    """Write the table of a collection, whose images came from this address."""
    with (folder / COLLECTED).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "url", "time", "sha256", "status", "authorised"])
        for sample in samples(folder):
            digest = hashlib.sha256(sample.path.read_bytes()).hexdigest()
            table.writerow([sample.file, url.format(sample.label), "", digest, "200", ""])


def test_an_answer_in_the_address(folder: Path) -> None:
    """What the images are called here does not matter."""
    collected(folder, "http://127.0.0.1/captcha?text={}&k=1")
    leak = only(measured(folder))
    assert (leak.where, leak.what) == ("file name", "the address of the image")
    assert "captcha?text=" in leak.example


def test_a_collection_that_nobody_has_labelled(folder: Path) -> None:
    """Its table is no table of labels."""
    collected(folder, "http://127.0.0.1/captcha?text={}")
    for path in folder.glob("labels.*"):
        path.unlink()
    leaks = measured(folder)
    assert only(leaks).what == "the address of the image"
    assert any("no labels" in place for place in leaks.looked_at)


def keep(folder: Path, make: Callable[[str, int], Exchange]) -> None:
    """Keep a page with each image."""
    collected(folder, "http://127.0.0.1/captcha.jpeg")
    (folder / PAGES).mkdir()
    for number, sample in enumerate(samples(folder)):
        digest = hashlib.sha256(sample.path.read_bytes()).hexdigest()
        page = KeptPage(sample.file, digest, (make(sample.label, number),))
        (folder / PAGES / f"{sample.path.stem}.json").write_bytes(page.to_json())


def html(body: str) -> Exchange:
    """Return a page."""
    return Exchange("page", "http://127.0.0.1/", 200, (Header("Content-Type", "text/html"),), body)


SERVED: dict[str, Callable[[str, int], Exchange]] = {
    "the header X-Answer of the page": lambda text, _: Exchange(
        "page", "http://127.0.0.1/", 200, (Header("X-Answer", text),)
    ),
    "the cookie captcha of the image": lambda text, _: Exchange(
        "image", "http://127.0.0.1/", 200, (Header("Set-Cookie", f"captcha={text[::-1]}; Path=/"),)
    ),
    "the address of the redirect": lambda text, _: Exchange(
        "redirect", f"http://127.0.0.1/c/{text}.png", 302
    ),
    "the hidden field expected of the page": lambda text, _: html(
        f"<p>1 2 3<input type=hidden name='expected' value='{text}'></p>"
    ),
    "the attribute alt of <img> of the page": lambda text, _: html(f'<img ALT="{text}" src="/c">'),
    "the attribute data-text of <b c> of the page": lambda text, _: html(
        f'<b id="c" data-text="{text}">'
    ),
    "a comment of the page": lambda text, _: html(f"<p>Hello<!-- answer: {text} --></p>"),
    "a script of the page": lambda text, _: html(f"<script>check('{text}' < 3)</script>"),
    "the text of the page": lambda text, _: html("".join(f"<b>{char}</b>\n" for char in text)),
    "the field data.items[].text of the page": lambda text, _: html(
        json.dumps({"data": {"n": 7, "items": [{"text": text, "img": "x" * 300}]}})
    ),
    "the source of the page": lambda text, n: html(f"<i n{n}='{text}'>{'7' * 40}</i>"),
}


@pytest.mark.parametrize("what", SERVED)
def test_an_answer_in_what_the_site_sends(folder: Path, what: str) -> None:
    """Each place is told by its name, once."""
    keep(folder, SERVED[what])
    leak = only(measured(folder))
    assert leak.what.removesuffix(", backwards") == what
    assert leak.found.hits == leak.found.total == COUNT


def test_the_result_of_a_sum(folder: Path) -> None:
    """It is what is to be typed, not what is to be read."""
    found = samples(folder)
    write_labels(folder, [Sample(s.file, f"{n}+57=?", s.path) for n, s in enumerate(found, 31)])
    keep(folder, lambda text, _: html(f"<b data-result={int(text[:2]) + 57}>"))
    what = only(measured(folder)).what
    assert what == "the attribute data-result of <b> of the page, as the result of the sum"


def test_pages_of_a_folder_that_is_named(folder: Path, tmp_path: Path) -> None:
    """The images are known by their bytes, whatever they are called elsewhere."""
    keep(folder, SERVED["a comment of the page"])
    moved = tmp_path / "moved"
    moved.mkdir()
    for sample in samples(folder):
        (moved / f"{sample.label}.jpeg").write_bytes(sample.path.read_bytes())
    assert only(measured(moved, folder)).what == "a comment of the page"
    assert only(measured(moved, folder / PAGES)).what == "a comment of the page"
    assert measured(moved).leaks == ()


def test_pages_that_are_damaged(folder: Path, tmp_path: Path) -> None:
    """No JSON, another image's page, links elsewhere, endless nesting: they do not count."""
    keep(folder, SERVED["a comment of the page"])
    good = sorted((folder / PAGES).iterdir())
    page = good[0].read_bytes()
    for path, data in zip(good, (b"", b"\xff\0", b"[" * 99_999, b"{}", page, page), strict=False):
        path.write_bytes(data)
    outside = tmp_path / "outside.json"
    good[6].rename(outside)
    good[6].symlink_to(outside)
    leaks = measured(folder)
    assert only(leaks).found.total == COUNT - 7
    assert any(f"came with {COUNT - 7} images" in place for place in leaks.looked_at)


def test_pages_of_anything(folder: Path) -> None:
    """Binary data, large ones, and thousands of names are looked at as far as it goes."""
    odd = [
        "\0\x1b\ud7ff" * 9000,
        "<" * 300_000,
        "<a b='" * 50_000,
        "".join(f"<i a{number}={number}>" for number in range(20_000)),
        '{"a":' * 5000 + "1" + "}" * 5000,
        f"<img src='data:image/png;base64,{'A' * 400_000}'>",
    ]
    keep(folder, lambda text, number: html(odd[number % len(odd)]))
    assert measured(folder).leaks == ()


def drawing(text: str) -> bytes:
    """Return a drawing that holds its text as text."""
    return f"<svg xmlns='http://www.w3.org/2000/svg'><text>{text}</text></svg>".encode()


def test_drawings_that_hold_their_text(tmp_path: Path) -> None:
    """Nobody need know an answer to see it."""
    for number in range(8):
        (tmp_path / f"{number}.svg").write_bytes(drawing(f"K7W{number}"))
    leak = only(measured(tmp_path))
    assert (leak.where, leak.found.hits, leak.example) == ("SVG text", 8, "K7W0")


def test_images_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    """Nothing, noise, and a link out of the folder; where all are so, it says what to do."""
    for path, data in zip(
        sorted(folder.glob("*.jpeg")), (b"", b"\xff\xd8\xff", b"x"), strict=False
    ):
        path.write_bytes(data)
    assert measured(folder).leaks == ()
    for path in folder.glob("*.jpeg"):
        path.write_bytes(b"\xff\xd8" + b"\0" * 40)
    with pytest.raises(UnmeasuredError, match="label some images"):
        measured(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """What lies elsewhere is nobody's business here."""
    for sample in samples(folder):
        comment(sample)
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.mkdir()
    for path in elsewhere.glob("*.jpeg"):
        (folder / path.name).symlink_to(path)
    with pytest.raises(UnmeasuredError, match="no answer is known"):
        measured(folder, unlabelled=True)


def test_one_image(folder: Path) -> None:
    """It is enough where the answer stands alone."""
    first, *rest = samples(folder)
    for sample in rest:
        sample.path.unlink()
    write_labels(folder, [first])
    assert measured(folder).leaks == ()
    comment(first)
    assert only(measured(folder)).what == "the JPEG comment"


def test_labels_that_are_all_wrong(folder: Path) -> None:
    """By them nothing leaks."""
    found = samples(folder)
    for sample in found:
        comment(sample)
    labels = [sample.label for sample in found[1:]] + [found[0].label]
    write_labels(
        folder, [Sample(s.file, label, s.path) for s, label in zip(found, labels, strict=True)]
    )
    assert measured(folder).leaks == ()


def test_answers_that_are_all_the_same(folder: Path) -> None:
    """It is said that chance cannot be told from them."""
    write_labels(folder, [Sample(s.file, "7777", s.path) for s in samples(folder)])
    leaks = measured(folder)
    assert leaks.leaks == ()
    assert any("have the same one" in place for place in leaks.not_looked_at)


def test_a_scheme_that_is_drawn(tmp_path: Path) -> None:
    """It has no site, and says so; the record can be stored."""
    write_folder("metu", tmp_path / "drawn", 6, 1)
    subject = replace(folder_subject(tmp_path / "drawn", 0), scheme="metu")
    leaks = measure_leaks(Setting(subject, tmp_path))
    assert any("a scheme that is drawn has none" in place for place in leaks.not_looked_at)
    assert build(Leaks, asdict(leaks)) == leaks

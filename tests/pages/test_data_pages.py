"""The pages on captchas and labels: where they come from, and what becomes of many."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import shutil
from itertools import count
from pathlib import Path

import cv2
import pytest

pytest.importorskip("fastapi", reason="needs the extra 'collect'")

from captchascope.generate import draw_captcha
from collect.sites import Answer, serve
from pages.making import without
from pages.walk import Walker, walking

FIRST = 92
"""The number of the captcha that reads 226md, drawn with the characters of this text."""


def labelled(walker: Walker) -> None:
    """Draw captchas that are called as they read, and sixty others with a table and an export."""
    named = walker.place / "captchas"
    named.mkdir()
    for number in range(1, 31):
        one = draw_captcha("metu", 1, number)
        (named / f"{one.label}.jpeg").write_bytes(one.jpeg())
    folder = walker.place / "images"
    folder.mkdir()
    rows = []
    for number in range(60):
        one = draw_captcha("plain", 1, FIRST + number, {"charset": "226md", "length": (5, 5)})
        name = f"{number + 1}.png"
        cv2.imwrite(str(folder / name), cv2.cvtColor(one.image, cv2.COLOR_RGB2BGR))
        rows.append((name, one.label))
    with (walker.place / "people.tsv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([("image", "text"), *rows])
    exported = walker.place / "Downloads" / "project-1.json"
    exported.parent.mkdir()
    exported.write_text(json.dumps([task(*row) for row in rows]), encoding="utf-8")


def task(name: str, text: str) -> dict[str, object]:
    """Return a task of Label Studio as it exports one that somebody has labelled."""
    area = {"from_name": "label", "to_name": "image", "type": "textarea", "value": {"text": [text]}}
    data = {"image": f"/data/upload/1/0123abcd-{name}"}
    return {"data": data, "annotations": [{"result": [area], "was_cancelled": False}]}


def answered(walker: Walker) -> None:
    """Put images there as a site has served them, with its own answers."""
    shutil.rmtree(walker.place / "captchas")
    folder = walker.place / "collected"
    folder.mkdir()
    with (walker.place / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        answers = csv.writer(file)
        answers.writerow(("sha256", "label"))
        for number in range(1, 13):
            one = draw_captcha("metu", 2, number)
            (folder / f"{number}.jpeg").write_bytes(one.jpeg())
            answers.writerow((hashlib.sha256(one.jpeg()).hexdigest(), one.label))


def test_labels(tmp_path: Path) -> None:
    """Labels in names, an export, a table; and a site's own answers."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    before = {
        "": labelled,
        "captchascope convert images": without("captchas"),
        "captchascope convert collected": answered,
    }
    with walking(tmp_path) as walker:
        walker.walk("labels.md", before)


def answering(path: str) -> Answer:
    """Answer as an API does that gives an image in JSON: another one at each request."""
    if path == "/robots.txt":
        return Answer(status=404)
    image = draw_captcha("metu", 3, next(NUMBERS)).jpeg()
    return Answer(json.dumps({"data": {"img": base64.b64encode(image).decode()}}).encode())


NUMBERS = count(1)


def with_api(walker: Walker) -> None:
    """Start a site with an API, in the place of the practice site, and begin anew."""
    without("captchas")(walker)
    site = walker.stack.enter_context(serve(answering))
    walker.ended(8080)
    walker.ports[8080] = int(site.root.rpartition(":")[2])


def with_site(walker: Walker) -> None:
    """Start the practice site again, and begin anew."""
    without("captchas")(walker)
    walker.served("captchascope practice-site", 8080, "")


def test_collecting(tmp_path: Path) -> None:
    """From the practice site: images, pages, pages drawn by a script, and answers in JSON."""
    pytest.importorskip("playwright", reason="needs the extra 'browser'")
    collect = "captchascope collect http://127.0.0.1:8080/"
    before = {
        f"{collect} captchas --count 300 --selector '#captcha'": without("captchas"),
        f"{collect} captchas --count 300 --selector '#captcha' --browser": without("captchas"),
        f"{collect}api": with_api,
        f"{collect} captchas --count 300 --selector '#captcha' --keep-pages": with_site,
        "captchascope practice-site --answers": without("captchas"),
    }
    with walking(tmp_path) as walker:
        walker.walk("collecting.md", before)


def shards(walker: Walker) -> None:
    """Write two Parquet files of ten thousand rows, of which some are as the page tells."""
    import pyarrow as pa
    from pyarrow import parquet

    drawn = [draw_captcha("metu", 1, number).jpeg() for number in range(1, 101)]
    wrong: list[bytes | None] = [drawn[0][:200], bytes(range(128, 256)), b"", None]
    images = [*(drawn * 99)[: 10_000 - 100], *wrong * 25]
    (walker.place / "captchas").mkdir()
    for name in ("a", "b"):
        table = pa.table({"image": pa.array(images, pa.binary())})
        parquet.write_table(table, walker.place / "captchas" / f"{name}.parquet")


def store(walker: Walker) -> None:
    """Start a store that has the captchas, which Python knows as ``STORE``."""
    from bulk.s3 import Bucket, s3_server

    without("readings")(walker)
    endpoint = walker.stack.enter_context(s3_server())
    bucket = Bucket(endpoint, "bucket")
    bucket.files.create_dir("bucket")
    for number in range(1, 13):
        bucket.put(f"captchas/{number}.jpeg", draw_captcha("metu", 1, number).jpeg())
    walker.names["STORE"] = bucket.options


def test_scale(tmp_path: Path) -> None:
    """Twenty thousand rows, and a store."""
    for module in ("pyarrow", "moto", "filelock"):
        pytest.importorskip(module, reason="needs the extra 'bulk' and the group 'dev'")
    with walking(tmp_path) as walker:
        walker.walk("scale.md", {"": shards, "import captchascope": store})

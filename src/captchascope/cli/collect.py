"""captchascope collect: images of captchas from a page, numbered and counted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import PATH, common
from captchascope.cli.output import Console, need
from captchascope.files import printable


@click.command("collect")
@click.argument("url")
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--count", type=int, required=True, metavar="N", help="How many images in the end.")
@click.option("--selector", metavar="CSS", help="URL is a page: the element with the image.")
@click.option(
    "--json-field",
    metavar="PATH",
    help="URL answers in JSON: the field with the image, such as data.img.",
)
@click.option("--browser", is_flag=True, help="Load the page in an installed Chromium.")
@click.option(
    "--refresh-selector",
    metavar="CSS",
    help="What to click for another image, instead of loading the page anew.",
)
@click.option(
    "--delay",
    type=float,
    default=0.0,
    metavar="SECONDS",
    help="Between two requests; at least 1 off this machine.",
)
@click.option(
    "--authorised",
    default="",
    show_default=False,
    metavar="WHO",
    help="Who allowed it; kept in the table.",
)
@click.option(
    "--keep-pages",
    is_flag=True,
    help="Keep what the site answers for each image, for audit: headers, cookies, page.",
)
@common
def collect_command(
    console: Console, folder: Path, count: int, browser: bool, **further: Any
) -> None:
    """Collect captcha images into DIR: 1.png to N.png, and collected.csv.

    URL is an image, a page that shows one at --selector, or an API whose answer holds one at
    --json-field, in base64, as a data URI or as a link. Images are only looked at: no form is
    filled, no answer submitted. robots.txt is obeyed. This machine may be asked at once; for any
    other, say with --authorised who allowed you to. Given again, the command goes on where it was.

    \b
    Examples:
      captchascope collect http://127.0.0.1:8765/captcha captchas --count 300
      captchascope collect http://127.0.0.1:8765/ captchas --count 300 --selector img#captcha
      captchascope collect http://127.0.0.1:8765/api captchas --count 300 --json-field data.img
      captchascope collect http://127.0.0.1:8765/ captchas --count 300 --selector img#captcha \\
        --keep-pages
      captchascope collect https://test.example.org/ captchas --count 300 --selector img#captcha \\
        --authorised "Ada Lovelace, registrar, 3 May"
    """
    need("collect", "collect")
    if browser:
        need("browser", "collect --browser")
    from captchascope.collect.run import CollectRequest, Counts, collect_images

    request = CollectRequest(folder=folder, count=count, browser=browser, **further)
    request.checked()
    counts = Counts()
    begun = time.monotonic()
    try:
        with console.progress("collecting", count) as progress:

            def progressed(counts: Counts) -> None:
                rate = counts.new / max(time.monotonic() - begun, 0.001)
                progress(counts.already + counts.new, f"collecting, {rate:.1f}/s")

            collect_images(request, counts, progressed)
    finally:
        if counts != Counts():
            console.note(
                f"{counts.already + counts.new} images in {printable(folder)}: {counts.new} new, "
                f"{counts.already} already there, {counts.repeats} repeats skipped, "
                f"{counts.refused} refused as no image, {counts.retries} retries"
            )

"""captchascope practice-site: a registration page on this machine, to collect captchas from."""

from __future__ import annotations

from typing import Any

import click

from captchascope.cli.options import GENERATED, PATH, common, parse_duration
from captchascope.cli.output import Console, need
from captchascope.cli.serve import announced, listens_on


@click.command("practice-site")
@listens_on(8080)
@click.option(
    "--scheme",
    default="metu",
    metavar="S",
    shell_complete=GENERATED,
    help="What is drawn: one that captchascope schemes lists as generated.",
)
@click.option("--seed", type=int, default=0, metavar="S", help="Of images and faults.")
@click.option(
    "--answers",
    metavar="FILE",
    type=PATH,
    help="Add a row sha256,label to FILE for every whole image, before it is sent.",
)
@click.option("--javascript", is_flag=True, help="Show and change the image by a script alone.")
@click.option(
    "--rate-limit",
    type=click.IntRange(1),
    metavar="N",
    help="Answer 429 beyond N pages and images in a second.",
)
@click.option("--delay", type=parse_duration, metavar="TIME", help="Answer late: 0.5, 2s.")
@click.option(
    "--faults",
    default="",
    show_default=False,
    metavar="KIND=SHARE%,...",
    help="Spoil that share of the images: 503, 429 (both with a page), truncated (every other one "
    "breaks the connection off), html (a page as if all were well), redirect (to elsewhere on "
    "this site); or give its answer away: leak-header, leak-cookie, leak-page, leak-name.",
)
@click.option(
    "--retry-after",
    type=click.IntRange(0),
    default=1,
    metavar="SECONDS",
    help="What the 429 of --faults asks for.",
)
@click.option(
    "--robots",
    type=click.Choice(["allow", "disallow"]),
    default="allow",
    help="What robots.txt says of the whole site.",
)
@common
def practice_site_command(
    console: Console, port: int, delay: float | None, faults: str, robots: str, **further: Any
) -> None:
    """Serve a made-up course registration page with captchas, to this machine alone.

    The page is at /, the image at /captcha.jpeg: every request for it gives the next one, the n-th
    being image n of captchascope generate with the same seed. The same seed spoils the same ones.
    Ctrl-C ends it; -v tells of every request.

    \b
    Examples:
      captchascope practice-site --answers answers.csv
      captchascope practice-site --scheme wavy --javascript --port 0
      captchascope practice-site --faults 503=10%,truncated=5%,html=5%,429=5% --delay 0.2
      captchascope practice-site --faults leak-page=100%
    """
    need("collect", "practice-site")
    from captchascope.practice.server import serve_site
    from captchascope.practice.site import Faults, SiteSettings

    settings = SiteSettings(
        delay=delay or 0.0, faults=Faults.parse(faults), robots=robots == "allow", **further
    )
    serve_site(
        settings, port, announced(console, "listening on"), lambda line: console.note(line, 1)
    )

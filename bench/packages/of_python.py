"""Draw captchas with Python packages that many sites use, for schemes.py.

    python of_python.py PACKAGE DIR COUNT SEED

Runs in an environment of its own, as django-simple-captcha takes the name of the package captcha.
Writes the images and a labels.csv with the columns file and label.
"""

from __future__ import annotations

import csv
import random
import string
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

Save = Callable[[str], object]
"""Writes an image into the file that is named."""


def multicolor() -> Iterator[tuple[str, Save]]:
    """Yield four digits, each in a face and colour of its own, 640x360."""
    generator = import_module("multicolorcaptcha").CaptchaGenerator(2)
    while True:
        drawn = generator.gen_captcha_image()
        yield drawn.characters, drawn.image.convert("RGB").save


def multicolor_sums() -> Iterator[tuple[str, Save]]:
    """Yield sums of two numbers below a hundred, 640x360."""
    generator = import_module("multicolorcaptcha").CaptchaGenerator(2)
    while True:
        drawn = generator.gen_math_captcha_image()
        yield drawn.equation_str, drawn.image.convert("RGB").save


def claptcha() -> Iterator[tuple[str, Save]]:
    """Yield six capitals, bent and struck through, 200x80."""
    face: Any = import_module("PIL.ImageFont").FreeTypeFont
    # It calls what Pillow dropped in version 10.
    face.getsize = lambda self, text: self.getbbox(text)[2:]
    claptcha_of = import_module("claptcha").Claptcha
    while True:
        text = "".join(random.choices(string.ascii_uppercase, k=6))
        yield text, claptcha_of(text, _FONT).write


def django() -> Iterator[tuple[str, Save]]:
    """Yield four capitals as django-simple-captcha draws them when nothing is set."""
    conf = import_module("django.conf").settings
    memory = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    conf.configure(INSTALLED_APPS=["captcha"], DATABASES=memory, USE_TZ=True)
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    store, views = import_module("captcha.models").CaptchaStore, import_module("captcha.views")
    while True:
        key = store.generate_key()
        data = views.captcha_image(None, key, scale=1).content
        yield store.objects.get(hashkey=key).challenge, _writing(data)


def _writing(data: bytes) -> Save:
    return lambda file: Path(file).write_bytes(data)


PACKAGES: dict[str, Callable[[], Iterator[tuple[str, Save]]]] = {
    "multicolor": multicolor,
    "multicolor-sums": multicolor_sums,
    "claptcha": claptcha,
    "django": django,
}


def main(package: str, folder: str, count: str, seed: str) -> None:
    """Draw them."""
    random.seed(f"{seed} {package}")  # where all of them take their chance from
    drawn = PACKAGES[package]()
    with Path(folder, "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label"])
        for number in range(1, int(count) + 1):
            label, save = next(drawn)
            save(str(Path(folder, f"{number}.png")))
            rows.writerow([f"{number}.png", label])


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Schemes to read without a label, made once and kept in build/bench/schemes.

    python bench/schemes.py [SCHEME...]

The shared sets of CAPTCHASCOPE_DATA; the packages `captcha` and `wheezy.captcha`; METU by the
project's own generator, by another (independent_metu.py), and the four real ones; and packages in
four languages that many sites use, each with the settings that it has when nothing is said. Those
stand in for the schemes that nobody has shown us: nothing is ever trained on any of them.
`make packages` installs what draws them.
"""

from __future__ import annotations

import shutil
import string
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from captchascope.atomic import atomic_folder
from captchascope.data.dataset import read_dataset
from captchascope.records import Sample
from independent_metu import MissingFacesError, independent
from sets import (
    ALL,
    CLEAR,
    DIGITS,
    PLACE,
    MissingSetError,
    Row,
    captcha,
    drawn,
    real,
    wheezy,
    write_rows,
)

_HERE = Path(__file__).parent
_PACKAGES = _HERE / "packages"
_ENVIRONMENT = _HERE.parent / ".venv-packages"
_SEED, _METU_SEED, _INDEPENDENT_SEED = 990_009, 990_005, 990_008  # nothing is trained on them
_LETTERS = ALL + string.ascii_lowercase
_SIX = "0123456789aeu"

SHARED = ("henan4", "cloud4", "pablo_six", "pablo_big6", "math_plus")
"""Those of CAPTCHASCOPE_DATA, over which the time of an image is taken."""

Fill = Callable[[Path, int], None]
"""Writes so many images, or as many as there are, and a labels.csv into a folder."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme, and what a reader may be told of its texts.

    Attributes:
        title: What it is, in a few words.
        charset: The characters that occur.
        length: How many there are in an image, such as 4 or 3-5, as ``--length`` takes it.
        fill: Makes the images.
        count: How many are read where nothing else is said.
    """

    title: str
    charset: str
    length: str
    fill: Fill
    count: int


def samples_of(name: str, count: int | None = None) -> list[Sample]:
    """Return the first images of a scheme, having made them if need be.

    Args:
        name: In ``SCHEMES``.
        count: How many at most; None for as many as the scheme says.
    Raises:
        MissingSetError: If what draws them, or the images, are not here.
    """
    scheme = SCHEMES[name]
    folder = PLACE / "schemes" / name
    if not folder.exists():
        with atomic_folder(folder) as place:
            scheme.fill(place, scheme.count)
    return list(read_dataset(folder).samples[:count])


def readable(names: Iterable[str], count: int | None = None) -> dict[str, list[Sample]]:
    """Return the images of the schemes that are here; say of the others why they are not."""
    found = {}
    for name in names:
        try:
            found[name] = samples_of(name, count)
        except MissingSetError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def _drawn_here(rows: Callable[[int], Iterable[Row]], folder: Path, count: int) -> None:
    write_rows(folder, rows(count))


def _shared(name: str) -> Fill:
    return partial(_drawn_here, lambda _: real(name))


def _independent(count: int) -> Iterable[Row]:
    try:
        for each in independent(_INDEPENDENT_SEED, count):
            yield Row(each.data, ".jpeg", each.label)
    except MissingFacesError as error:
        raise MissingSetError(str(error)) from None


def _package(language: str, name: str, folder: Path, count: int) -> None:
    """Let a package draw in its own language."""
    suffix = {"python": "py", "node": "cjs", "php": "php", "perl": "pl"}[language]
    program = shutil.which(language)
    if language == "python":
        program = str(_ENVIRONMENT / "bin" / "python")
    if program is None:
        raise MissingSetError(f"there is no {language}")
    command = [program, str(_PACKAGES / f"of_{language}.{suffix}"), name, str(folder), str(count)]
    command.append(str(_SEED))
    if language == "node":
        command.append(str(_ENVIRONMENT / "node_modules"))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingSetError("it needs make packages") from None
    if done.returncode or not (folder / "labels.csv").exists():
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise MissingSetError(f"it needs make packages; {language} says {said}")


def _of_package(title: str, charset: str, length: str, language: str, name: str) -> Scheme:
    return Scheme(title, charset, length, partial(_package, language, name), 300)


GENERATORS = {
    "captcha": Scheme(
        "PyPI captcha", CLEAR, "4", partial(_drawn_here, partial(captcha, CLEAR)), 1000
    ),
    "wheezy": Scheme("PyPI wheezy.captcha", CLEAR, "4", partial(_drawn_here, wheezy), 1000),
}
"""The two packages of which a thousand are read."""

PACKAGES = {
    "multicolor": _of_package("PyPI multicolorcaptcha", DIGITS, "4", "python", "multicolor"),
    "multicolor-sums": _of_package(
        "PyPI multicolorcaptcha, sums", f"{DIGITS}+-", "5", "python", "multicolor-sums"
    ),
    "claptcha": _of_package("PyPI claptcha", string.ascii_uppercase, "6", "python", "claptcha"),
    "django": _of_package(
        "PyPI django-simple-captcha", string.ascii_uppercase, "4", "python", "django"
    ),
    "svg": _of_package("npm svg-captcha", _LETTERS, "4", "node", "svg"),
    "trek": _of_package("npm trek-captcha, GIF", string.ascii_lowercase, "5", "node", "trek"),
    "canvas": _of_package("npm captcha-canvas", f"{DIGITS}ABCDEF", "6", "node", "canvas"),
    "gregwar": _of_package("PHP gregwar/captcha", _LETTERS, "5", "php", "gregwar"),
    "securityimage": _of_package("Perl GD::SecurityImage", DIGITS, "6", "perl", "securityimage"),
}
"""Packages that many sites use, in the place of schemes that nobody has shown us."""

SCHEMES = {
    "henan4": Scheme("real, four digits, 70x30", DIGITS, "4", _shared("henan4"), 1500),
    "cloud4": Scheme("real, four dotted digits, 240x80", DIGITS, "4", _shared("cloud4"), 1500),
    "pablo_six": Scheme("six digits, 200x80, colours", DIGITS, "6", _shared("pablo_six"), 350),
    "pablo_big6": Scheme("six of 0-9aeu, 400x160", _SIX, "6", _shared("pablo_big6"), 300),
    "math_plus": Scheme("sums, 155x30", f"{DIGITS}+", "3-5", _shared("math_plus"), 350),
    **GENERATORS,
    **PACKAGES,
    "metu": Scheme(
        "METU, our generator",
        DIGITS,
        "6",
        partial(_drawn_here, partial(drawn, _METU_SEED)),
        20_000,
    ),
    "independent": Scheme(
        "METU by a second hand", DIGITS, "6", partial(_drawn_here, _independent), 2000
    ),
    "metu-real": Scheme("METU, real", DIGITS, "6", _shared("metu-real"), 4),
}
"""All of them."""


if __name__ == "__main__":
    for chosen, images in readable(sys.argv[1:] or SCHEMES).items():
        print(f"{images[0].path.parent}\t{len(images)}\t{SCHEMES[chosen].title}")

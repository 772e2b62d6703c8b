"""What the pages presume: folders of captchas, with labels or without, and files of them."""

from __future__ import annotations

import shutil

from captchascope.generate import write_folder
from pages.walk import Prepare, Walker
from shown import ROOT


def captchas(
    folder: str = "captchas",
    scheme: str = "metu",
    count: int = 12,
    labelled: bool = True,
    **knobs: object,
) -> Prepare:
    """Return what draws captchas into a folder, in the place of what is there."""

    def prepare(walker: Walker) -> None:
        there = walker.place / folder
        shutil.rmtree(there, ignore_errors=True)
        write_folder(scheme, there, count, 1, knobs=knobs or None)
        for name in () if labelled else ("labels.csv", "labels.txt"):
            (there / name).unlink()

    return prepare


def both(*prepared: Prepare) -> Prepare:
    """Return what does several of these."""

    def prepare(walker: Walker) -> None:
        for each in prepared:
            each(walker)

    return prepare


def examples(walker: Walker) -> None:
    """Copy the project's examples."""
    shutil.copytree(ROOT / "examples", walker.place / "examples")


def without(name: str) -> Prepare:
    """Return what takes a folder away."""
    return lambda walker: shutil.rmtree(walker.place / name)

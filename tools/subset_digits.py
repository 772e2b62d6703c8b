"""Cut the digits out of Arimo and rename the result, as the Open Font License asks.

Arimo's 1 stands on a foot, which the captchas' 1 does not: it gets a plain stem and a flag.

    python tools/subset_digits.py Arimo-Regular.ttf captchascope-digits.ttf

Arimo's regular face comes from Debian's package ``fonts-croscore``; fonttools comes with the
dependency group ``dev``. The result lives in ``src/captchascope/generate/fonts``.
"""

from __future__ import annotations

import argparse

from fontTools import subset, ttLib
from fontTools.pens.ttGlyphPen import TTGlyphPen

FAMILY = "Captchascope Digits"
LICENCE = (
    "This Font Software is licensed under the SIL Open Font License, Version 1.1. "
    "It holds the digits of Arimo, the 1 redrawn."
)
FAMILY_ID, STYLE_ID, UNIQUE_ID, FULL_NAME_ID, VERSION_ID, POSTSCRIPT_ID, LICENCE_ID = (
    1, 2, 3, 4, 5, 6, 13,
)  # fmt: skip
COPYRIGHT_ID, LICENCE_URL_ID = 0, 14

FOOTLESS_ONE = (
    (575, 0), (575, 1105), (410, 1010), (225, 940), (225, 1105), (430, 1195), (560, 1300),
    (640, 1409), (755, 1409), (755, 0),
)  # fmt: skip


def rename(font: ttLib.TTFont) -> None:
    """Replace every name that would still say Arimo; the copyright line stays."""
    names = {
        FAMILY_ID: FAMILY,
        STYLE_ID: "Regular",
        UNIQUE_ID: f"{FAMILY} Regular 1.0",
        FULL_NAME_ID: FAMILY,
        VERSION_ID: "Version 1.0",
        POSTSCRIPT_ID: FAMILY.replace(" ", "") + "-Regular",
        LICENCE_ID: LICENCE,
    }
    table = font["name"]
    table.names = [r for r in table.names if r.nameID in (COPYRIGHT_ID, LICENCE_URL_ID)]
    for name_id, text in names.items():
        table.setName(text, name_id, 3, 1, 0x409)


def replace_one(font: ttLib.TTFont) -> None:
    """Give the 1 its own outline; its advance stays."""
    pen = TTGlyphPen(None)
    pen.moveTo(FOOTLESS_ONE[0])
    for point in FOOTLESS_ONE[1:]:
        pen.lineTo(point)
    pen.closePath()
    advance, _ = font["hmtx"].metrics["one"]
    font["glyf"]["one"] = outline = pen.glyph()
    outline.recalcBounds(font["glyf"])
    font["hmtx"].metrics["one"] = (advance, min(x for x, _ in FOOTLESS_ONE))


def main() -> None:
    """Read the two paths, subset, rename, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("destination")
    paths = parser.parse_args()
    options = subset.Options(
        hinting=False, layout_features=[], name_IDs=["*"], notdef_outline=True, drop_tables=["DSIG"]
    )
    font = subset.load_font(paths.source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="0123456789")
    subsetter.subset(font)
    rename(font)
    replace_one(font)
    font["head"].modified = font["head"].created  # the same bytes at every run
    font.recalcTimestamp = False
    font.save(paths.destination)


if __name__ == "__main__":
    main()

"""Cut letters, digits and signs out of the fonts that captchas are drawn in; rename the results.

    python tools/subset_fonts.py --packages     # what to install
    npm install --ignore-scripts --prefix FOLDER @fontsource/arimo@5.3.0 ...
    apt-get install fonts-dejavu-core fonts-lxgw-wenkai fonts-wqy-microhei
    apt-get install fonts-noto-cjk fonts-noto-cjk-extra
    python tools/subset_fonts.py FOLDER/node_modules

writes every font of ``FONTS`` and the table ``FONTS.md`` into ``src/captchascope/generate/fonts``;
fonttools comes with the dependency group ``dev``. The same packages give the same bytes.

Many of the fonts reserve their names, so each gets one of ours. Fonts whose capitals and small
letters look alike stay out: a captcha drawn in one has no right answer that tells them apart. The
fonts named han have the characters of Chinese sums as well. Those named text, thin, heavy and
script came after the others, and are drawn in the general mix alone.
"""

from __future__ import annotations

import argparse
import logging
import string
import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset, ttLib

SIGNS = "+-×÷*/=?."
HAN = "零一二三四五六七八九十壹贰叁肆伍陆柒捌玖拾加减乘除以等于"
CHARACTERS = string.digits + string.ascii_letters + SIGNS
DESTINATION = Path(__file__).parents[1] / "src" / "captchascope" / "generate" / "fonts"
FONTSOURCE = "5.3.0"  # the version of every npm package below
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
NOTO = "/usr/share/fonts/opentype/noto/Noto"
WENKAI = "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-"
WENQUANYI = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc#0"

(COPYRIGHT_ID, FAMILY_ID, STYLE_ID, UNIQUE_ID, FULL_NAME_ID, VERSION_ID, POSTSCRIPT_ID,
 LICENCE_ID, LICENCE_URL_ID) = (0, 1, 2, 3, 4, 5, 6, 13, 14)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Licence:
    """What a font is distributed under.

    Attributes:
        file: The text in the fonts' folder.
        name: What the text calls itself.
        url: Where it can be read.
    """

    file: str
    name: str
    url: str


OFL = Licence("OFL.txt", "SIL Open Font License, Version 1.1", "https://scripts.sil.org/OFL")
APACHE = Licence(
    "Apache-2.0.txt", "Apache License, Version 2.0", "https://www.apache.org/licenses/LICENSE-2.0"
)
VERA = Licence(
    "DejaVu.txt", "Bitstream Vera licence", "https://dejavu-fonts.github.io/License.html"
)

FONTS = (
    ("sans-01", "arimo", "400-normal", OFL),
    ("sans-02", "arimo", "700-normal", OFL),
    ("sans-03", "arimo", "400-italic", OFL),
    ("sans-04", "dejavu-sans", "400-normal", VERA),
    ("sans-05", "dejavu-sans", "700-normal", VERA),
    ("sans-06", "open-sans", "400-normal", OFL),
    ("sans-07", "open-sans", "600-italic", OFL),
    ("sans-08", "roboto", "400-normal", OFL),
    ("sans-09", "roboto", "900-normal", OFL),
    ("sans-10", "roboto-condensed", "400-normal", OFL),
    ("sans-11", "lato", "400-normal", OFL),
    ("sans-12", "lato", "900-italic", OFL),
    ("sans-13", "fira-sans", "600-normal", OFL),
    ("sans-14", "pt-sans-narrow", "400-normal", OFL),
    ("sans-15", "montserrat", "700-normal", OFL),
    ("sans-16", "oswald", "500-normal", OFL),
    ("sans-17", "anton", "400-normal", OFL),
    ("sans-18", "varela-round", "400-normal", OFL),
    ("sans-19", "comfortaa", "600-normal", OFL),
    ("sans-20", "nunito", "800-normal", OFL),
    ("sans-21", "fredoka", "500-normal", OFL),
    ("serif-01", "tinos", "400-normal", OFL),
    ("serif-02", "tinos", "700-normal", OFL),
    ("serif-03", "tinos", "400-italic", OFL),
    ("serif-04", "gelasio", "400-normal", OFL),
    ("serif-05", "merriweather", "900-normal", OFL),
    ("serif-06", "pt-serif", "700-italic", OFL),
    ("serif-07", "eb-garamond", "500-normal", OFL),
    ("serif-08", "abril-fatface", "400-normal", OFL),
    ("serif-09", "fonts-dejavu-core", DEJAVU, VERA),
    ("serif-10", "arvo", "700-normal", OFL),
    ("serif-11", "rokkitt", "500-normal", OFL),
    ("serif-12", "zilla-slab", "600-italic", OFL),
    ("serif-13", "alfa-slab-one", "400-normal", OFL),
    ("mono-01", "courier-prime", "400-normal", OFL),
    ("mono-02", "courier-prime", "700-normal", OFL),
    ("mono-03", "cousine", "400-normal", OFL),
    ("mono-04", "inconsolata", "600-normal", OFL),
    ("mono-05", "anonymous-pro", "400-normal", OFL),
    ("mono-06", "dejavu-mono", "400-normal", VERA),
    ("mono-07", "space-mono", "400-normal", OFL),
    ("mono-08", "vt323", "400-normal", OFL),
    ("mono-09", "press-start-2p", "400-normal", OFL),
    ("hand-01", "comic-neue", "700-normal", OFL),
    ("hand-02", "patrick-hand", "400-normal", OFL),
    ("hand-03", "caveat", "700-normal", OFL),
    ("hand-04", "indie-flower", "400-normal", OFL),
    ("hand-05", "kalam", "400-normal", OFL),
    ("hand-06", "shadows-into-light", "400-normal", OFL),
    ("hand-07", "architects-daughter", "400-normal", OFL),
    ("hand-08", "gloria-hallelujah", "400-normal", OFL),
    ("hand-09", "finger-paint", "400-normal", OFL),
    ("hand-10", "courgette", "400-normal", OFL),
    ("hand-11", "kaushan-script", "400-normal", OFL),
    ("display-01", "lobster", "400-normal", OFL),
    ("display-02", "pacifico", "400-normal", OFL),
    ("display-03", "special-elite", "400-normal", APACHE),
    ("display-04", "russo-one", "400-normal", OFL),
    ("display-05", "righteous", "400-normal", OFL),
    ("display-06", "black-ops-one", "400-normal", OFL),
    ("display-07", "chewy", "400-normal", APACHE),
    ("display-08", "titan-one", "400-normal", OFL),
    ("display-09", "audiowide", "400-normal", OFL),
    ("display-10", "cabin-sketch", "400-normal", OFL),
    ("display-11", "shrikhand", "400-normal", OFL),
    ("display-12", "knewave", "400-normal", OFL),
    ("display-13", "bubblegum-sans", "400-normal", OFL),
    ("display-14", "saira-stencil-one", "400-normal", OFL),
    ("display-15", "stardos-stencil", "700-normal", OFL),
    ("display-16", "carter-one", "400-normal", OFL),
    ("display-17", "doto", "900-normal", OFL),
    ("text-01", "roboto-mono", "500-normal", OFL),
    ("text-02", "ibm-plex-mono", "400-italic", OFL),
    ("text-03", "share-tech-mono", "400-normal", OFL),
    ("text-04", "pt-mono", "400-normal", OFL),
    ("text-05", "fira-mono", "500-normal", OFL),
    ("text-06", "libre-baskerville", "400-normal", OFL),
    ("text-07", "crimson-text", "600-italic", OFL),
    ("text-08", "bitter", "500-normal", OFL),
    ("text-09", "league-gothic", "400-normal", OFL),
    ("text-10", "yanone-kaffeesatz", "500-normal", OFL),
    ("text-11", "barlow-condensed", "500-normal", OFL),
    ("text-12", "philosopher", "700-normal", OFL),
    ("text-13", "old-standard-tt", "400-normal", OFL),
    ("text-14", "michroma", "400-normal", OFL),
    ("text-15", "old-standard-tt", "700-normal", OFL),
    ("text-16", "chakra-petch", "500-normal", OFL),
    ("text-17", "carlito", "400-normal", OFL),
    ("text-18", "clear-sans", "400-normal", APACHE),
    ("text-19", "quantico", "400-normal", OFL),
    ("text-20", "dm-serif-display", "400-italic", OFL),
    ("text-21", "tiny5", "400-normal", OFL),
    ("text-22", "jersey-10", "400-normal", OFL),
    ("text-23", "rasa", "400-normal", OFL),
    ("thin-01", "roboto", "100-normal", OFL),
    ("thin-02", "montserrat", "200-normal", OFL),
    ("thin-03", "open-sans", "300-italic", OFL),
    ("thin-04", "raleway", "100-normal", OFL),
    ("thin-05", "josefin-sans", "100-normal", OFL),
    ("thin-06", "poppins", "200-italic", OFL),
    ("thin-07", "exo-2", "100-normal", OFL),
    ("thin-08", "quicksand", "300-normal", OFL),
    ("thin-09", "inconsolata", "200-normal", OFL),
    ("thin-10", "source-code-pro", "200-normal", OFL),
    ("thin-11", "cormorant-garamond", "300-normal", OFL),
    ("thin-12", "jetbrains-mono", "100-normal", OFL),
    ("thin-13", "poiret-one", "400-normal", OFL),
    ("thin-14", "roboto-slab", "100-normal", APACHE),
    ("thin-15", "comfortaa", "300-normal", OFL),
    ("thin-16", "dosis", "200-normal", OFL),
    ("heavy-01", "montserrat", "900-normal", OFL),
    ("heavy-02", "rubik", "900-normal", OFL),
    ("heavy-03", "archivo-black", "400-normal", OFL),
    ("heavy-04", "playfair-display", "900-normal", OFL),
    ("heavy-05", "poppins", "900-italic", OFL),
    ("heavy-06", "exo-2", "900-normal", OFL),
    ("heavy-07", "roboto-slab", "900-normal", APACHE),
    ("heavy-08", "jetbrains-mono", "800-normal", OFL),
    ("heavy-09", "lilita-one", "400-normal", OFL),
    ("heavy-10", "coiny", "400-normal", OFL),
    ("heavy-11", "rowdies", "700-normal", OFL),
    ("heavy-12", "rammetto-one", "400-normal", OFL),
    ("heavy-13", "paytone-one", "400-normal", OFL),
    ("heavy-14", "caprasimo", "400-normal", OFL),
    ("heavy-15", "spicy-rice", "400-normal", OFL),
    ("heavy-16", "londrina-solid", "400-normal", OFL),
    ("heavy-17", "germania-one", "400-normal", OFL),
    ("script-01", "dancing-script", "600-normal", OFL),
    ("script-02", "satisfy", "400-normal", APACHE),
    ("script-03", "gochi-hand", "400-normal", OFL),
    ("script-04", "handlee", "400-normal", OFL),
    ("script-05", "schoolbell", "400-normal", APACHE),
    ("script-06", "short-stack", "400-normal", OFL),
    ("script-07", "reenie-beanie", "400-normal", OFL),
    ("script-08", "sriracha", "400-normal", OFL),
    ("script-09", "neucha", "400-normal", OFL),
    ("script-10", "sue-ellen-francisco", "400-normal", OFL),
    ("script-11", "annie-use-your-telescope", "400-normal", OFL),
    ("script-12", "the-girl-next-door", "400-normal", OFL),
    ("script-13", "caveat-brush", "400-normal", OFL),
    ("script-14", "swanky-and-moo-moo", "400-normal", OFL),
    ("script-15", "delius", "400-normal", OFL),
    ("script-16", "vibur", "400-normal", OFL),
    ("script-17", "lobster-two", "700-italic", OFL),
    ("script-18", "bad-script", "400-normal", OFL),
    ("script-19", "nanum-pen-script", "400-normal", OFL),
    ("han-01", "fonts-noto-cjk", f"{NOTO}SansCJK-Regular.ttc#2", OFL),
    ("han-02", "fonts-noto-cjk", f"{NOTO}SansCJK-Bold.ttc#2", OFL),
    ("han-03", "fonts-noto-cjk-extra", f"{NOTO}SansCJK-Light.ttc#2", OFL),
    ("han-04", "fonts-noto-cjk", f"{NOTO}SerifCJK-Regular.ttc#2", OFL),
    ("han-05", "fonts-noto-cjk-extra", f"{NOTO}SerifCJK-Black.ttc#2", OFL),
    ("han-06", "fonts-lxgw-wenkai", f"{WENKAI}Regular.ttf", OFL),
    ("han-07", "fonts-lxgw-wenkai", f"{WENKAI}Bold.ttf", OFL),
    ("han-08", "fonts-wqy-microhei", WENQUANYI, APACHE),
)
"""Our name, the package, the weight and slant within it, the licence. Debian's packages have a path
instead, with the number of the font within a collection."""

HEADING = """\
# The fonts

Each holds the 62 letters and digits of the font that its package brings, and what it has of the
signs + - × ÷ * / = ? and the full stop, without hinting, kerning and alternates, and under a new
name; those named han have the numerals and words of Chinese sums as well. `tools/subset_fonts.py`
made them, and this table. `captchascope-digits.ttf` is described in [OFL.txt](OFL.txt).

| file | copyright | licence | package |
|---|---|---|---|
"""


def source(modules: Path, package: str, cut: str) -> tuple[str, Path, int]:
    """Return the package as one would ask for it, the font's file, and its number within that."""
    if cut.startswith("/"):
        path, _, number = cut.partition("#")
        return f"Debian {package}", Path(path), int(number or -1)
    file = modules / "@fontsource" / package / "files" / f"{package}-latin-{cut}.woff"
    return f"npm @fontsource/{package} {FONTSOURCE}, {cut}", file, -1


def cut_out(path: Path, number: int, characters: str) -> ttLib.TTFont:
    """Read a font and leave these characters, unhinted."""
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "FFTM", "gasp", "kern", "meta", "STAT"]
    options.drop_tables += ["VORG", "vhea", "vmtx"]
    font = ttLib.TTFont(path, fontNumber=number, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.flavor = None  # woff, as npm's packages have it, is a compressed ttf
    font["head"].modified = font["head"].created  # the same bytes at every run
    return font


def rename(font: ttLib.TTFont, name: str, licence: Licence) -> str:
    """Leave no name but ours, the licence and the copyright line, which is returned."""
    holder = " ".join(font["name"].getDebugName(COPYRIGHT_ID).split())
    family = f"Captchascope {name.replace('-', ' ').title()}"
    font["name"] = table = ttLib.newTable("name")
    table.names = []
    for name_id, text in {
        COPYRIGHT_ID: holder,
        FAMILY_ID: family,
        STYLE_ID: "Regular",
        UNIQUE_ID: f"{family} 1.0",
        FULL_NAME_ID: family,
        VERSION_ID: "Version 1.0",
        POSTSCRIPT_ID: family.replace(" ", "") + "-Regular",
        LICENCE_ID: f"Licensed under the {licence.name}. Cut down to few characters.",
        LICENCE_URL_ID: licence.url,
    }.items():
        table.setName(text, name_id, 3, 1, 0x409)
    return holder


def main() -> None:
    """Print what to install, or write every font and the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("modules", type=Path, nargs="?", help="npm's folder node_modules")
    parser.add_argument("--packages", action="store_true", help="print the packages, write nothing")
    arguments = parser.parse_args()
    if arguments.packages:
        packages = sorted({package for _, package, cut, _ in FONTS if cut[0] != "/"})
        asked = (f"@fontsource/{package}@{FONTSOURCE}" for package in packages)
        sys.stdout.write(" ".join(asked) + "\n")
        return
    if arguments.modules is None:
        parser.error("give the folder node_modules, or --packages")
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    table = HEADING
    for name, package, cut, licence in sorted(FONTS):
        origin, path, number = source(arguments.modules, package, cut)
        font = cut_out(path, number, CHARACTERS + HAN * name.startswith("han"))
        holder = rename(font, name, licence).replace("|", "\\|")
        file = f"{name}.{'otf' if 'CFF ' in font else 'ttf'}"
        font.save(DESTINATION / file)
        table += f"| {file} | {holder} | [{licence.name}]({licence.file}) | {origin} |\n"
    (DESTINATION / "FONTS.md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()

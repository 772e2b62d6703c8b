"""What the texts of a folder seem to be: which characters, and how many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from captchascope.charset import Charset
from captchascope.decode.consistent import ALPHABETS
from captchascope.reader import Reader

_ENOUGH = 10  # labels; fewer say little


@dataclass(frozen=True, slots=True)
class Texts:
    """Which characters texts have, and how long they are, as ``ReadOptions`` takes both.

    Attributes:
        charset: The characters, with ranges; empty for any.
        length: Such as 6, or 4-6; empty for any.
        why: What tells so, in words; empty where people do.
    """

    charset: str = ""
    length: str = ""
    why: str = ""


def texts_of_labels(labels: Sequence[str]) -> Texts | None:
    """Return what labels have in common; None while there are too few.

    The characters are the first usual alphabet that has those of all labels: few labels do not
    have all characters of their scheme.
    """
    if len(labels) < _ENOUGH:
        return None
    seen, lengths = set("".join(labels)), sorted({len(label) for label in labels})
    usual = (alphabet for alphabet in ALPHABETS if seen <= set(alphabet))
    chars = next(usual, "".join(sorted(seen)))
    length = "-".join(str(each) for each in dict.fromkeys((lengths[0], lengths[-1])))
    return Texts(Charset(chars).written, length, f"your {len(labels)} labels")


def texts_of_images(reader: Reader, images: Sequence[Path]) -> Texts | None:
    """Return what a reader infers from images; None where that is nothing new.

    One that was told anything of the texts is not asked, nor is one that knows how long they are.

    Raises:
        ModelError: If the model fails.
    """
    told = reader.options
    known = told.pattern is not None or told.charset is not None or told.length is not None
    if known or reader.recogniser.lengths is not None:
        return None
    found = reader.inferred_options(images)
    if found is None:
        return None
    return Texts(found.charset or "", str(found.length or ""), "the images")

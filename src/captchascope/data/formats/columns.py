"""The parts that all file names of a folder have, and which of them is the label."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from captchascope.data.formats.parts import (
    are_times,
    chance_of_clock,
    chance_of_counting,
    digest_length,
    is_stock,
)
from captchascope.data.formats.plausible import (
    DIGEST,
    FEWEST,
    GUESS,
    SURE,
    NoLabelsError,
    affixes,
    doubts_of_numbers,
    doubts_of_texts,
    is_number,
)
from captchascope.data.formats.reading import (
    FileName,
    NamesRead,
    is_short_number,
    key_of,
    quoted_name,
    undecided,
)
from captchascope.data.labels import shown


@dataclass(frozen=True, slots=True)
class _Column:
    """One part of all names.

    Attributes:
        place: Which, from 0.
        values: The part of each name.
        what: What it is, if it is no label.
        chance: How likely labels look so.
    """

    place: int
    values: tuple[str, ...]
    what: str = ""
    chance: float = 1.0

    @property
    def is_fixed(self) -> bool:
        return len(self.values) > 1 and len({value.casefold() for value in self.values}) == 1

    @property
    def is_text(self) -> bool:
        return not all(map(is_number, self.values))

    @property
    def variety(self) -> float:
        """How many of the values differ, as a share."""
        return len({*self.values}) / len(self.values)


def take_a_part(rest: list[FileName], read: NamesRead) -> None:
    """Take the only part of the names that nothing else explains.

    Raises:
        NoLabelsError: If there is none.
        UndecidedError: If there are several.
    """
    columns = [_column(rest, place) for place in range(len(rest[0].parts))]
    unexplained = [column for column in columns if column.chance > GUESS]
    whats = " and ".join(dict.fromkeys(column.what for column in columns if column.what))
    if not unexplained:
        places = [column.place for column in columns if column.chance >= SURE]
        if len(places) > 1 or (places and len(rest) >= FEWEST):
            raise undecided(rest, places)
        raise NoLabelsError(f"{quoted_name(rest[0].file)} holds {whats} alone")
    joints = {joint for each in rest for joint in each.joints}
    if any(column.is_fixed and column.chance for column in columns) and joints != {"_"}:
        raise undecided(rest)  # of `B-1234` and `B-9912` it may all be the label
    label, doubts = _likeliest(rest, unexplained)
    maybe = [column for column in columns if SURE <= column.chance <= GUESS]
    if not (label.is_text or all(column.is_text for column in maybe)):
        raise undecided(rest, sorted(column.place for column in (label, *maybe)))
    doubts += [f"{column.what} may be one too" for column in maybe]
    doubts += _doubts_of(rest, label, columns)
    example = f"{shown(label.values[0])} of {quoted_name(rest[0].file)}"
    if doubts:
        what = f"part {label.place + 1} of the file names is taken for the label, {example}"
        read.doubts.append(f"{what}, but {'; '.join(doubts)}")
    else:
        read.notes.append(f"{whats} is cut off: {example}")
    for each, value in zip(rest, label.values, strict=True):
        read.labels[each.file] = value


def _column(rest: list[FileName], place: int) -> _Column:
    """Return what a part of all names is."""
    values = tuple(each.parts[place] for each in rest)
    kinds = {each.kinds[place] for each in rest}
    made = partial(_Column, place, values)
    if kinds == {"time"} or are_times(values):
        return made("a time", 0.0)
    if kinds == {"digest"} or digest_length(values) >= DIGEST:
        return made("a digest", 0.0)
    if all(map(is_stock, values)):
        return made(f"{shown(values[0])}", 0.0)
    if made().is_fixed:
        alone = len(values) > 2 and {joint for each in rest for joint in each.joints} == {"_"}
        return made(shown(values[0]), 0.0 if alone else GUESS)
    if digest_length(values):
        return made("what looks like a digest", GUESS)
    head, tail = affixes(values) if len({*values}) > 1 else ("", "")
    middles = [value[len(head) : len(value) - len(tail)] for value in values]
    numbers = values if all(map(is_number, values)) else middles
    if not all(map(is_number, numbers)):
        return made()
    clock = chance_of_clock(numbers)
    if clock < SURE:
        return made("a time of the day", clock)
    chance = min(_chance_by_folder(rest, numbers), _chance_of_counter(rest, place))
    return made("a running number" if chance <= GUESS else "", chance)


def _chance_by_folder(rest: list[FileName], numbers: Sequence[str]) -> float:
    """Return the chance of counting where each folder may begin anew."""
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for each, number in zip(rest, numbers, strict=True):
        folders[each.parent].append(number)
    anew = math.prod(chance_of_counting(part) for part in folders.values())
    return min(anew, chance_of_counting(numbers))


def _chance_of_counter(rest: list[FileName], place: int) -> float:
    """Return how likely labels look like a number that tells images of one label apart.

    Behind ``_`` it is one by the form that ``convert`` writes: ``226md_2``.
    """
    last = place == len(rest[0].parts) - 1
    if not last or not all(is_short_number(each.parts[place]) for each in rest):
        return 1.0
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for each in rest:
        groups[key_of(each.parts[:place])].append(int(each.parts[place]))
    for numbers in groups.values():
        low = min(numbers)
        if low > 2 or sorted(numbers) != list(range(low, low + len(numbers))):
            return 1.0
    written = all(e.joints[-1] == "_" and not is_number(e.parts[place - 1]) for e in rest)
    return 0.0 if written else 0.3 ** len(groups)


def _likeliest(rest: list[FileName], unexplained: list[_Column]) -> tuple[_Column, list[str]]:
    """Return the part that is the label, and what was guessed to say so.

    Raises:
        UndecidedError: If more than one fits.
    """
    if len(unexplained) == 1:
        return unexplained[0], []
    texts = [column for column in unexplained if column.is_text]
    few, many = len(rest) < FEWEST, len(rest) >= 2 * FEWEST
    if few and len(texts) == 1 and _is_beside_a_number(rest, texts[0]):
        return texts[0], ["there are too few names to be sure"]
    if many and len(texts) == len(unexplained):
        *few_texts, label = sorted(texts, key=lambda column: column.variety)
        if label.variety > 0.75 and all(column.variety <= 0.25 for column in few_texts):
            return label, ["another part is a text too"]
    raise undecided(rest, [column.place for column in unexplained])


def _is_beside_a_number(rest: list[FileName], column: _Column) -> bool:
    """Say whether names are a text of letters and one short number, as in ``HE59_7``."""
    numbers = [part for each in rest for i, part in enumerate(each.parts) if i != column.place]
    return len(rest[0].parts) == 2 and all(is_number(n) and len(n) <= 4 for n in numbers)


def _doubts_of(rest: list[FileName], label: _Column, columns: list[_Column]) -> list[str]:
    """Return what speaks against a part as the label.

    Raises:
        NoLabelsError: If it can be none.
    """
    values, count = label.values, len(label.values)
    if label.is_text:
        doubts = doubts_of_texts(values)
    else:
        doubts = doubts_of_numbers(values)
        if are_times(values):
            raise NoLabelsError(f"{quoted_name(rest[0].file)} holds a time")
        if all(c is label or c.what.startswith("`") for c in columns):
            raise undecided(rest, [label.place])  # of `captcha_4821` it may be the image's number
    if not label.is_text and max(map(len, values)) < 3:
        if count < FEWEST:
            raise undecided(rest, [label.place])
        doubts.append("it is a small number")
    if count < FEWEST and max(map(len, values)) == 1:
        doubts.append("it is a single character")
    if count > 3 and max(map(len, values)) > 1 and label.variety <= 0.5:
        if _chance_of_counter(rest, len(columns) - 1) > GUESS:
            raise undecided(rest)
        doubts.append("few of them differ")
    if len({each.joints[: len(each.parts) - 1] for each in rest}) > 1:
        doubts.append("not all have the same separators")
    return doubts

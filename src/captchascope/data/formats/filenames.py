"""What of each file name is the label, found by comparing all names of a folder.

``0001_HE59`` says nothing for certain; that the first parts of sixty such names count from 1 to
60, while the second ones don't, does. What is taken with certainty is noted, what is taken by a
guess is doubted, and where two readings fit, none is taken: a question costs less than a wrong
label in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import factorial

from captchascope.data.formats.columns import take_a_part
from captchascope.data.formats.parts import Name, chance_of_counting
from captchascope.data.formats.plausible import (
    FEWEST,
    NoLabelsError,
    check_numbers,
    doubts_of_numbers,
    doubts_of_texts,
    is_number,
)
from captchascope.data.formats.reading import (
    FileName,
    NamesRead,
    UndecidedError,
    is_short_number,
    key_of,
    quoted_name,
    stem_of,
    undecided,
)
from captchascope.data.labels import shown

_FEW = 0.2  # of the names may be unlike the others, and are left out then; from _MANY names
_MANY = 10
_COUNTING = 0.02  # as likely would random numbers look as much like counting


def part_of(file: str, part: str) -> str:
    """Return what a flag takes of a name: ``1`` the first part, ``-1`` the last, or ``whole``.

    Empty where there is no such part.
    """
    name = Name(stem_of(file))
    if part == "whole":
        return name.base
    place = int(part)
    place -= place > 0
    return name.parts[place] if -len(name.parts) <= place < len(name.parts) else ""


def read_file_names(files: Sequence[str]) -> NamesRead:
    """Return what of each name is the label.

    Args:
        files: Of a folder, all images; paths relative to it.
    Raises:
        NoLabelsError: If the names hold none.
        UndecidedError: If more than one reading fits.
    """
    read = NamesRead()
    names = {file: Name(stem_of(file)) for file in files}
    kept = _without_stock(names, read)
    rest = [
        FileName(file, bool(name.copy), name.parts, name.kinds, name.joints)
        for file, name in names.items()
        if file in kept
    ]
    _note_copies(rest, read)
    rest = _without_counters(rest, read)
    widths = Counter(len(each.parts) for each in rest)
    if len(widths) > 1 and not _take_at_underscores(rest, read):
        rest = _regular(rest, widths, read)
    if read.labels:
        pass
    elif len(rest[0].parts) == 1:
        _take_whole(rest, read)
    else:
        take_a_part(rest, read)
    if len(rest) < FEWEST and not read.doubts and not _is_plain(rest):
        read.doubts.append(f"{quoted_name(rest[0].file)}: there are too few file names to compare")
    return read


def _is_plain(rest: list[FileName]) -> bool:
    """Say whether a few names have nothing to them but letters and digits, each at any place."""
    values = [each.base for each in rest]
    ends = {value[0] for value in values}, {value[-1] for value in values}
    return (
        len({*values}) > 1
        and len({*map(len, values)}) == 1
        and all(value.isalnum() and not is_number(value) for value in values)
        and all(len(chars) > 1 and not all(map(is_number, chars)) for chars in ends)
    )


def _without_stock(names: dict[str, Name], read: NamesRead) -> set[str]:
    """Return the files whose names may hold a label, and leave out the others if they are few."""
    faults = {file: name.no_label for file, name in names.items()}
    words = {file: "".join(name.parts[:1]).rstrip("0123456789") for file, name in names.items()}
    beside = {word for file, word in words.items() if word and not faults[file]}
    for file, word in words.items():  # `captcha_2737` beside `captcha_HE59`
        if word in beside:
            faults[file] = ""
    left_out = {file: fault for file, fault in faults.items() if fault}
    if all(set(name.kinds) == {"word"} and len(name.parts) > 1 for name in names.values()):
        left_out = left_out if len(left_out) < len(names) else {}  # `captcha_4821` as all others
    if 2 * len(left_out) >= len(names):
        file, fault = next(iter(left_out.items()))
        raise NoLabelsError(f"{quoted_name(file)} {fault}")
    read.left_out |= left_out
    return {*names} - {*left_out}


def _note_copies(rest: list[FileName], read: NamesRead) -> None:
    """Say that marks of copies are cut off; brackets may also belong to sums."""
    copies = [each for each in rest if each.copied]
    if copies:
        first = copies[0]
        line = f"the mark of a copy is cut off: {shown(first.base)} of {quoted_name(first.file)}"
        odd = any(set("()+*=").intersection(other.base) for other in rest)
        (read.doubts if odd else read.notes).append(line)
    elif marked := [each for each in rest if each.base.endswith(")")]:
        line = f"brackets are taken for a part of labels: {quoted_name(marked[0].file)}"
        read.doubts.append(line)


def _without_counters(rest: list[FileName], read: NamesRead) -> list[FileName]:
    """Cut the number off that tells images of one label apart: ``226md_2`` beside others without.

    It must follow a name that is there too, or one shaped as those without a number.
    """
    width = min(len(each.parts) for each in rest)
    bases = {key_of(each.parts) for each in rest}
    lengths = {len(each.parts[-1]) for each in rest if len(each.parts) == width}
    cut = {
        each.file: each
        for each in rest
        if len(each.parts) > width
        and is_short_number(each.parts[-1])
        and (
            key_of(each.parts[:-1]) in bases
            or (len(each.parts) == width + 1 and len(each.parts[-2]) in lengths)
        )
    }
    if not cut:
        return rest
    example = next(iter(cut.values()))
    # `12-3` may be a sum or a date, and `12_3` a number before a label
    odd = any(
        is_number(each.parts[-2]) or (each.joints[-1] != "_" and not each.parts[-2].isalnum())
        for each in cut.values()
        if key_of(each.parts[:-1]) not in bases or each.joints[-1] != "_"
    )
    line = f"a number behind the label is cut off: {shown(example.parts[-2])} of"
    (read.doubts if odd else read.notes).append(f"{line} {quoted_name(example.file)}")
    return [each.without_last() if each.file in cut else each for each in rest]


def _take_at_underscores(rest: list[FileName], read: NamesRead) -> bool:
    """Take labels with dashes, dots and blanks, where underscores alone set the parts apart."""
    coarse = [each.at_underscores() for each in rest]
    trial = NamesRead()
    if {len(each.parts) for each in coarse} != {len(coarse[0].parts)} or len(coarse[0].parts) < 2:
        return False
    try:
        take_a_part(coarse, trial)
    except (NoLabelsError, UndecidedError):
        return False
    label = max(trial.labels.values(), key=lambda label: not label.isalnum())
    if len({*map(len, trial.labels.values())}) > 1:
        trial.doubts.append(
            f"dashes, dots and blanks are taken for a part of labels: {shown(label)}"
        )
    read.labels |= trial.labels
    read.notes += trial.notes
    read.doubts += trial.doubts
    return True


def _regular(rest: list[FileName], widths: Counter[int], read: NamesRead) -> list[FileName]:
    """Return names of one number of parts where not all have as many."""
    if all("_" not in each.base for each in rest):
        plain = sum(len(each.parts) == 1 for each in rest)
        if 3 * plain < len(rest) or len({len(each.base) for each in rest}) > 1:
            label = shown(next(each.base for each in rest if len(each.parts) > 1))
            read.doubts.append(f"dashes, dots and blanks are taken for a part of labels: {label}")
        return [each.whole() for each in rest]
    width, count = widths.most_common(1)[0]
    if len(rest) - count > _FEW * len(rest) or len(rest) < _MANY:
        raise undecided(rest)
    usual = next(each for each in rest if len(each.parts) == width)
    for each in rest:
        if len(each.parts) != width:
            read.left_out[each.file] = f"has a name of another form than {quoted_name(usual.file)}"
    return [each for each in rest if len(each.parts) == width]


def _doubts_of_strangers(values: list[str]) -> list[str]:
    """Return what is odd about the few numbers among labels: they count, or have zeros alone."""
    numbers = [value for value in values if is_number(value)]
    if not numbers:
        return []
    others = "".join(value for value in values if not is_number(value))
    zeros = "0" not in others and all(value[0] == "0" for value in numbers)
    first = max(map(int, numbers)) <= len(numbers)
    padded = [value for value in numbers if value.startswith("00")]
    if padded and _chance_of_zeros(padded, values, others) <= _COUNTING:
        return [f"`{padded[0]}` may be a running number among them"]
    if not (zeros or first) and chance_of_counting(numbers) > _COUNTING:
        return []
    return [f"`{numbers[0]}` may be a running number among them"]


def _chance_of_zeros(padded: list[str], values: list[str], others: str) -> float:
    """Return how probable so many labels of digits behind two zeros are, about: Poisson's law.

    Args:
        padded: Those that there are.
        values: All labels.
        others: The characters of those that are no numbers, which tell how often digits occur.
    """
    zero = (others.count("0") + 1) / (len(others) + 2)
    digit = (sum(map(str.isdecimal, others)) + 1) / (len(others) + 2)
    expected = sum(zero**2 * digit ** (len(value) - 2) for value in values if len(value) > 1)
    return expected ** len(padded) / factorial(len(padded))


def _take_whole(rest: list[FileName], read: NamesRead) -> None:
    """Take names of one part, unless they look like something else.

    Raises:
        NoLabelsError: If they do.
    """
    numbers = [each for each in rest if is_number(each.parts[0])]
    lengths = {len(each.parts[0]) for each in rest if not is_number(each.parts[0])}
    odd = [each for each in numbers if lengths and len(each.parts[0]) not in lengths]
    if odd and len(odd) <= _FEW * len(rest) and len(rest) >= _MANY:
        read.left_out |= {each.file: "is a bare number, unlike the others" for each in odd}
        rest = [each for each in rest if each.file not in read.left_out]
    elif odd:
        check_numbers([each.parts[0] for each in odd])
        read.doubts.append(f"bare numbers may be none, as {quoted_name(odd[0].file)} among others")
    values, example = [each.parts[0] for each in rest], quoted_name(rest[0].file)
    plain = [each.parts[0] for each in rest if each.kinds[0] != "spelt"]
    if lengths:
        doubts = []
        if any(not is_number(value) for value in plain):
            doubts = [*doubts_of_texts(plain), *_doubts_of_strangers(plain)]
    else:
        check_numbers(values)
        doubts = doubts_of_numbers(values)
        if not doubts:
            read.notes.append(f"file names of digits alone are taken for labels: {example}")
    read.doubts += [f"file names are taken for labels, {example}, but {doubt}" for doubt in doubts]
    read.labels |= dict(zip((each.file for each in rest), values, strict=True))

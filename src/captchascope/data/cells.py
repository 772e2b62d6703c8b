"""Cells of tables: what spreadsheets put around a text, and what they have made of another.

A cell that is marked as text, ``="0042"`` or ``'0042``, is taken for what it says.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"', re.DOTALL)
_AROUND = "\ufeff\u200b\u200e\u200f"  # of no width: what copying from web pages leaves

_MONTHS = "Jan|Feb|Mar|Mär|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez"
_CHANGED = {
    "a number": r"\d+[.,]0+|\d{1,3}([.,]\d{3})+|\d([.,]\d+)?[Ee][+-]\d{2,}",
    "a date": rf"\d{{1,2}}(-|\. ?)({_MONTHS})([- ]\d{{2,4}})?|({_MONTHS})[- ]\d{{1,4}}"
    r"|\d{1,2}(?P<sign>[./])\d{1,2}(?P=sign)\d{4}|\d{4}-\d\d-\d\d([T ].*)?",
    "what it took for a formula": r"#(NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)|#{3,}",
}
"""What a spreadsheet writes in the place of a text, and what it took that for."""


def cell_text(cell: str) -> tuple[str, bool]:
    """Return what a cell says, without the blanks around it, and whether it is marked as text.

    Example:
        >>> cell_text(' ="0042" '), cell_text("'0042"), cell_text("42")
        (('0042', True), ('0042', True), ('42', False))
    """
    text = cell.strip().strip(_AROUND).strip()
    if formula := _FORMULA.fullmatch(text):
        return formula[1].replace('""', '"'), True
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1], True
    if len(text) > 1 and text[0] == "'":
        return text[1:], True
    return text, False


def as_cell(text: str) -> str:
    """Return a cell that ``cell_text`` takes for this text."""
    return text if cell_text(text)[0] == text else '="' + text.replace('"', '""') + '"'


def label_cell(text: str) -> str:
    """Return a cell that is taken for this label, and not for what a spreadsheet has changed."""
    return '="' + text.replace('"', '""') + '"' if taken_for(text) else as_cell(text)


def taken_for(text: str) -> str:
    """Return what a spreadsheet took a text for that it has changed; nothing if it has not."""
    return next((what for what, form in _CHANGED.items() if re.fullmatch(form, text)), "")

"""Files of comma-separated values (RFC 4180) that a spreadsheet opens as text and never runs.

A spreadsheet takes a cell that begins with one of a few characters for a formula (OWASP, "CSV Injection"). Such a cell
gets an apostrophe in front. The same holds after each character inside a cell that another spreadsheet takes for the
separator, because it would begin a cell there. A byte order mark lets Excel read UTF-8.
"""

import re
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
_BEGINNINGS = "=+-@\uff1d\uff0b\uff0d\uff20\t\r"
"""The characters that begin a formula, in both widths; a tab and a carriage return may hide one."""
# White space and invisible characters before a formula don't stop every spreadsheet.
_SKIPPED = r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*"
_FORMULA = re.compile(rf"(^|[,;|\t\r\n\"'])({_SKIPPED})(?=[{re.escape(_BEGINNINGS)}])")


def line(cells: Sequence[object]) -> str:
    """Return a line of the file with its end. None is an empty cell."""
    return ",".join(f'"{_harmless(cell)}"' for cell in cells) + "\r\n"


def encoded(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode()


def _harmless(cell: object) -> str:
    text = "" if cell is None else str(cell)
    text = _FORMULA.sub(r"\1\2'", text)
    if text.startswith(tuple(_BEGINNINGS)):
        text = f"'{text}"
    return text.replace('"', '""')

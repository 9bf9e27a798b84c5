"""Outcomes as rows of a table, and that table in docs/reliability.md."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from faults.run import Outcome

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
COLUMNS = (
    "fault",
    "struck",
    "acknowledged",
    "sent again",
    "503",
    "broken off",
    "lost",
    "twice",
    "out of order",
    "other 5xx",
    "longest answer, s",
    "recovered after, s",
)
HEADINGS = f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}"

Row = tuple[str, *tuple[float, ...]]
"""The fault's name and its figures: counts are `int`, measurements `float`."""


def row_of(outcome: Outcome) -> Row:
    journal, verdict = outcome.journal, outcome.verdict
    return (
        outcome.name,
        outcome.strikes,
        len(journal.sends),
        journal.retried,
        journal.refused,
        journal.broken,
        verdict.lost,
        verdict.twice,
        verdict.disordered,
        journal.server_errors,
        journal.slowest,
        max(outcome.recovery),
    )


def total(rows: Sequence[Row]) -> Row:
    """Return the last row: the sum of counts, the maximum of measurements."""
    _, *columns = zip(*rows, strict=True)
    return ("all", *(sum(column) if isinstance(column[0], int) else max(column) for column in columns))


def line(row: Row) -> str:
    name, *figures = row
    shown = (f"{figure:,}" if isinstance(figure, int) else f"{figure:.1f}" for figure in figures)
    return f"| {' | '.join([name, *shown])} |"


def read(database: str) -> list[Row]:
    """Return the document's rows for the database, without the total."""
    [(_, table, _)] = _between(database).findall(DOCUMENT.read_text())
    cells = ([cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:-1])
    return [(name, *(_number(figure) for figure in figures)) for name, *figures in cells]


def write(database: str, names: Iterable[str], found: Iterable[Row]) -> None:
    """Write the rows into the document in the order of `names`."""
    rows = {row[0]: row for row in (*read(database), *found)}
    ordered = [rows[name] for name in names if name in rows]
    table = "\n".join([HEADINGS, *map(line, ordered), line(total(ordered))])
    text = _between(database).sub(lambda place: f"{place[1]}{table}\n{place[3]}", DOCUMENT.read_text())
    DOCUMENT.write_text(text)


def _number(cell: str) -> float:
    return float(cell) if "." in cell else int(cell.replace(",", ""))


def _between(database: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {database} -->\n)(.*?)(<!-- end -->)", re.DOTALL)

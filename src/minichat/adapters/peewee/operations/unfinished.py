"""What marks a database that holds a part of an import, and is good for nothing else until that is finished."""

from typing import NamedTuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.domain.errors import Unavailable

MARK = "unfinished_import"
"""The table, which is there as long as the import is not finished."""


class Unfinished(NamedTuple):
    sha256: str
    """The digest of the export."""
    rows: int
    """How many of its rows are there."""


class HalfImported(Unavailable):
    """The database holds a part of an import."""

    def __init__(self) -> None:
        super().__init__("it holds a part of an import; `minichat import` with the same file goes on")


def unfinished(database: ChatDatabase) -> Unfinished | None:
    """The import that has begun and not finished, if there is one."""
    if not database.table_exists(MARK):
        return None
    return Unfinished(*database.execute_sql(f"SELECT sha256, rows FROM {MARK}").fetchone())  # noqa: S608 - our own


def expect_whole(database: ChatDatabase) -> None:
    """Raise HalfImported if an import has begun and not finished."""
    if unfinished(database) is not None:
        raise HalfImported

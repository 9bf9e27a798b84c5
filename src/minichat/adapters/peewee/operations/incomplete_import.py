"""What marks a database that holds a part of an import, and is good for nothing else until that is finished."""

from typing import NamedTuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.domain.errors import Unavailable

MARK = "unfinished_import"
"""The table, which is there as long as the import is not finished."""


class ImportProgress(NamedTuple):
    sha256: str
    """The digest of the export."""
    rows: int
    """How many of its rows are there."""


class IncompleteImport(Unavailable):
    """The database holds a part of an import."""

    def __init__(self) -> None:
        super().__init__("it holds a part of an import; `minichat import` with the same file goes on")


def import_progress(database: ChatDatabase) -> ImportProgress | None:
    """The import that has begun and not finished, if there is one."""
    if not database.table_exists(MARK):
        return None
    return ImportProgress(*database.execute_sql(f"SELECT sha256, rows FROM {MARK}").fetchone())  # noqa: S608 - our own


def expect_complete(database: ChatDatabase) -> None:
    """Raise IncompleteImport if an import has begun and not finished."""
    if import_progress(database) is not None:
        raise IncompleteImport

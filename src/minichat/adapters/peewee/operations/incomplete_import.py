"""The mark of a database that holds a part of an import. Only `import_` may use it until the import is complete."""

from typing import NamedTuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.domain.errors import Unavailable

MARK = "unfinished_import"
"""The table that exists until the import is complete."""


class ImportProgress(NamedTuple):
    sha256: str
    """The digest of the export."""
    rows: int
    """Number of imported rows of the export."""


class IncompleteImport(Unavailable):
    """The database holds a part of an import."""

    def __init__(self) -> None:
        super().__init__("it holds an incomplete import; run `minichat import` with the same file to continue")


def import_progress(database: ChatDatabase) -> ImportProgress | None:
    """Return the progress of an incomplete import, or None."""
    if not database.table_exists(MARK):
        return None
    return ImportProgress(*database.execute_sql(f"SELECT sha256, rows FROM {MARK}").fetchone())  # noqa: S608 - our own


def expect_complete(database: ChatDatabase) -> None:
    """Raise IncompleteImport if an import has begun and is not complete."""
    if import_progress(database) is not None:
        raise IncompleteImport

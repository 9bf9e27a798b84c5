"""Append-only logs. Only their beginning is ever deleted, so a log has no gaps."""

from itertools import takewhile

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import AuditRow, ChangeRow
from minichat.domain.model import Timestamp

Log = type[AuditRow] | type[ChangeRow]


class LogBeginning:
    """Deletes the oldest entries of a log whose order is the order of its ids."""

    def __init__(self, database: ChatDatabase, row: Log) -> None:
        oldest = row.select(row.id, row.at).where(row.id > 0).order_by(row.id).limit(param("limit"))
        self._oldest = Statement(database, oldest)
        self._delete = Statement(database, row.delete().where(row.id <= param("id")))

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete up to `limit` entries at the beginning, none later than `before`; return how many."""
        old = list(takewhile(lambda entry: entry[1] <= before, self._oldest.rows(limit=limit)))
        return self._delete.run(id=old[-1][0]) if old else 0

"""The change log in the database."""

from minichat.adapters.peewee.database import Sqlite
from minichat.adapters.peewee.logs import drop_until, last_before, oldest_of
from minichat.adapters.peewee.statements import Statement, param
from minichat.adapters.peewee.tables import ChangeRow
from minichat.domain.model import Change, Timestamp


class PeeweeChanges:
    def __init__(self, database: Sqlite) -> None:
        self._record = Statement(database, ChangeRow.insert({name: param(name) for name in Change._fields}))
        self._oldest, self._drop_until = oldest_of(database, ChangeRow), drop_until(database, ChangeRow)

    def record(self, change: Change) -> None:
        self._record.run(**change._asdict())

    def sweep(self, before: Timestamp, limit: int) -> int:
        last = last_before(self._oldest.rows(limit=limit), before)
        return self._drop_until.run(id=last)

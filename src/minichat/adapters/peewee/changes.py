"""The change log in the database."""

from minichat.adapters.peewee.database import Sqlite
from minichat.adapters.peewee.statements import Statement, param
from minichat.adapters.peewee.tables import ChangeRow
from minichat.domain.model import Change


class PeeweeChanges:
    def __init__(self, database: Sqlite) -> None:
        self._record = Statement(database, ChangeRow.insert({name: param(name) for name in Change._fields}))

    def record(self, change: Change) -> None:
        self._record.run(**change._asdict())

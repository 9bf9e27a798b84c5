"""Dropping the beginning of a log, and never a line further on: who reads a log finds no hole in it."""

from collections.abc import Iterable
from itertools import takewhile

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.tables import AuditRow, ChangeRow

Log = type[AuditRow] | type[ChangeRow]


def oldest_of(database: ChatDatabase, row: Log) -> Statement:
    """The ids and times of the first `limit` lines."""
    return Statement(database, row.select(row.id, row.at).where(row.id > 0).order_by(row.id).limit(param("limit")))


def drop_until(database: ChatDatabase, row: Log) -> Statement:
    """Delete the lines up to `id`."""
    return Statement(database, row.delete().where(row.id <= param("id")))


def last_before(oldest: Iterable[Row], before: int) -> int:
    """The id of the last line ahead of the first one after `before`; 0 if there is none."""
    return max((id_ for id_, _ in takewhile(lambda line: line[1] <= before, oldest)), default=0)

"""Attempt counts in the database: every worker sees them, and a restart keeps them."""

from peewee import EXCLUDED, Case, Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import AttemptRow
from minichat.domain.model import AttemptCount, Timestamp


class PeeweeAttemptStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row = AttemptRow
        columns = (row.count, row.since, row.last)
        # Also if the first attempt is a window ahead, because the clock was set back since.
        is_over = (row.forget_at <= EXCLUDED.last) | (row.since >= EXCLUDED.forget_at)
        self._get = statement(row.select(*columns).where(row.key == param("key")))
        # One statement begins a count, adds to it, or starts it again, so concurrent attempts are all counted.
        self._count = statement(
            row.insert(key=param("key"), count=1, since=param("at"), last=param("at"), forget_at=param("forget_at"))
            .on_conflict(
                conflict_target=[row.key],
                update={
                    row.count: Case(None, ((is_over, 1),), row.count + 1),
                    row.since: Case(None, ((is_over, EXCLUDED.since),), row.since),
                    row.last: EXCLUDED.last,
                    row.forget_at: Case(None, ((is_over, EXCLUDED.forget_at),), row.forget_at),
                },
            )
            .returning(*columns)
        )
        self._forget = statement(row.delete().where(row.key == param("key")))
        over = row.select(row.key).where(row.forget_at <= param("at")).order_by(row.forget_at).limit(param("limit"))
        self._sweep = statement(row.delete().where(row.key.in_(over)))

    def get(self, key: str) -> AttemptCount | None:
        found = self._get.one(key=key)
        return None if found is None else AttemptCount(*found)

    def count(self, key: str, at: Timestamp, window: int) -> AttemptCount:
        found = self._count.one(key=key, at=at, forget_at=at + window)
        assert found is not None, "an UPSERT returns a row"
        return AttemptCount(*found)

    def forget(self, key: str) -> None:
        self._forget.run(key=key)

    def sweep(self, at: Timestamp, limit: int) -> int:
        return self._sweep.run(at=at, limit=limit)

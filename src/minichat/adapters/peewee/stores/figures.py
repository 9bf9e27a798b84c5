"""Figures about the use of the server in the database."""

from collections.abc import Collection, Sequence

import orjson
from peewee import EXCLUDED, Cast, Node, Tuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import ActivityRow, FigureRow, UserRow
from minichat.domain.model import DAY, HOUR, Figure, FigureCount, Timestamp

COUNTS = Mapper(FigureCount, FigureRow)


class PeeweeFigureStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row, activity, user = FigureRow, ActivityRow, UserRow
        self._add = statement(
            row.insert(params(FigureCount._fields)).on_conflict(
                conflict_target=[row.period, row.figure], update={row.number: row.number + EXCLUDED.number}
            )
        )
        # The order of the locks, for concurrent workers. A later hour means that the clock was set back since.
        given = database.dialect.each_of("ids")
        people = user.select(user.id, Cast(param("hour"), "BIGINT"), Cast(param("earliest"), "BIGINT")).where(
            user.id.in_(given) & user.deleted_at.is_null()
        )
        is_new_hour = (activity.hour < EXCLUDED.hour) | (activity.hour > EXCLUDED.hour + HOUR)
        self._mark_hour = statement(
            activity.insert_from(
                people.order_by(user.id), fields=[activity.user_id, activity.hour, activity.day]
            ).on_conflict(conflict_target=[activity.user_id], update={activity.hour: EXCLUDED.hour}, where=is_new_hour)
        )
        is_new_day = (activity.day < param("day")) | (activity.day > param("latest"))
        self._mark_day = statement(activity.update(day=param("day")).where(activity.user_id.in_(given) & is_new_day))
        self._erase = statement(activity.delete().where(activity.user_id == param("user_id")))
        self._between = statement(
            row.select(*COUNTS.columns)
            .where((row.period >= param("since")) & (row.period < param("until")))
            .order_by(row.period, row.figure)
        )
        old = row.select(row.period, row.figure).where(row.period < param("before")).order_by(row.period, row.figure)
        self._sweep = statement(row.delete().where(Tuple(row.period, row.figure).in_(old.limit(param("limit")))))

    def add(self, period: Timestamp, figure: Figure, count: int) -> None:
        self._add.run(period=period, figure=figure.value, number=count)

    def mark_active(self, user_ids: Collection[int], hour: Timestamp, day: Timestamp) -> tuple[int, int]:
        ids = orjson.dumps(sorted(set(user_ids))).decode()
        in_hour = self._mark_hour.run(ids=ids, hour=hour, earliest=0)
        return in_hour, self._mark_day.run(ids=ids, day=day, latest=day + DAY)

    def between(self, since: Timestamp, until: Timestamp) -> Sequence[FigureCount]:
        return COUNTS.all(self._between.rows(since=since, until=until))

    def erase(self, user_id: int) -> None:
        self._erase.run(user_id=user_id)

    def sweep(self, before: Timestamp, limit: int) -> int:
        return self._sweep.run(before=before, limit=limit)

"""Marks of the sessions that were opened in the administration, in the database."""

from peewee import Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import AdministrationSessionRow, SessionRow
from minichat.domain.model import Timestamp


class PeeweeAdministrationSessionStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        mark, session = AdministrationSessionRow, SessionRow
        self._mark = statement(
            mark.insert(params(("session_id", "is_proved"))).on_conflict(
                conflict_target=[mark.session_id], update={mark.is_proved: param("is_proved")}
            )
        )
        self._is_proved = statement(
            mark.select(mark.session_id).where((mark.session_id == param("session_id")) & mark.is_proved)
        )
        proved_there = (
            session.select(session.id)
            .join(mark, on=(mark.session_id == session.id))
            .where((session.user_id == param("user_id")) & (session.network == param("network")) & mark.is_proved)
            .limit(1)
        )
        self._is_known = statement(proved_there)
        self._is_known_device = statement(proved_there.where(session.user_agent == param("user_agent")))
        is_theirs = (session.user_id == param("user_id")) & session.ended_at.is_null() & (session.id != param("but"))
        self._end_all = statement(
            session.update(ended_at=param("at")).where(is_theirs & session.id.in_(mark.select(mark.session_id)))
        )

    def mark(self, session_id: int, *, is_proved: bool) -> None:
        self._mark.run(session_id=session_id, is_proved=is_proved)

    def is_proved(self, session_id: int) -> bool:
        return self._is_proved.one(session_id=session_id) is not None

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        if user_agent is None:
            return self._is_known.one(user_id=user_id, network=network) is not None
        return self._is_known_device.one(user_id=user_id, network=network, user_agent=user_agent) is not None

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        return self._end_all.run(user_id=user_id, at=at, but=but or 0)

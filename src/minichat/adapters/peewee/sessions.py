"""Sessions and their chains of refresh tokens in the database."""

from peewee import Node

from minichat.adapters.peewee.database import Sqlite
from minichat.adapters.peewee.statements import Statement, param
from minichat.adapters.peewee.tables import RefreshTokenRow, SessionRow, UserRow
from minichat.adapters.peewee.users import COLUMNS as USER_COLUMNS
from minichat.adapters.peewee.users import user_of
from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp

_COLUMNS = (
    SessionRow.id,
    SessionRow.user_id,
    SessionRow.created_at,
    SessionRow.last_used_at,
    SessionRow.expires_at,
    SessionRow.user_agent,
    SessionRow.ip,
    SessionRow.ended_at,
)


class PeeweeSessions:
    def __init__(self, database: Sqlite) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        session, token = SessionRow, RefreshTokenRow
        self._open = statement(
            session.insert(
                user_id=param("user_id"),
                created_at=param("at"),
                last_used_at=param("at"),
                expires_at=param("expires_at"),
                user_agent=param("user_agent"),
                ip=param("ip"),
            ).returning(*_COLUMNS)
        )
        self._caller = statement(
            session.select(*_COLUMNS, *USER_COLUMNS)
            .join(UserRow, on=(UserRow.id == session.user_id))
            .where(session.id == param("id"))
        )
        self._used = statement(session.update(last_used_at=param("at")).where(session.id == param("id")))
        is_open = session.ended_at.is_null()
        self._end = statement(session.update(ended_at=param("at")).where((session.id == param("id")) & is_open))
        self._end_others = statement(
            session.update(ended_at=param("at")).where(
                (session.user_id == param("user_id")) & (session.id != param("keep")) & is_open
            )
        )
        self._add_token = statement(
            token.insert(
                jti_hash=param("jti_hash"),
                session_id=param("session_id"),
                issued_at=param("issued_at"),
                expires_at=param("expires_at"),
            )
        )
        self._token = statement(
            token.select(token.jti_hash, token.session_id, token.issued_at, token.expires_at, token.used_at).where(
                token.jti_hash == param("jti_hash")
            )
        )
        self._claim_token = statement(
            token.update(used_at=param("at")).where((token.jti_hash == param("jti_hash")) & token.used_at.is_null())
        )
        self._drop_tokens = statement(token.delete().where(token.session_id == param("session_id")))

    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session:
        row = self._open.one(user_id=user_id, at=at, expires_at=expires_at, user_agent=device.user_agent, ip=device.ip)
        assert row is not None
        return Session(*row)

    def caller(self, session_id: int) -> Caller | None:
        row = self._caller.one(id=session_id)
        return None if row is None else Caller(user_of(row[len(_COLUMNS) :]), Session(*row[: len(_COLUMNS)]))

    def used(self, session_id: int, at: Timestamp) -> None:
        self._used.run(id=session_id, at=at)

    def end(self, session_id: int, at: Timestamp) -> None:
        self._end.run(id=session_id, at=at)

    def end_others(self, user_id: int, keep: int, at: Timestamp) -> None:
        self._end_others.run(user_id=user_id, keep=keep, at=at)

    def add_token(self, token: RefreshToken) -> None:
        self._add_token.run(
            jti_hash=token.jti_hash,
            session_id=token.session_id,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
        )

    def token(self, jti_hash: str) -> RefreshToken | None:
        row = self._token.one(jti_hash=jti_hash)
        return None if row is None else RefreshToken(*row)

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        return self._claim_token.run(jti_hash=jti_hash, at=at) == 1

    def drop_tokens(self, session_id: int) -> None:
        self._drop_tokens.run(session_id=session_id)

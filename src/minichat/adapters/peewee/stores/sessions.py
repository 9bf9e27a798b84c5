"""Sessions and their chains of refresh tokens in the database."""

from collections.abc import Collection, Sequence

import orjson
from peewee import Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.locks import Locks
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.stores.users import COLUMNS as USER_COLUMNS
from minichat.adapters.peewee.stores.users import user_of
from minichat.adapters.peewee.tables import RefreshTokenRow, SessionRow, UserRow
from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp
from minichat.domain.paging import Window

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


class PeeweeSessionStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        self._locks = Locks(database)
        session, token = SessionRow, RefreshTokenRow
        self._open = statement(
            session.insert(
                user_id=param("user_id"),
                created_at=param("at"),
                last_used_at=param("at"),
                expires_at=param("expires_at"),
                user_agent=param("user_agent"),
                ip=param("ip"),
                network=param("network"),
            ).returning(*_COLUMNS)
        )
        self._caller = statement(
            session.select(*_COLUMNS, *USER_COLUMNS)
            .join(UserRow, on=(UserRow.id == session.user_id))
            .where(session.id == param("id"))
        )
        self._live_among = statement(
            session.select(session.id)
            .join(UserRow, on=(UserRow.id == session.user_id))
            .where(
                session.id.in_(database.dialect.each_of("ids"))
                & session.ended_at.is_null()
                & (session.expires_at > param("at"))
                & UserRow.is_active
            )
        )
        self._used = statement(session.update(last_used_at=param("at")).where(session.id == param("id")))
        is_open = session.ended_at.is_null()
        live = session.select(*_COLUMNS).where(
            (session.user_id == param("user_id")) & is_open & (session.expires_at > param("at"))
        )
        newest, limit = session.id.desc(), param("limit")
        self._live_first = statement(live.order_by(newest).limit(limit))
        self._live_after = statement(live.where(session.id < param("key")).order_by(newest).limit(limit))
        self._live_before = statement(live.where(session.id > param("key")).order_by(session.id).limit(limit))
        self._of = statement(
            session.select(*_COLUMNS).where((session.id == param("id")) & (session.user_id == param("user_id")))
        )
        from_there = (
            session.select(session.id)
            .where((session.user_id == param("user_id")) & (session.network == param("network")))
            .limit(1)
        )
        self._is_known = statement(from_there)
        self._is_known_device = statement(from_there.where(session.user_agent == param("user_agent")))
        self._end = statement(session.update(ended_at=param("at")).where((session.id == param("id")) & is_open))
        self._end_all = statement(
            session.update(ended_at=param("at")).where(
                (session.user_id == param("user_id")) & (session.id != param("but")) & is_open
            )
        )
        theirs = session.user_id == param("user_id")
        self._forget = statement(
            session.update(ended_at=fn.COALESCE(session.ended_at, param("at")), user_agent="", ip="", network="").where(
                theirs
            )
        )
        self._forget_tokens = statement(
            token.delete().where(token.session_id.in_(session.select(session.id).where(theirs)))
        )
        self._all_of = statement(
            session.select(*_COLUMNS).where(theirs & (session.id > param("after"))).order_by(session.id).limit(limit)
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
        expired = token.select(token.jti_hash).where(token.expires_at <= param("at"))
        self._sweep_tokens = statement(
            token.delete().where(token.jti_hash.in_(expired.order_by(token.expires_at).limit(limit)))
        )
        over_at = fn.COALESCE(session.ended_at, session.expires_at)
        self._over = statement(session.select(session.id).where(over_at <= param("at")).order_by(over_at).limit(limit))
        left = token.select(token.jti_hash).where(token.session_id.in_(database.dialect.each_of("ids"))).limit(limit)
        self._sweep_tokens_of = statement(token.delete().where(token.jti_hash.in_(left)))
        self._sweep = statement(session.delete().where(session.id.in_(database.dialect.each_of("ids"))))

    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session:
        row = self._open.one(
            user_id=user_id,
            at=at,
            expires_at=expires_at,
            user_agent=device.user_agent,
            ip=device.ip,
            network=device.network,
        )
        assert row is not None
        return Session(*row)

    def caller(self, session_id: int) -> Caller | None:
        self._locks.account_of(session_id)
        row = self._caller.one(id=session_id)
        return None if row is None else Caller(user_of(row[len(_COLUMNS) :]), Session(*row[: len(_COLUMNS)]))

    def of(self, user_id: int, session_id: int) -> Session | None:
        row = self._of.one(user_id=user_id, id=session_id)
        return None if row is None else Session(*row)

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        given = {"user_id": user_id, "at": at, "limit": window.limit + 1}
        if window.before is not None:
            rows = self._live_before.rows(key=window.before[0], **given)[::-1]
        elif window.after is not None:
            rows = self._live_after.rows(key=window.after[0], **given)
        else:
            rows = self._live_first.rows(**given)
        return [Session(*row) for row in rows]

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        if user_agent is None:
            return self._is_known.one(user_id=user_id, network=network) is not None
        return self._is_known_device.one(user_id=user_id, network=network, user_agent=user_agent) is not None

    def used(self, session_id: int, at: Timestamp) -> None:
        self._used.run(id=session_id, at=at)

    def end(self, session_id: int, at: Timestamp) -> bool:
        return self._end.run(id=session_id, at=at) == 1

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        return self._end_all.run(user_id=user_id, but=but or 0, at=at)

    def erase(self, user_id: int, at: Timestamp) -> None:
        self._forget.run(user_id=user_id, at=at)
        self._forget_tokens.run(user_id=user_id)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        return [Session(*row) for row in self._all_of.rows(user_id=user_id, after=after, limit=limit)]

    def live_among(self, session_ids: Collection[int], at: Timestamp) -> Collection[int]:
        ids = orjson.dumps(list(session_ids)).decode()
        return {session_id for (session_id,) in self._live_among.rows(ids=ids, at=at)}

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

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        return self._sweep_tokens.run(at=at, limit=limit)

    def sweep(self, before: Timestamp, limit: int) -> int:
        over = orjson.dumps([row[0] for row in self._over.rows(at=before, limit=limit)]).decode()
        tokens = self._sweep_tokens_of.run(ids=over, limit=limit)
        return tokens if tokens == limit else tokens + self._sweep.run(ids=over)

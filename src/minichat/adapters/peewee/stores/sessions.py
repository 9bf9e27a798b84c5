"""Sessions and their chains of refresh tokens in the database."""

from collections.abc import Collection, Sequence

import orjson
from peewee import Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.stores.companions import USERS
from minichat.adapters.peewee.tables import RefreshTokenRow, SessionRow, UserRow
from minichat.domain.model import MAX_ID, Caller, Device, RefreshToken, Session, Timestamp
from minichat.domain.paging import Window

SESSIONS = Mapper(Session, SessionRow)
REFRESH_TOKENS = Mapper(RefreshToken, RefreshTokenRow)

# Joined rows: the columns of the session, then those of its user.
_USER = USERS.after(SESSIONS)


class PeeweeSessionStore:
    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        self._prepare_sessions()
        self._prepare_lists()
        self._prepare_ends()
        self._prepare_tokens()
        self._prepare_sweep()

    def _statement(self, query: Node) -> Statement:
        return Statement(self._database, query)

    # One session

    def _prepare_sessions(self) -> None:
        session, this_one = SessionRow, SessionRow.id == param("id")
        given = params(("user_id", "expires_at", "user_agent", "ip", "network"))
        self._open = self._statement(
            session.insert(created_at=param("at"), last_used_at=param("at"), **given).returning(*SESSIONS.columns)
        )
        self._caller = self._statement(
            session.select(*SESSIONS.columns, *USERS.columns)
            .join(UserRow, on=(UserRow.id == session.user_id))
            .where(this_one)
        )
        self._of = self._statement(
            session.select(*SESSIONS.columns).where(this_one & (session.user_id == param("user_id")))
        )
        self._used = self._statement(session.update(last_used_at=param("at")).where(this_one))
        self._expire = self._statement(session.update(expires_at=param("at")).where(this_one))
        is_from_network = (session.user_id == param("user_id")) & (session.network == param("network"))
        from_network = session.select(session.id).where(is_from_network).limit(1)
        self._is_known = self._statement(from_network)
        self._is_known_device = self._statement(from_network.where(session.user_agent == param("user_agent")))

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
        return SESSIONS.of(row)

    def caller(self, session_id: int) -> Caller | None:
        row = self._caller.one(id=session_id)
        return None if row is None else Caller(_USER.of(row), SESSIONS.of(row))

    def of(self, user_id: int, session_id: int) -> Session | None:
        row = self._of.one(user_id=user_id, id=session_id)
        return None if row is None else SESSIONS.of(row)

    def used(self, session_id: int, at: Timestamp) -> None:
        self._used.run(id=session_id, at=at)

    def expire(self, session_id: int, at: Timestamp) -> None:
        self._expire.run(id=session_id, at=at)

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        if user_agent is None:
            return self._is_known.one(user_id=user_id, network=network) is not None
        return self._is_known_device.one(user_id=user_id, network=network, user_agent=user_agent) is not None

    # Lists

    def _prepare_lists(self) -> None:
        session = SessionRow
        of_user = session.select(*SESSIONS.columns).where(session.user_id == param("user_id"))
        is_live = session.ended_at.is_null() & (session.expires_at > param("at"))
        self._live_pages = KeysetPages(
            self._database, of_user.where(is_live), (session.id,), start=(MAX_ID,), newest_first=True
        )
        self._all_of = self._statement(
            of_user.where(session.id > param("after")).order_by(session.id).limit(param("limit"))
        )
        is_one_of = session.id.in_(self._database.dialect.each_of("ids"))
        self._live_among = self._statement(
            session.select(session.id)
            .join(UserRow, on=(UserRow.id == session.user_id))
            .where(is_one_of & is_live & UserRow.is_active)
        )

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        return SESSIONS.all(self._live_pages.rows(window, user_id=user_id, at=at))

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        return SESSIONS.all(self._all_of.rows(user_id=user_id, after=after, limit=limit))

    def live_among(self, session_ids: Collection[int], at: Timestamp) -> Collection[int]:
        ids = orjson.dumps(list(session_ids)).decode()
        return {session_id for (session_id,) in self._live_among.rows(ids=ids, at=at)}

    # The end of sessions

    def _prepare_ends(self) -> None:
        session, token = SessionRow, RefreshTokenRow
        is_open, of_user = session.ended_at.is_null(), session.user_id == param("user_id")
        end = session.update(ended_at=param("at"))
        self._end = self._statement(end.where((session.id == param("id")) & is_open))
        self._end_all = self._statement(end.where(of_user & (session.id != param("but")) & is_open))
        self._erase = self._statement(
            session.update(ended_at=fn.COALESCE(session.ended_at, param("at")), user_agent="", ip="", network="").where(
                of_user
            )
        )
        self._erase_tokens = self._statement(
            token.delete().where(token.session_id.in_(session.select(session.id).where(of_user)))
        )

    def end(self, session_id: int, at: Timestamp) -> bool:
        return self._end.run(id=session_id, at=at) == 1

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        return self._end_all.run(user_id=user_id, but=but or 0, at=at)

    def erase(self, user_id: int, at: Timestamp) -> None:
        self._erase.run(user_id=user_id, at=at)
        self._erase_tokens.run(user_id=user_id)

    # Refresh tokens

    def _prepare_tokens(self) -> None:
        token, this_one = RefreshTokenRow, RefreshTokenRow.jti_hash == param("jti_hash")
        self._add_token = self._statement(token.insert(params(RefreshToken._fields)))
        self._token = self._statement(token.select(*REFRESH_TOKENS.columns).where(this_one))
        self._claim_token = self._statement(token.update(used_at=param("at")).where(this_one & token.used_at.is_null()))
        self._drop_tokens = self._statement(token.delete().where(token.session_id == param("session_id")))

    def add_token(self, token: RefreshToken) -> None:
        self._add_token.run(**token._asdict())

    def token(self, jti_hash: str) -> RefreshToken | None:
        row = self._token.one(jti_hash=jti_hash)
        return None if row is None else REFRESH_TOKENS.of(row)

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        return self._claim_token.run(jti_hash=jti_hash, at=at) == 1

    def drop_tokens(self, session_id: int) -> None:
        self._drop_tokens.run(session_id=session_id)

    # Sweeping

    def _prepare_sweep(self) -> None:
        session, token, limit = SessionRow, RefreshTokenRow, param("limit")
        each_of = self._database.dialect.each_of
        expired = token.select(token.jti_hash).where(token.expires_at <= param("at"))
        self._sweep_tokens = self._statement(
            token.delete().where(token.jti_hash.in_(expired.order_by(token.expires_at).limit(limit)))
        )
        over_at = fn.COALESCE(session.ended_at, session.expires_at)
        self._over = self._statement(
            session.select(session.id).where(over_at <= param("at")).order_by(over_at).limit(limit)
        )
        left = token.select(token.jti_hash).where(token.session_id.in_(each_of("ids"))).limit(limit)
        self._sweep_tokens_of = self._statement(token.delete().where(token.jti_hash.in_(left)))
        self._sweep = self._statement(session.delete().where(session.id.in_(each_of("ids"))))

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        return self._sweep_tokens.run(at=at, limit=limit)

    def sweep(self, before: Timestamp, limit: int) -> int:
        over = orjson.dumps([row[0] for row in self._over.rows(at=before, limit=limit)]).decode()
        tokens = self._sweep_tokens_of.run(ids=over, limit=limit)
        return tokens if tokens == limit else tokens + self._sweep.run(ids=over)

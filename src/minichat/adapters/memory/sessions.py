"""Sessions and their refresh tokens in memory: see `domain.ports.sessions`."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp
from minichat.domain.paging import Window

K = TypeVar("K")


class MemorySessionStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        session = Session(
            id=tables.next_id("sessions"),
            user_id=user_id,
            created_at=at,
            last_used_at=at,
            expires_at=expires_at,
            user_agent=device.user_agent,
            ip=device.ip,
        )
        tables.sessions[session.id] = session
        return session

    def caller(self, session_id: int) -> Caller | None:
        tables = self._store.tables
        session = tables.sessions.get(session_id)
        if session is not None:
            self._store.locks.check_account(session.user_id)
        return None if session is None else Caller(tables.users[session.user_id], session)

    def of(self, user_id: int, session_id: int) -> Session | None:
        session = self._store.tables.sessions.get(session_id)
        return session if session is not None and session.user_id == user_id else None

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        theirs = (session for session in self._store.tables.sessions.values() if session.user_id == user_id)
        live = [session for session in theirs if session.is_live(at)]
        return in_window(live, window, lambda session: (session.id,), newest_first=True)

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        return any(
            one.user_id == user_id and Device(ip=one.ip).network == network and user_agent in {None, one.user_agent}
            for one in self._store.tables.sessions.values()
        )

    def used(self, session_id: int, at: Timestamp) -> None:
        sessions = self._writable(session_id)
        if session_id in sessions:
            sessions[session_id] = sessions[session_id]._replace(last_used_at=at)

    def expire(self, session_id: int, at: Timestamp) -> None:
        sessions = self._writable(session_id)
        if session_id in sessions:
            sessions[session_id] = sessions[session_id]._replace(expires_at=at)

    def end(self, session_id: int, at: Timestamp) -> bool:
        sessions = self._writable(session_id)
        is_open = session_id in sessions and sessions[session_id].ended_at is None
        if is_open:
            sessions[session_id] = sessions[session_id]._replace(ended_at=at)
        return is_open

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        self._store.locks.check_account(user_id)
        theirs = [session.id for session in self._store.writable.sessions.values() if session.user_id == user_id]
        return sum(self.end(session_id, at) for session_id in theirs if session_id != but)

    def erase(self, user_id: int, at: Timestamp) -> None:
        self.end_all(user_id, at)
        sessions = self._store.writable.sessions
        for session in sessions.values():
            if session.user_id == user_id:
                sessions[session.id] = session._replace(user_agent="", ip="")
                self.drop_tokens(session.id)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        sessions = self._store.tables.sessions.values()
        return [session for session in sessions if session.user_id == user_id and session.id > after][:limit]

    def live_among(self, session_ids: Collection[int], at: Timestamp) -> Collection[int]:
        found = (self.caller(session_id) for session_id in session_ids)
        return {one.session.id for one in found if one and one.is_live(at)}

    def add_token(self, token: RefreshToken) -> None:
        self._writable(token.session_id)
        self._store.writable.tokens[token.jti_hash] = token

    def token(self, jti_hash: str) -> RefreshToken | None:
        return self._store.tables.tokens.get(jti_hash)

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        tokens = self._store.writable.tokens
        token = tokens.get(jti_hash)
        if token is not None:
            self._writable(token.session_id)
        if token is None or token.used_at is not None:
            return False
        tokens[jti_hash] = token._replace(used_at=at)
        return True

    def drop_tokens(self, session_id: int) -> None:
        self._writable(session_id)
        tables = self._store.writable
        tables.tokens = {key: token for key, token in tables.tokens.items() if token.session_id != session_id}

    def _writable(self, session_id: int) -> dict[int, Session]:
        """Return the table of sessions, to change this one. Raises RuntimeError without the lock of its account."""
        sessions = self._store.writable.sessions
        if session_id in sessions:
            self._store.locks.check_account(sessions[session_id].user_id)
        return sessions

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        tokens = self._store.writable.tokens
        return _drop(tokens, [key for key, token in tokens.items() if token.expires_at <= at][:limit])

    def sweep(self, before: Timestamp, limit: int) -> int:
        tables = self._store.writable
        over = [one.id for one in tables.sessions.values() if _over_at(one) <= before][:limit]
        left = [key for key, token in tables.tokens.items() if token.session_id in over][:limit]
        dropped = _drop(tables.tokens, left)
        tables.tickets = {key: ticket for key, ticket in tables.tickets.items() if ticket.session_id not in over}
        if dropped == limit:
            return dropped
        marks = tables.administration_sessions
        tables.administration_sessions = {id_: mark for id_, mark in marks.items() if id_ not in over}
        tables.room_openings = {key: one for key, one in tables.room_openings.items() if one.session_id not in over}
        return dropped + _drop(tables.sessions, over)


def _over_at(session: Session) -> Timestamp:
    return session.expires_at if session.ended_at is None else session.ended_at


def _drop(table: dict[K, Any], keys: Sequence[K]) -> int:
    for key in keys:
        del table[key]
    return len(keys)

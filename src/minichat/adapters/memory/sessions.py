"""Sessions and their refresh tokens in memory: see `domain.ports.Sessions`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp


class MemorySessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session:
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
        return None if session is None else Caller(tables.users[session.user_id], session)

    def used(self, session_id: int, at: Timestamp) -> None:
        sessions = self._store.writable.sessions
        if session_id in sessions:
            sessions[session_id] = sessions[session_id]._replace(last_used_at=at)

    def end(self, session_id: int, at: Timestamp) -> None:
        sessions = self._store.writable.sessions
        if session_id in sessions and sessions[session_id].ended_at is None:
            sessions[session_id] = sessions[session_id]._replace(ended_at=at)

    def end_others(self, user_id: int, keep: int, at: Timestamp) -> None:
        for session in list(self._store.writable.sessions.values()):
            if session.user_id == user_id and session.id != keep:
                self.end(session.id, at)

    def add_token(self, token: RefreshToken) -> None:
        self._store.writable.tokens[token.jti_hash] = token

    def token(self, jti_hash: str) -> RefreshToken | None:
        return self._store.tables.tokens.get(jti_hash)

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        tokens = self._store.writable.tokens
        token = tokens.get(jti_hash)
        if token is None or token.used_at is not None:
            return False
        tokens[jti_hash] = token._replace(used_at=at)
        return True

    def drop_tokens(self, session_id: int) -> None:
        tables = self._store.writable
        tables.tokens = {key: token for key, token in tables.tokens.items() if token.session_id != session_id}

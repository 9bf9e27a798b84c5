"""Marks of the administration's sessions in memory: see `domain.ports.administration_sessions`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import Device, Timestamp


class MemoryAdministrationSessionStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mark(self, session_id: int, *, is_proved: bool) -> None:
        tables = self._store.writable
        self._store.locks.check_account(tables.sessions[session_id].user_id)
        tables.administration_sessions[session_id] = is_proved

    def is_proved(self, session_id: int) -> bool:
        return self._store.tables.administration_sessions.get(session_id, False)

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        tables = self._store.tables
        proved = (tables.sessions.get(id_) for id_, is_proved in tables.administration_sessions.items() if is_proved)
        return any(
            one.user_id == user_id and Device(ip=one.ip).network == network and user_agent in {None, one.user_agent}
            for one in proved
            if one is not None
        )

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        ended = 0
        for session_id in tables.administration_sessions:
            session = tables.sessions.get(session_id)
            if session is None or session.user_id != user_id or session_id == but or session.ended_at is not None:
                continue
            tables.sessions[session_id] = session._replace(ended_at=at)
            ended += 1
        return ended

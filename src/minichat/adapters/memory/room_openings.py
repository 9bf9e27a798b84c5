"""Opened rooms in memory: see `domain.ports.room_openings`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import RoomOpening


class MemoryRoomOpeningStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, opening: RoomOpening) -> None:
        self._check(opening.session_id)
        self._store.locks.check_room(opening.room_id)
        self._store.writable.room_openings[opening.session_id, opening.room_id] = opening

    def get(self, session_id: int, room_id: int) -> RoomOpening | None:
        return self._store.tables.room_openings.get((session_id, room_id))

    def remove(self, session_id: int, room_id: int) -> bool:
        self._check(session_id)
        return self._store.writable.room_openings.pop((session_id, room_id), None) is not None

    def _check(self, session_id: int) -> None:
        session = self._store.tables.sessions.get(session_id)
        if session is not None:
            self._store.locks.check_account(session.user_id)

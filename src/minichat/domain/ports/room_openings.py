"""Rooms that administrators have opened to read their messages."""

from typing import Protocol

from minichat.domain.model import RoomOpening


class RoomOpeningStore(Protocol):
    """The openings of rooms, at most one for a session and a room.

    A call that changes one needs the lock of the session's account and, to add one, that of the room. An opening is
    deleted with its session or its room.
    """

    def put(self, opening: RoomOpening) -> None:
        """Add an opening in place of the earlier one of the same session and room."""

    def get(self, session_id: int, room_id: int) -> RoomOpening | None: ...

    def remove(self, session_id: int, room_id: int) -> bool:
        """Remove the opening; False if there is none."""

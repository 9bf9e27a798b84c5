"""Finding a room by its id, for callers that are in no room: administrators and the server itself.

This module knows no membership. `room_access` decides for users.
"""

from minichat.domain.errors import RoomNotFound
from minichat.domain.model import Room, RoomKind
from minichat.domain.ports import RoomStore

_NOBODY = 0
"""The id of no user."""


def find_room(room_store: RoomStore, room_id: int) -> Room | None:
    """Return the room, or None if there is none. Inside a transaction, this needs the room's lock."""
    found = room_store.access(room_id, _NOBODY)
    return None if found is None else found[0]


def existing_group(room_store: RoomStore, room_id: int) -> Room:
    """Return the group. Raises RoomNotFound, also for a direct chat, which administrators can't open."""
    room = find_room(room_store, room_id)
    if room is None or room.kind == RoomKind.DIRECT:
        raise RoomNotFound
    return room
